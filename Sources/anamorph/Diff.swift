import ArgumentParser
import Checkpoints
import Reports

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare the parameters of two checkpoints.",
    discussion: """
      Parameters are paired by layer, role, shape and model order, and every pair says how it was \
      found. Changes are from the first file to the second.

      Exit status: 0 when every parameter has a partner of the same shape and values, 1 when \
      something differs, 2 when a file cannot be read.
      """)

  @Argument(help: "The first checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var before: String

  @Argument(help: "The second checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var after: String

  @Option(help: "How much a value may change and still count as the same.")
  var tolerance = 0.0

  @Option(help: "text for people; csv with a row for each parameter; json with everything.")
  var format = OutputFormat.text

  func validate() throws {
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("A tolerance is zero or more.")
    }
  }

  func run() throws {
    try reporting {
      let (first, second) = try Checkpoint.open(before, after)
      let difference = try CheckpointDifference(from: first, to: second, tolerance: tolerance)
      let table = Self.table(difference)
      switch format {
      case .text:
        var text =
          Self.brief(table).text(style: .standardOutput()) + "\n" + oneLine(difference.summary)
          + "\n"
        if let norm = difference.relativeNorm, !difference.isSame {
          text += "All compared values together: ‖b − a‖ / ‖a‖ = \(NumberText.significant(norm)).\n"
        }
        text += Self.remarks(first) + Self.remarks(second)
        try StandardOutput.write(text)
      case .csv: try StandardOutput.write(table.csv)
      case .json:
        try StandardOutput.write(
          Self.json(first, second, difference, table).rendered() + "\n")
      }
      guard difference.isSame else { throw ExitCode(1) }
    }
  }

  /// What the values of a file must not be taken for.
  private static func remarks(_ checkpoint: Checkpoint) -> String {
    checkpoint.conversionNeeded.map {
      oneLine("note: \(checkpoint.path): compared as stored: \($0)") + "\n"
    }
      ?? ""
  }

  private static func json(
    _ first: Checkpoint, _ second: Checkpoint, _ difference: CheckpointDifference, _ table: Table
  ) -> JSONText {
    [
      "before": .text(first.path), "after": .text(second.path),
      "same": .bool(difference.isSame), "extent": .text(difference.extent.rawValue),
      "summary": .text(difference.summary), "tolerance": .number(difference.tolerance),
      "relative_norm": difference.relativeNorm.map(JSONText.number) ?? .null,
      "head": difference.head.map(JSONText.text) ?? .null,
      "paired": .integer(difference.pairs.count),
      "only_before": .integer(difference.onlyBefore.count),
      "only_after": .integer(difference.onlyAfter.count),
      "parameters": table.json,
    ]
  }
}
