import Hypothesis
import Randomness

/// The claims that `verify` judges over seeds, on simulated accuracies.
///
/// The difference that a claim says is positive has the mean e standard deviations over seeds; null
/// pairs have e = 0, and for LP-FT a mean of one point below, the margin it is allowed.
package struct SeedStudy {
  let seeds: Int
  let pairs: Int
  let seed: UInt64

  package init(seeds: Int, pairs: Int, seed: UInt64) {
    self.seeds = seeds
    self.pairs = pairs
    self.seed = seed
  }

  package func rates(effect: Double) -> [VerdictRates] {
    var generator = SeededGenerator(seed: seed, "\(seeds) seeds, \(effect)")
    let spread = 0.01
    return VerdictRates.study(
      setting: "\(seeds) seeds", planted: "mean over standard deviation of the difference",
      effect: effect, isNull: effect == 0,
      pairs: pairs
    ) { _ in
      let outcomes = (0..<seeds).map { number -> SeedOutcome in
        func varied(_ base: Double) -> Double { base + spread * (effect + generator.normal()) }
        let (id, ood) = (0.8, 0.6)
        // LP-FT is compared with methods that have the effect already.
        let more = spread * effect
        func outcome(
          _ method: Method, _ onID: Double, _ onOOD: Double, refitted: Double? = nil
        ) -> MethodOutcome {
          MethodOutcome(
            method: method,
            accuracies: [
              SetAccuracy(set: "ID", isID: true, examples: 1000, accuracy: onID),
              SetAccuracy(set: "OOD", isID: false, examples: 1000, accuracy: onOOD),
            ], refittedAccuracy: refitted)
        }
        return SeedOutcome(
          seed: number,
          methods: [
            outcome(.linearProbe, id, varied(ood), refitted: 0.7),
            outcome(.fineTuning, varied(id), ood, refitted: varied(0.69)),
            outcome(.linearProbeFineTuning, varied(id - 0.01 + more), varied(ood - 0.01 + more)),
            outcome(.oracleStopped, id, ood),
          ])
      }
      return ExperimentClaims(
        outcomes: outcomes, primaryOOD: "OOD", optimizerKeepsSpan: true, optimizerName: "SGD"
      ).all.filter { $0.verdict != .notTestable }
    }
  }
}
