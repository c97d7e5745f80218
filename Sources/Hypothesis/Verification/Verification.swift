import Dispatch
import Files
import HDF5
import LinearAlgebra
public import Reports
import Synchronization
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs experiments over seeds, keeps what each seed came to, and judges the claims.
///
/// Seeds are independent and run side by side on as many threads as asked for; each computes on one
/// thread, so results do not depend on how many there are. In a run directory, the outcome of each
/// seed is kept in `outcomes/`; when the same experiment is run again, seeds that are there are not
/// repeated.
public struct Verification: Sendable {
  /// An experiment with the folder that its paths are relative to.
  public struct Source: Sendable {
    /// The experiment.
    public var experiment: Experiment

    /// The file it was read from.
    public var path: String

    /// The folder of that file.
    public var folder: String

    /// Reads the experiment in a JSON file.
    ///
    /// - Throws: ``Files/FileError``: what member of it is missing or wrong.
    public init(contentsOf path: String) throws {
      self.path = path
      let text = try TextFile.text(of: path)
      experiment = try Experiment(json: text, path: path)
      folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      if folder.isEmpty { folder = path.hasPrefix("/") ? "/" : "." }
    }
  }

  /// What an experiment came to.
  public struct Result: Sendable {
    /// The experiment.
    public let experiment: Experiment

    /// The SHA-256 digest of every file the experiment read, by path.
    public let inputs: [String: String]

    /// What each seed came to, in order.
    public let outcomes: [SeedOutcome]

    /// The verdict on each claim.
    public let claims: [Claim]

    /// Means over seeds with intervals.
    public let summary: ExperimentSummary
  }

  private let run: RunDirectory?
  private let threads: Int
  private let version: String

  /// - Parameters:
  ///   - run: Where outcomes and checkpoints are kept.
  ///   - threads: How many seeds run side by side.
  ///   - version: The version of the program; outcomes of another are not used again.
  public init(run: RunDirectory?, threads: Int, version: String) {
    self.run = run
    self.threads = max(1, threads)
    self.version = version
  }

  /// Runs an experiment.
  ///
  /// - Parameters:
  ///   - seeds: The seeds.
  ///   - progress: Called as pieces of work end, with how many, from any thread.
  /// - Throws: The first error in the order of the seeds.
  public func result(
    of source: Source, seeds: Range<Int>, progress: @escaping @Sendable (Int) -> Void
  ) throws -> Result {
    let experiment = source.experiment
    let checkpoints = try run?.folder("checkpoints")
    let inputs = try experiment.inputDigests(folder: source.folder)
    let results = Mutex<[Int: Swift.Result<SeedOutcome, any Error>]>([:])
    let next = Mutex(seeds.lowerBound)
    LinearAlgebraThreads.use(1)
    // Threads of a pool do not have the values of this task.
    let reader = FileReader.current
    DispatchQueue.concurrentPerform(iterations: min(threads, seeds.count)) { _ in
      while true {
        let seed = next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard seed < seeds.upperBound else { return }
        let result = Swift.Result {
          if let kept = kept(experiment, inputs, seed) {
            progress(SeedRun.work(of: experiment))
            return kept
          }
          let outcome = try FileReader.$current.withValue(reader) {
            try SeedRun(
              experiment: experiment, folder: source.folder, seed: seed, checkpoints: checkpoints,
              progress: progress
            ).outcome()
          }
          try keep(outcome, of: experiment, inputs)
          return outcome
        }
        results.withLock { $0[seed] = result }
      }
    }
    let outcomes = try seeds.compactMap { seed in
      try results.withLock { $0[seed] }?.get()
    }
    let optimizer = experiment.fineTuning.optimizer
    return Result(
      experiment: experiment, inputs: inputs, outcomes: outcomes,
      claims: ExperimentClaims(
        outcomes: outcomes, primaryOOD: experiment.primaryOOD,
        optimizerKeepsSpan: optimizer.keepsUpdatesInInputSpan, optimizerName: optimizer.summary
      ).all,
      summary: ExperimentSummary(
        name: experiment.name, outcomes: outcomes, primaryOOD: experiment.primaryOOD))
  }

  /// How many pieces of work the seeds of an experiment have.
  public static func work(of source: Source, seeds: Range<Int>) -> Int {
    SeedRun.work(of: source.experiment) * seeds.count
  }

  // MARK: Outcomes that are there already

  private struct KeptOutcome: Codable {
    var version: String
    var experiment: Experiment
    var inputs: [String: String]
    var outcome: SeedOutcome
  }

  private func path(_ experiment: Experiment, _ seed: Int) throws -> String? {
    try run.map { "\(try $0.folder("outcomes"))/\(experiment.name)-seed-\(seed).json" }
  }

  /// An outcome of the same experiment on the same files by the same version; anything else is
  /// computed again.
  private func kept(
    _ experiment: Experiment, _ inputs: [String: String], _ seed: Int
  ) -> SeedOutcome? {
    guard let path = try? path(experiment, seed), let text = try? TextFile.text(of: path),
      let kept = try? JSONDecoder().decode(KeptOutcome.self, from: Data(text.utf8)),
      kept.version == version, kept.experiment == experiment, kept.inputs == inputs
    else { return nil }
    return kept.outcome
  }

  private func keep(
    _ outcome: SeedOutcome, of experiment: Experiment, _ inputs: [String: String]
  ) throws {
    guard let path = try path(experiment, outcome.seed) else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let data = try encoder.encode(
      KeptOutcome(version: version, experiment: experiment, inputs: inputs, outcome: outcome))
    try AtomicFile.write(Array(data), to: path)
  }
}
