import Checkpoints
import Foundation
import Hypothesis
import Reports
import Synchronization
import TestSupport
import Testing

@Suite struct VerificationTests {
  /// The demonstration, made small.
  private func quick<R>(
    _ changes: [String: JSON?] = [:], _ body: (Verification.Source, String) throws -> R
  ) throws -> R {
    try withTemporaryFolder { folder in
      var all: [String: JSON?] = [
        "task.subspace.training": 120, "task.subspace.validation": 80, "task.subspace.test": 120,
        "pretraining.training.steps": 60, "fineTuning.epochs": 3,
        "fineTuning.learningRates": [0.03, 0.1], "linearProbe.regularisation": [1, 0.01],
      ]
      for (member, value) in changes { all[member] = value }
      let path = "\(folder)/quick.json"
      try Samples.text("demo", changing: all).write(toFile: path, atomically: true, encoding: .utf8)
      return try body(Verification.Source(contentsOf: path), "\(folder)/run")
    }
  }

  private func result(
    _ source: Verification.Source, in run: String? = nil, seeds: Range<Int> = 0..<3,
    threads: Int = 1, version: String = "1"
  ) throws -> Verification.Result {
    try Verification(
      run: run.map { try RunDirectory.create(at: $0) }, threads: threads, version: version
    ).result(of: source, seeds: seeds) { _ in }
  }

  private func tables(_ result: Verification.Result) -> [String] {
    Verification.tables(of: [result]).map(\.csv)
  }

  @Test func `the same seeds give the same bytes whatever the number of threads`() throws {
    try quick { source, _ in
      let one = try result(source, threads: 1)
      let three = try result(source, threads: 3)
      #expect(tables(one) == tables(three))
      #expect(one.outcomes == three.outcomes && one.claims == three.claims)
      #expect(try tables(result(source, seeds: 1..<4)) != tables(one))
    }
  }

