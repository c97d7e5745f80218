import ArgumentParser
import Checkpoints
import Datasets
import Files
import Hypothesis
import Networks
import Reports

struct Distort: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distortion",
    abstract:
      "Say what changed between two checkpoints of one architecture, on ID and OOD examples.",
    discussion: """
      Splits the change of every layer's weights by the span of the layer's ID inputs, compares \
      features before and after on every set, re-fits heads where there are labels, and judges the \
      claims that a pair of checkpoints can bear on.

      Exit status: 0, or 2 when something could not be read, computed or written.
      """)

  @Option(help: "The pretrained checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var before: String

  @Option(help: "The fine-tuned checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var after: String

  @Option(help: "In-distribution examples, best those of fine-tuning: FILE or FILE::/path.")
  var id: String

  @Option(help: "Labels of the ID examples, when they are not beside them.")
  var idLabels: String?

  @Option(help: "Out-of-distribution examples; may be given several times.")
  var ood: [String]

  @Option(help: "Labels of the OOD examples, in the order of --ood; '-' for none.")
  var oodLabels: [String] = []

  @Option(
    help: ArgumentHelp(
      "Groups of ID examples that belong together (frames of a video), when they are not the list "
        + "'groups' beside them; intervals do not split them.", valueName: "set"))
  var idGroups: String?

  @Option(
    help: ArgumentHelp(
      "Groups of OOD examples, in the order of --ood; '-' for those beside them.",
      valueName: "set"))
  var oodGroups: [String] = []

  @Option(name: [.short, .customLong("output")], help: "The run directory to write.")
  var output: String?

  @Option(
    help: """
      A layer whose output is compared, instead of the input of the classifier head; may be given \
      several times, the first is judged.
      """)
  var at: [String] = []

  @Option(
    help: """
      The optimizer that led from before to after, when the checkpoint does not record it; 'sgd' is \
      gradient descent without weight decay.
      """)
  var optimizer: String?

  @Flag(
    help: """
      The networks' own heads choose among the classes that a set has, and not among all their \
      outputs: for sets with some of the classes of the task.
      """)
  var sharedClasses = false

  @Option(
    help: ArgumentHelp(
      "Numbers of leading directions that spans and angles are reported for, besides those that "
        + "rules choose.", valueName: "k,…"))
  var directions = "1,10"

  @Flag(
    name: .customLong("fold-bias"),
    help: "Take a layer's bias as a further coordinate of its inputs, which is 1.")
  var foldBias = false

  @Option(
    name: .customLong("sample-positions"),
    help: ArgumentHelp(
      "Look at so many random positions of each example in convolutions that have more, and say "
        + "what error that adds; the first layer's are all looked at.", valueName: "N"))
  var samplePositions: Int?

  @Flag(help: "Keep the sums over features in the run directory, for 'anamorph merge'; needs -o.")
  var moments = false

  @Option(help: "The seed of random rotations and of the order in which heads are re-fitted.")
  var seed = 0

  @Option(help: "text for people; csv with a measurement per row; json with everything.")
  var format = OutputFormat.text

  @OptionGroup var architecture: ArchitectureOptions
  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard !ood.isEmpty else { throw ValidationError("Name OOD examples with --ood.") }
    guard oodLabels.count <= ood.count else {
      throw ValidationError("There are more --ood-labels than --ood.")
    }
    guard oodGroups.count <= ood.count else {
      throw ValidationError("There are more --ood-groups than --ood.")
    }
    guard samplePositions.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--sample-positions is 1 or more.")
    }
    guard seed >= 0 else { throw ValidationError("Seeds are zero or more.") }
    guard directionCounts != nil else {
      throw ValidationError("--directions are numbers from 1 on, separated by commas.")
    }
    guard !moments || output != nil else {
      throw ValidationError("--moments are kept in a run directory: name it with -o.")
    }
  }

  private var directionCounts: [Int]? {
    let parts = directions.split(separator: ",").map { Int($0) }
    let counts = parts.compactMap { $0 }
    return counts.count == parts.count && counts.allSatisfy { $0 > 0 } ? counts : nil
  }

  func run() throws {
    try reporting {
      let checkpoints = (try Checkpoint.open(before), try Checkpoint.open(after))
      let networks = (
        try architecture.network(checkpoints.0, quiet: running.quiet),
        try architecture.network(checkpoints.1, quiet: running.quiet)
      )
      let names = Self.names(of: [id] + ood)
      let idPrepared = try running.open(id, labels: idLabels, for: networks.0)
      let idSet = DistortionAnalysis.TestSet(
        name: names[0], examples: idPrepared.examples,
        groups: try groups(idGroups, of: idPrepared.examples))
      let oodSets = try ood.enumerated().map { place, name in
        let labels = place < oodLabels.count && oodLabels[place] != "-" ? oodLabels[place] : nil
        let examples = try running.open(name, labels: labels, for: networks.0).examples
        let named = place < oodGroups.count && oodGroups[place] != "-" ? oodGroups[place] : nil
        return DistortionAnalysis.TestSet(
          name: names[place + 1], examples: examples, groups: try groups(named, of: examples))
      }
      for set in oodSets where set.examples.exampleShape != idSet.examples.exampleShape {
        throw FileError(
          path: set.examples.name,
          reason: "its examples are \(set.examples.exampleShape) and those of the ID set "
            + "\(idSet.examples.exampleShape)")
      }
      let analysis = try naming("\(before), \(after)") {
        try DistortionAnalysis(before: networks.0, after: networks.1, settings: settings)
      }
      try withRunDirectory(at: output) { run in
        try compare(
          networks, checkpoints, idSet, oodSets, analysis,
          preprocessing: idPrepared.preprocessing, in: run)
      }
    }
  }

  /// The groups that are named, or else those beside a set all of whose examples are there.
  private func groups(_ name: String?, of set: ExampleSet) throws -> ExampleGroups? {
    var found: ExampleGroups?
    if let name {
      found = try ExampleGroups.read(name, for: set)
    } else if running.images.classMap.isEmpty {
      found = try ExampleGroups.beside(set)
    }
    if let found {
      StandardError.say(
        "\(set.name): intervals keep \(found.count) groups together (\(found.source))",
        unless: running.quiet)
    }
    return found
  }

  private var settings: DistortionAnalysis.Settings {
    var settings = DistortionAnalysis.Settings()
    settings.taps = at
    settings.directionCounts = directionCounts ?? []
    settings.foldsBias = foldBias
    settings.sampledPositions = samplePositions
    settings.seed = UInt64(seed)
    settings.threads = running.threads
    settings.batchSize = running.batchSize
    return settings
  }

  /// Runs the analysis, writes what it found and prints it.
  private func compare(
    _ networks: (Network, Network), _ checkpoints: (Checkpoint, Checkpoint),
    _ idSet: DistortionAnalysis.TestSet, _ oodSets: [DistortionAnalysis.TestSet],
    _ analysis: DistortionAnalysis, preprocessing: String, in run: RunDirectory?
  ) throws {
    let progress = Progress(
      "distortion", total: ([idSet] + oodSets).reduce(0) { $0 + $1.examples.count },
      unit: "examples", isQuiet: running.quiet)
    let digests = moments ? (try checkpoints.0.digest(), try checkpoints.1.digest()) : ("", "")
    let distortion = try analysis.run(id: idSet, ood: oodSets) { tap, set, features in
      guard moments, let run else { return }
      let origin = MomentsFile.Origin(
        digestBefore: digests.0, digestAfter: digests.1, tapBefore: tap, tapAfter: tap)
      let name = String("\(tap) \(set)".map { $0.isLetter || $0.isNumber ? $0 : "-" })
      try MomentsFile(features, origin: origin).write(
        to: try run.folder("moments") + "/\(name).h5", version: Anamorph.version)
    } progress: {
      progress.advance(by: $0)
    }
    progress.finish()
    let heads = try ([(idSet, true)] + oodSets.map { ($0, false) }).compactMap { set, isID in
      try naming(set.examples.name) {
        try HeadComparison(
          before: networks.0, after: networks.1, set: set, isID: isID, seed: UInt64(seed),
          threads: running.threads, amongSharedClasses: sharedClasses)
      }
    }
    let evidence =
      optimizer.map { OptimizerEvidence(named: $0) }
      ?? OptimizerEvidence(checkpoints.1)
    let claims = PairClaims(
      distortion: distortion, heads: heads, optimizerKeepsSpan: evidence.keepsSpan,
      optimizerName: evidence.summary
    ).all

    var tables = DistortionTables()
    tables.append(distortion)
    let verdicts = Table.verdicts(claims)
    let all = tables.all + [HeadComparison.table(heads), verdicts]
    if let run {
      try run.write(all)
      try run.write(
        record: try record(
          checkpoints, [idSet] + oodSets, optimizer: evidence.summary,
          preprocessing: preprocessing))
    }
    switch format {
    case .text:
      let style = Style.standardOutput()
      try StandardOutput.write(
        DistortionSummary(distortion, heads: heads, claims: claims).text(style: style))
    case .csv: try StandardOutput.write(all[0].csv)
    case .json:
      let object = JSONText.object(all.map { JSONText.Member($0.name, $0.json) })
      try StandardOutput.write(object.rendered() + "\n")
    }
  }

  private func record(
    _ checkpoints: (Checkpoint, Checkpoint), _ sets: [DistortionAnalysis.TestSet],
    optimizer: String, preprocessing: String
  ) throws -> JSONText {
    [
      "command": "distortion", "version": .text(Anamorph.version),
      "before": ["path": .text(before), "digest": .text(try checkpoints.0.digest())],
      "after": ["path": .text(after), "digest": .text(try checkpoints.1.digest())],
      "optimizer": .text(optimizer),
      "sets": .array(
        sets.enumerated().map { place, set in
          [
            "name": .text(set.name), "path": .text(set.examples.name),
            "role": .text(place == 0 ? "ID" : "OOD"), "examples": .integer(set.examples.count),
            "groups": .text(set.groups?.source ?? ""),
          ]
        }),
      "preprocessing": .text(preprocessing), "seed": .integer(seed),
      "sample_positions": samplePositions.map { .integer($0) } ?? .null,
      "taps": .array(at.map { .text($0) }),
    ]
  }

  /// The sets' names in tables: those of their files and of the arrays in them; the whole of what
  /// was given where that would name two sets alike, with a number where even that does.
  private static func names(of sets: [String]) -> [String] {
    func isRepeated(_ name: String, _ all: [String]) -> Bool { all.filter { $0 == name }.count > 1 }
    let short = sets.map { set in
      set.split(separator: "/").suffix(set.contains("::") ? 2 : 1).joined(separator: "/")
    }
    let names = zip(sets, short).map { isRepeated($1, short) ? $0 : $1 }
    return names.enumerated().map { place, name in
      isRepeated(name, names) ? "\(name) (\(place + 1))" : name
    }
  }
}
