import ArgumentParser
import Files
import Hypothesis
import Reports

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run transfer experiments over seeds and judge every claim of the theory.",
    discussion: """
      Each experiment pretrains a network (or reads one), adapts it by linear probing, fine-tuning \
      and LP-FT, and measures what that did to weights, features and accuracy, in and out of \
      distribution. Without an experiment, those in samples/ are run.

      Exit status: 0 when the experiments ran, whatever the verdicts; 1 when a claim named with \
      --require is not supported; 2 when something could not be read or computed.
      """)

  @Argument(
    help: "Experiments described in JSON, as those in samples/.",
    completion: .file(extensions: ["json"]))
  var experiments: [String] = []

  @Option(
    name: [.short, .customLong("output")],
    help: "The run directory: tables, checkpoints, outcomes. A run that is there is continued.")
  var output: String?

  @Option(help: "How many seeds, instead of the number in each experiment.")
  var seeds: Int?

  @Option(help: "The first seed.")
  var seed = 0

  @Option(help: "How many seeds run side by side.")
  var threads = Processors.count

  @Option(
    name: .customLong("require"), parsing: .upToNextOption,
    help: "Claims that must be supported in every experiment; the exit status is 1 otherwise.")
  var required: [String] = []

  @Flag(help: "No progress.")
  var quiet = false

  @Option(help: "text for people; csv with a mean per row; json with everything.")
  var format = OutputFormat.text

  func validate() throws {
    if let seeds, !(1...Experiment.mostSeeds).contains(seeds) {
      throw ValidationError("There are 1 to \(Experiment.mostSeeds) seeds.")
    }
    guard threads >= 1 else { throw ValidationError("There must be at least one thread.") }
    guard (0...Int.max - Experiment.mostSeeds).contains(seed) else {
      throw ValidationError("Seeds are zero or more, and not so large that they run out.")
    }
    let unknown = required.filter { !Claim.experimentClaimNames.contains($0) }
    guard unknown.isEmpty else {
      throw ValidationError(
        "There is no claim '\(unknown[0])'. Claims: "
          + Claim.experimentClaimNames.joined(separator: ", ") + ".")
    }
  }

  func run() throws {
    try reporting {
      let paths = try paths()
      let sources = try paths.map { try Verification.Source(contentsOf: $0) }
      try checkNames(of: sources, in: paths)
      try withRunDirectory(at: output) { run in try verify(sources, in: run) }
    }
  }

  /// Runs the experiments, writes what they came to and prints it.
  private func verify(_ sources: [Verification.Source], in run: RunDirectory?) throws {
    let ranges = sources.map { seed..<seed + (seeds ?? $0.experiment.seeds) }
    let progress = Progress(
      "verify",
      total: zip(sources, ranges).reduce(0) { $0 + Verification.work(of: $1.0, seeds: $1.1) },
      unit: "runs", isQuiet: quiet)
    let verification = Verification(run: run, threads: threads, version: Anamorph.version)
    var results: [Verification.Result] = []
    for (source, range) in zip(sources, ranges) {
      results.append(
        try naming(source.path) {
          try verification.result(of: source, seeds: range) { progress.advance(by: $0) }
        })
    }
    progress.finish()
    try run?.write(Verification.tables(of: results))
    try run?.write(record: record(results))
    try StandardOutput.write(rendered(results))
    let failed = results.flatMap(\.claims).filter {
      required.contains($0.name) && $0.verdict != .supported
    }
    if !failed.isEmpty { throw ExitCode(1) }
  }

  /// Experiments of one name would write over each other's outcomes.
  private func checkNames(of sources: [Verification.Source], in paths: [String]) throws {
    var places: [String: String] = [:]
    for (source, path) in zip(sources, paths) {
      if let other = places.updateValue(path, forKey: source.experiment.name) {
        throw FileError(
          path: path, object: "name",
          reason: "'\(source.experiment.name)' is also the name of \(other)")
      }
    }
  }

  /// The experiments named, or those in `samples/`.
  private func paths() throws -> [String] {
    if !experiments.isEmpty { return experiments }
    let samples = try Folder.files(in: "samples").filter { $0.hasSuffix(".json") }
    guard !samples.isEmpty else {
      throw FileError(
        path: "samples", reason: "no experiment is named and none is here; name a JSON file")
    }
    return samples.sorted().map { "samples/\($0)" }
  }

  private func rendered(_ results: [Verification.Result]) -> String {
    switch format {
    case .text:
      let style = Style.standardOutput()
      return results.map { result in
        style.bold("\(result.experiment.name): \(result.experiment.title)") + "\n"
          + "\(result.outcomes.count) seed\(result.outcomes.count == 1 ? "" : "s"); mean ± half of "
          + "its 95 % interval; accuracies in percent\n\n"
          + result.summary.table.text(style: style) + "\n"
          + verdictText(result.claims, style: style)
      }.joined(separator: "\n")
    case .csv: return Verification.summaryTable(of: results).csv
    case .json:
      return JSONText.array(results.map(\.json)).rendered() + "\n"
    }
  }

  private func record(_ results: [Verification.Result]) -> JSONText {
    [
      "command": "verify", "version": .text(Anamorph.version),
      "experiments": .array(
        results.map { result in
          [
            "name": .text(result.experiment.name), "title": .text(result.experiment.title),
            "primary_ood": .text(result.experiment.primaryOOD),
            "seeds": .array(result.outcomes.map { .integer($0.seed) }),
            "inputs": .array(
              result.inputs.sorted { $0.key < $1.key }.map { path, digest in
                ["path": .text(path), "sha256": .text(digest)]
              }),
          ]
        }),
    ]
  }
}
