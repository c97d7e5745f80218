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
      HDF5 file, .npy, or .mat of either kind. Of files with several taps ('features --at a,b') every \
      tap in both is compared with itself; --layers compares each with each: debiased linear CKA in \
      one pass. Examples of one group, a list 'groups' beside the features, stay together in intervals.

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
      "Measures or groups of measures, separated by commas. (default: \(Compare.usualMeasures))",
      valueName: "names"))
  var measures: String?

  /// The measures that are taken when none are named: all that need no labels.
  static let usualMeasures = "cka,cca,regression,procrustes,angles,neighbours,rsa,displacement,rank"

  @Flag(name: .customLong("by-row"), help: "Take row i of both sets as the same example.")
  var byRow = false

  @Flag(
    name: .customLong("columns-are-examples"), help: "The arrays are features × examples.")
  var columnsAreExamples = false

  @Option(help: "Labels of the examples, when they are not beside them: FILE or FILE::/path.")
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "Groups of examples that belong together (frames of a video), when they are not the list 'groups' "
        + "beside the features: FILE or FILE::/path."))
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
    let isOther =
      directions || moments != nil || columnsAreExamples || labels != nil || measures != nil
      || measuring.isChosen
    guard !layers || !isOther else {
      throw ValidationError(
        "--layers is debiased CKA of all layers, and goes without --measures, --directions, --moments, "
          + "--labels, --columns-are-examples, --draws, --sample, --seed and heads.")
    }
    guard (2...1000).contains(blocks) else { throw ValidationError("Give 2 to 1000 blocks.") }
    _ = try chosenMeasures()
  }

  /// The measures that were asked for, in the order of the documentation.
  func chosenMeasures() throws -> [SimilarityMeasure] {
    try Self.measures(named: measures ?? Self.usualMeasures)
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
      if !columnsAreExamples,
        let taps = try MatchedTaps(before: before, after: after, labels: labels)
      {
        return try compareTaps(taps)
      }
      let (first, second) = (try open(before, labels: labels), try open(after, labels: nil))
      let pair = try self.pair(first.features, second.features)
      let progress = Progress("compare", total: pair.count, unit: "examples", isQuiet: quiet)
      Memory.keepSmall()
      // Given up by the last who needs them, for those of wide features are large.
      var gathered: PairedFeatures? = try telling(of: pair) {
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
          tables.append(try measuring.show([try part(features, of: pair)]))
        }
        if directions {
          let ledger = try telling(of: pair) { () throws -> DirectionIntervals? in
            guard let features = gathered.take() else { return nil }
            return try DirectionIntervals(principalOf: consume features)
          }
          if let ledger { tables.append(Table.directions(ledger)) }
        }
        try run?.write(tables)
        try run?.write(record: record(examples: pair.count, groups: pair.groups))
      }
    }
  }

  /// How features are gathered.
  var gathering: PairedFeatures.Settings {
    var settings = PairedFeatures.Settings()
    settings.blocks = blocks
    return settings
  }

  /// Two sets, matched as was asked.
  func pair(_ first: ExampleSet, _ second: ExampleSet) throws -> FeatureSetPair {
    try FeatureSetPair(
      first, second, byRow: byRow,
      groups: try groups.map { name throws(FileError) in
        try ExampleGroups.read(name, for: first)
      },
      identifierPrefix: identifierPrefix, labelsAreGiven: labels != nil)
  }

  /// The measures of gathered features.
  func part(
    _ features: PairedFeatures, of pair: FeatureSetPair, tap: String = ""
  ) throws -> MeasuringOptions.Part {
    let results = try telling(of: pair) {
      try measuring.measure(features, try chosenMeasures())
    }
    return MeasuringOptions.Part(
      tap: tap, title: tap.isEmpty ? "\(before), \(after)" : tap,
      groups: pair.groups.map { " in \($0.count) groups (\($0.source))" } ?? "",
      widths: (features.beforeWidth, features.afterWidth), count: features.count, results: results)
  }

  /// Runs `body`; errors of features are told of the file at fault, or else of both.
  func telling<R>(of pair: FeatureSetPair, _ body: () throws -> R) throws -> R {
    try naming("\(before), \(after)") {
      do {
        return try body()
      } catch let error as GeometryError {
        throw pair.told(error)
      }
    }
  }

  /// A set with where it comes from.
  private func open(
    _ name: String, labels: String?
  ) throws -> (features: ExampleSet, provenance: FeatureProvenance) {
    let file = try FeatureFile.open(name, labels: columnsAreExamples ? nil : labels)
    return (columnsAreExamples ? try file.features.transposed() : file.features, file.provenance)
  }

  func record(examples: Int, groups: ExampleGroups?, taps: [String] = []) -> JSONText {
    [
      "command": "compare", "version": .text(Anamorph.version), "before": .text(before),
      "after": .text(after), "examples": .integer(examples),
      "seed": .integer(measuring.seed), "blocks": .integer(blocks),
      "draws": .integer(measuring.draws), "measures": .text(measures ?? Self.usualMeasures),
      "groups": .text(groups?.source ?? ""), "taps": .array(taps.map { .text($0) }),
    ]
  }
}