  @Test func `a run that is there is continued, and ends with the same bytes`() throws {
    try quick { source, run in
      let whole = try result(source)
      _ = try result(source, in: run, seeds: 0..<2)
      let kept = "\(run)/outcomes/demo-seed-0.json"
      let before = try FileManager.default.attributesOfItem(atPath: kept)[.systemFileNumber]
      let continued = try result(source, in: run)
      #expect(tables(continued) == tables(whole))
      let after = try FileManager.default.attributesOfItem(atPath: kept)[.systemFileNumber]
      #expect(before as? Int == after as? Int, "the outcome was computed and written again")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: "\(run)/outcomes").sorted()
          == (0..<3).map { "demo-seed-\($0).json" })
    }
  }

  @Test func `an outcome is used again only for the same experiment and version`() throws {
    /// Runs one seed in a directory where a kept outcome claims that pretraining lost 1234.
    func isReused(_ changes: [String: JSON?], version: String, damaged: Bool = false) throws -> Bool
    {
      try withTemporaryFolder { folder in
        let run = "\(folder)/run"
        try quick { source, _ in _ = try result(source, in: run, seeds: 0..<1) }
        let path = "\(run)/outcomes/demo-seed-0.json"
        let marked = try String(contentsOfFile: path, encoding: .utf8).replacing(
          /"pretrainingLoss":[0-9.e-]+/, with: "\"pretrainingLoss\":1234")
        try (damaged ? String(marked.dropLast(10)) : marked)
          .write(toFile: path, atomically: true, encoding: .utf8)
        return try quick(changes) { source, _ in
          try result(source, in: run, seeds: 0..<1, version: version).outcomes[0].pretrainingLoss
            == 1234
        }
      }
    }
    #expect(try isReused([:], version: "1"))
    #expect(try !isReused([:], version: "2"))
    #expect(try !isReused(["fineTuning.epochs": 2], version: "1"))
    #expect(try !isReused([:], version: "1", damaged: true))
  }

  @Test func `kept checkpoints say how they were made and from what`() throws {
    try quick { source, run in
      let outcome = try result(source, in: run, seeds: 0..<1).outcomes[0]
      func checkpoint(_ name: String) throws -> Checkpoint {
        try Checkpoint.open("\(run)/checkpoints/demo-seed-0-\(name).h5")
      }
      let pretrained = try checkpoint("pretrained")
      #expect(pretrained.training?["method"] == "pretrain")
      #expect(pretrained.training?["optimizer"]?["name"] == "adam")
      for name in ["lp", "ft", "lp-ft"] {
        let adapted = try checkpoint(name)
        #expect(adapted.training?["method"]?.string == name)
        #expect(try adapted.parentDigest == pretrained.digest())
      }
      #expect(try checkpoint("lp").training?["optimizer"] == nil)
      #expect(
        try checkpoint("ft").training?["learning_rate"]?.double
          == outcome[.fineTuning]?.learningRate)
      #expect(OptimizerEvidence(try checkpoint("ft")).keepsSpan == true)
    }
  }

  @Test func `controls are what they say`() throws {
    try quick { source, _ in
      for outcome in try result(source).outcomes {
        #expect(outcome.methods.map(\.method) == Method.allCases)
        let untrained = try #require(outcome[.untrained])
        #expect(untrained.distortion?.layers.allSatisfy { $0.changeNorm == 0 } == true)
        #expect(
          outcome[.fineTuningAtEqualRate]?.learningRate
            == outcome[.linearProbeFineTuning]?.learningRate)
        let primary = source.experiment.primaryOOD
        let stopped = try #require(outcome[.oracleStopped]?.accuracy(on: primary))
        let chosen = try #require(outcome[.fineTuning]?.accuracy(on: primary))
        #expect(stopped >= chosen)
        #expect(outcome[.linearProbe]?.distortion == nil)
      }
    }
  }

  @Test func `work is counted to its end`() throws {
    try quick { source, _ in
      let done = Mutex(0)
      _ = try Verification(run: nil, threads: 2, version: "1").result(of: source, seeds: 0..<2) {
        pieces in done.withLock { $0 += pieces }
      }
      #expect(done.withLock { $0 } == Verification.work(of: source, seeds: 0..<2))
    }
  }

  @Test func `with Adam the exact claim is not testable`() throws {
    try quick(["fineTuning.optimizer.method": "adam", "fineTuning.learningRates": [0.003]]) {
      source, _ in
      let claims = try result(source, seeds: 0..<2).claims
      let first = try #require(claims.first { $0.name == "first-layer-weights" })
      #expect(first.verdict == .notTestable)
      #expect(first.evidence == "the optimizer was Adam, whose updates leave the span")
    }
  }

  /// Means and standard deviations over ten seeds of the same recipes in NumPy, in percent: ID, 60°,
  /// 90°, full.
  @Test(
    arguments: [
      (
        "demo",
        [
          Method.linearProbe: [(91.3, 2.0), (79.7, 3.9), (78.8, 3.5), (78.7, 2.8)],
          .fineTuning: [(92.7, 1.2), (66.1, 4.9), (73.4, 5.7), (66.6, 3.1)],
          .linearProbeFineTuning: [(94.0, 1.0), (80.1, 3.9), (79.1, 3.6), (79.5, 2.9)],
        ]
      ),
      (
        "demo2",
        [
          .linearProbe: [(91.2, 2.2), (78.0, 4.8), (75.7, 4.9), (77.3, 2.8)],
          .fineTuning: [(93.2, 2.1), (72.6, 7.2), (69.7, 7.9), (71.2, 7.4)],
          .linearProbeFineTuning: [(94.5, 1.0), (80.8, 3.5), (79.5, 3.5), (80.2, 1.8)],
        ]
      ),
    ])
  func `the shipped demonstrations come out as the reference's do`(
    _ name: String, _ reference: [Method: [(mean: Double, deviation: Double)]]
  ) throws {
    let result = try result(Samples.source(name), threads: 2)
    for (method, expected) in reference {
      for (set, (mean, deviation)) in zip(["ID", "60°", "90°", "full"], expected) {
        let values = result.outcomes.compactMap { $0[method]?.accuracy(on: set) }
        #expect(values.count == 3)
        let own = 100 * values.reduce(0, +) / 3
        #expect(
          abs(own - mean) < 2.5 * deviation, "\(method.rawValue) on \(set): \(own), not \(mean)")
      }
    }
    let first = try #require(result.claims.first { $0.name == "first-layer-weights" })
    #expect(first.verdict == .supported)
  }
}
