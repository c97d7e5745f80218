import ArgumentParser
import Datasets
import Files
import Geometry
import Hypothesis
import Reports

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add up what 'compare --moments' kept of parts of a set.",
    discussion: """
      The measures of the sum are those of one pass over all parts, to rounding. Parts that share \
      examples or come from different checkpoints are refused.

      Exit status: 0, or 2 when something could not be read, added or written.
      """)

  @Argument(help: "Files that 'compare --moments' wrote.")
  var parts: [String]

  @Option(name: [.short, .customLong("output")], help: "The file to write.")
  var output: String?

  @Option(
    help: ArgumentHelp("Measures or groups of measures to print.", valueName: "names"))
  var measures = Compare.usualMeasures

  @OptionGroup var measuring: MeasuringOptions

  func validate() throws {
    guard !parts.isEmpty else { throw ValidationError("Name at least one part.") }
    _ = try Compare.measures(named: measures)
  }

  func run() throws {
    try reporting {
      if let output { try checkWritable(output) }
      var sum = try MomentsFile(readingAt: parts[0])
      for part in parts.dropFirst() {
        try sum.merge(try MomentsFile(readingAt: part), at: part)
      }
      if let output { try sum.write(to: output, version: Anamorph.version) }
      let title = parts.joined(separator: ", ")
      let results = try naming(title) {
        try measuring.measure(sum.features, Compare.measures(named: measures))
      }
      try measuring.show([
        .init(
          title: title, widths: (sum.features.beforeWidth, sum.features.afterWidth),
          count: sum.features.count, results: results)
      ])
    }
  }
}
