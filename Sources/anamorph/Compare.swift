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
      HDF5 file, .npy, or .mat of either kind. Files with several layers ('features --at a,b') are \
      compared layer by layer, each with each, by --layers: debiased linear CKA in one pass.

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

  @Option(help: "How many blocks of examples the jackknife leaves out in turn.")
  var blocks = 20

  @Flag(
    help: "Write the change along each principal direction of the first set too; needs -o.")
  var directions = false

  @Flag(
    help: "Compare every layer of the first file with every layer of the second by debiased CKA.")
  var layers = false

  @Option(help: "Write the sums as a file that 'anamorph merge' adds to others.")
  var moments: String?

  @Option(name: [.short, .customLong("output")], help: "The run directory to write.")
  var output: String?

  @OptionGroup var measuring: MeasuringOptions

  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard !directions || output != nil else {
      throw ValidationError("--directions are a table in a run directory: name it with -o.")
    }
    guard !layers || (!directions && moments == nil && !columnsAreExamples && labels == nil) else {
      throw ValidationError(
        "--layers goes without --directions, --moments, --labels and --columns-are-examples.")
    }
    guard (2...1000).contains(blocks) else { throw ValidationError("Give 2 to 1000 blocks.") }
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
      if layers { return try compareLayers() }
      if let moments { try checkWritable(moments) }
      let (first, second) = (try open(before, labels: labels), try open(after, labels: nil))
      let pair = try FeatureSetPair(
        first.features, second.features, byRow: byRow,
        groups: try groups.map { try ExampleGroups.read($0, for: before) },
        identifierPrefix: identifierPrefix)
      var gathering = PairedFeatures.Settings()
      gathering.blocks = blocks
      let progress = Progress("compare", total: pair.count, unit: "examples", isQuiet: quiet)
      Memory.keepSmall()
      // Given up by the last who needs them, for those of wide features are large.
      var gathered: PairedFeatures? = try naming("\(before), \(after)") {
        try pair.features(settings: gathering) { progress.advance(by: $0) }
      }
      progress.finish()
      Memory.giveBack()
      if let moments, let features = gathered {
        let origin = MomentsFile.Origin(
          digestBefore: first.provenance.checkpointDigest,
          digestAfter: second.provenance.checkpointDigest, tapBefore: first.provenance.tap,
          tapAfter: second.provenance.tap)
        try MomentsFile(features, origin: origin).write(to: moments, version: Anamorph.version)
      }
      try withRunDirectory(at: output) { run in
        var tables: [Table] = []
        if let features = gathered {
          tables.append(
            try measuring.measure(
              features, try chosenMeasures(), title: "\(before), \(after)", pair: ""))
        }
        if directions {
          let ledger = try naming("\(before), \(after)") { () throws -> DirectionIntervals? in
            guard let features = gathered.take() else { return nil }
            return try DirectionIntervals(principalOf: consume features)
          }
          if let ledger { tables.append(Table.directions(ledger)) }
        }
        try run?.write(tables)
        try run?.write(record: record(examples: pair.count))
      }
    }
  }

  /// Each layer of one file with each of the other.
  private func compareLayers() throws {
    let comparison = try LayerComparison(
      before: try LayerComparison.layers(of: before), after: try LayerComparison.layers(of: after),
      byRow: byRow, groups: try groups.map { try ExampleGroups.read($0, for: before) },
      identifierPrefix: identifierPrefix)
    let progress = Progress("compare", total: comparison.count, unit: "examples", isQuiet: quiet)
    let alignment = try naming("\(before), \(after)") {
      try comparison.alignment(blocks: blocks) { progress.advance(by: $0) }
    }
    progress.finish()
    let table = comparison.table(alignment)
    try withRunDirectory(at: output) { run in
      switch measuring.format {
      case .csv: try StandardOutput.write(table.csv)
      case .json: try StandardOutput.write(table.json.rendered() + "\n")
      case .text:
        let parts = alignment.minibatches == 1 ? "" : " in \(alignment.minibatches) minibatches"
        try StandardOutput.write(
          "\(before) (rows) and \(after) (columns), \(alignment.count) examples\(parts): debiased "
            + "linear CKA\n\n" + comparison.matrix(alignment).text(style: Style.standardOutput()))
      }
      try run?.write([table])
      try run?.write(
        record: [
          "command": "compare", "version": .text(Anamorph.version), "before": .text(before),
          "after": .text(after), "examples": .integer(alignment.count), "blocks": .integer(blocks),
          "layers": .bool(true),
        ])
    }
  }

  /// A set with where it comes from.
  private func open(
    _ name: String, labels: String?
  ) throws -> (features: ExampleSet, provenance: FeatureProvenance) {
    let file = try FeatureFile.open(name, labels: columnsAreExamples ? nil : labels)
    return (columnsAreExamples ? try file.features.transposed() : file.features, file.provenance)
  }

  private func record(examples: Int) -> JSONText {
    [
      "command": "compare", "version": .text(Anamorph.version), "before": .text(before),
      "after": .text(after), "examples": .integer(examples),
      "seed": .integer(measuring.seed), "blocks": .integer(blocks),
      "draws": .integer(measuring.draws), "measures": .text(measures),
    ]
  }
}
