import ArgumentParser
import Checkpoints
import Datasets
import Files
import Geometry
import Hypothesis
import Reports

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how alike two feature sets of the same examples are.",
    discussion: """
      Every number comes with its interval over examples and with what it would be for sets without \
      relation. Rows are matched by example ID. A set is FILE or FILE::/path: a feature file, another \
      HDF5 file, .npy, or .mat of either kind. Files with several arrays of features are compared \
      array by array, or each with each by --layers.

      Measures are chosen by name or by group: \
      \(SimilarityMeasure.Family.allCases.map(\.rawValue).joined(separator: ", ")), all. \
      Documentation/measures explains each.

      Exit status: 0, or 2 when something could not be read, computed or written.
      """)

  @Argument(help: "The first set, 'before'.")
  var before: String

  @Argument(help: "The second set, 'after'.")
  var after: String

  @Option(
    help: ArgumentHelp(
      "Measures or groups of measures, separated by commas.", valueName: "names"))
  var measures = "cka,cca,regression,procrustes,angles,neighbours,rsa,displacement,rank"

  @Flag(name: .customLong("by-row"), help: "Take row i of both sets as the same example.")
  var byRow = false

  @Flag(
    name: .customLong("columns-are-examples"), help: "The arrays are features × examples.")
  var columnsAreExamples = false

  @Option(help: "Labels of the examples, when they are not beside them: FILE or FILE::/path.")
  var labels: String?

  @Option(
    help: "Groups of examples that belong together (frames of a video), FILE or FILE::/path.")
  var groups: String?

  @Option(
    name: .customLong("id-prefix"), help: "Put before every example's ID; for parts of a set.")
  var identifierPrefix = ""

  @Option(
    name: .customLong("head-before"),
    help: "The checkpoint whose head reads the first set: NC3, NC4.")
  var headBefore: String?

  @Option(name: .customLong("head-after"), help: "The checkpoint whose head reads the second set.")
  var headAfter: String?

  @Option(help: "How many blocks of examples the jackknife leaves out in turn.")
  var blocks = 20

  @Option(help: "How many random pairings or rotations a null draws.")
  var draws = 100

  @Option(help: "On how many examples measures are taken that look at all pairs of them.")
  var sample = 1024

  @Option(help: "The seed of the nulls.")
  var seed = 0

  @Option(help: "Write the sums as a file that 'anamorph merge' adds to others.")
  var moments: String?

  @Option(name: [.short, .customLong("output")], help: "The run directory to write.")
  var output: String?

  @Option(help: "text for people; csv with a measurement per row; json with everything.")
  var format = OutputFormat.text

  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard (2...1000).contains(blocks) else { throw ValidationError("Give 2 to 1000 blocks.") }
    guard draws >= 0, seed >= 0, sample >= 4 else {
      throw ValidationError("--draws and --seed are zero or more, --sample at least 4.")
    }
    _ = try chosenMeasures()
  }

  /// The measures that were asked for, in the order of the documentation.
  private func chosenMeasures() throws -> [SimilarityMeasure] {
    try Self.measures(named: measures)
  }

  static func measures(named text: String) throws -> [SimilarityMeasure] {
    var chosen: Set<SimilarityMeasure> = []
    for part in text.split(separator: ",") {
      let name = String(part)
      if name == "all" {
        chosen.formUnion(SimilarityMeasure.allCases)
      } else if let family = SimilarityMeasure.Family(rawValue: name) {
        chosen.formUnion(SimilarityMeasure.allCases.filter { $0.family == family })
      } else if let measure = SimilarityMeasure(rawValue: name) {
        chosen.insert(measure)
      } else {
        let all =
          SimilarityMeasure.Family.allCases.map(\.rawValue)
          + SimilarityMeasure.allCases.map(\.rawValue)
        throw ValidationError(
          "There is no measure '\(name)'; there are \(all.joined(separator: ", ")).")
      }
    }
    guard !chosen.isEmpty else { throw ValidationError("Name at least one measure.") }
    return SimilarityMeasure.allCases.filter(chosen.contains)
  }

  func run() throws {
    try reporting {
      let pair = try openPair()
      var gathering = PairedFeatures.Settings()
      gathering.blocks = blocks
      let progress = Progress("compare", total: pair.count, unit: "examples", isQuiet: quiet)
      let features = try naming("\(before), \(after)") {
        try pair.features(settings: gathering) { progress.advance(by: $0) }
      }
      progress.finish()
      try measure(features, name: pair.name)
    }
  }

  private func openPair() throws -> FeatureSetPair {
    func open(_ name: String, labels: String?) throws -> ExampleSet {
      let set = try FeatureFile.open(name, labels: columnsAreExamples ? nil : labels).features
      return columnsAreExamples ? try set.transposed() : set
    }
    let first = try open(before, labels: labels)
    return try FeatureSetPair(
      first, try open(after, labels: nil), name: "", byRow: byRow,
      groups: try groups.map { try ExampleGroups.read($0, for: before) },
      identifierPrefix: identifierPrefix)
  }

  /// Takes the measures and prints and writes them.
  private func measure(_ features: PairedFeatures, name: String) throws {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = draws
    settings.seed = UInt64(seed)
    settings.quadraticRows = sample
    let results = try naming("\(before), \(after)") {
      try SimilarityAnalysis(features, settings: settings).results(for: try chosenMeasures())
    }
    var table = Table.similarities
    table.append(results, pair: name, widths: (features.beforeWidth, features.afterWidth))
    try withRunDirectory(at: output) { run in
      try run?.write([table])
      try run?.write(record: record(features))
    }
    switch format {
    case .csv: try StandardOutput.write(table.csv)
    case .json: try StandardOutput.write(table.json.rendered() + "\n")
    case .text:
      let style = Style.standardOutput()
      try StandardOutput.write(
        "\(before) (\(features.beforeWidth) features) against \(after) (\(features.afterWidth)), "
          + "\(features.count) examples\n\n"
          + SimilaritySummary.table(results).text(style: style))
    }
  }

  private func record(_ features: PairedFeatures) -> JSONText {
    [
      "command": "compare", "version": .text(Anamorph.version), "before": .text(before),
      "after": .text(after), "examples": .integer(features.count), "seed": .integer(seed),
      "blocks": .integer(blocks), "draws": .integer(draws), "measures": .text(measures),
    ]
  }
}
