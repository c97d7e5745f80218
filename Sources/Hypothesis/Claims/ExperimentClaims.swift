import Geometry

/// The claims of the theory, judged on every seed of an experiment.
///
/// Differences are paired by seed; their 95 % intervals are t-intervals of the mean over seeds.
package struct ExperimentClaims {
  let outcomes: [SeedOutcome]
  let primaryOOD: String
  let optimizerKeepsSpan: Bool
  let optimizerName: String

  package init(
    outcomes: [SeedOutcome], primaryOOD: String, optimizerKeepsSpan: Bool, optimizerName: String
  ) {
    self.outcomes = outcomes
    self.primaryOOD = primaryOOD
    self.optimizerKeepsSpan = optimizerKeepsSpan
    self.optimizerName = optimizerName
  }

  /// Every claim, in the order of the theory.
  package var all: [Claim] {
    [
      firstLayerWeights, deeperWeights, features, fineTuningBetterOnID, linearProbeBetterOnOOD,
      linearProbeFineTuningAtLeastAsGood, earlyStoppingDoesNotRepair, mismatchedNotDamaged,
    ]
  }

  private var firstLayerWeights: Claim {
    let layers = outcomes.flatMap { outcome in
      [Method.fineTuning, .linearProbeFineTuning].compactMap {
        outcome[$0]?.distortion?.layers.first(where: \.isFirst)
      }
    }
    return WeightClaims.firstLayer(
      layers, rounding: WeightClaims.ownRounding, optimizerKeepsSpan: optimizerKeepsSpan,
      optimizerName: optimizerName)
  }

  private var deeperWeights: Claim {
    WeightClaims.deeperLayers(
      outcomes.flatMap { outcome in
        (outcome[.fineTuning]?.distortion?.layers ?? []).filter { !$0.isFirst && !$0.isHead }
      })
  }

  private var features: Claim {
    var comparisons: [FeatureClaim.Comparison] = []
    for measure in FeatureMeasure.displacements {
      let differences = outcomes.compactMap { outcome -> Double? in
        guard let distortion = outcome[.fineTuning]?.distortion,
          let id = distortion.features.first(where: { $0.isID && $0.measure == measure }),
          let before = id.measurement.value,
          let after = distortion.measurement(measure, on: primaryOOD)?.value
        else { return nil }
        return before - after
      }
      let difference = PairedDifference(differences)
      comparisons.append(
        .init(measure: measure, text: difference.text, interval: difference.intervals.first))
    }
    return FeatureClaim.claim(comparisons, ood: primaryOOD)
  }

  private var fineTuningBetterOnID: Claim {
    let difference = PairedDifference(
      outcomes.compactMap { outcome in
        guard let ft = outcome[.fineTuning], let lp = outcome[.linearProbe] else { return nil }
        return ft.idAccuracy - lp.idAccuracy
      })
    return Claim(
      name: "ft-better-on-id", statement: "Fine-tuning beats the linear probe in distribution.",
      verdict: Verdict.ofPositive(difference.intervals),
      evidence: "FT − LP on ID: \(difference.points)")
  }

  private var linearProbeBetterOnOOD: Claim {
    let differences = oodSets.map { set in
      (
        set,
        PairedDifference(
          outcomes.compactMap { outcome in
            guard let lp = outcome[.linearProbe]?.accuracy(on: set),
              let ft = outcome[.fineTuning]?.accuracy(on: set)
            else { return nil }
            return lp - ft
          })
      )
    }
    return Claim(
      name: "lp-better-on-ood",
      statement: "The linear probe beats fine-tuning out of distribution.",
      verdict: Verdict.ofPositive(differences.flatMap(\.1.intervals)),
      evidence: "LP − FT: "
        + differences.map { "\($0.0) \($0.1.points)" }.joined(separator: "; "))
  }

  private var linearProbeFineTuningAtLeastAsGood: Claim {
    let margin = 0.01
    func difference(_ other: Method, onID: Bool) -> PairedDifference {
      PairedDifference(
        outcomes.compactMap { outcome in
          guard let both = outcome[.linearProbeFineTuning], let one = outcome[other] else {
            return nil
          }
          return onID
            ? both.idAccuracy - one.idAccuracy : both.meanOODAccuracy - one.meanOODAccuracy
        })
    }
    let comparisons: [(String, PairedDifference)] = [
      ("ID against LP", difference(.linearProbe, onID: true)),
      ("ID against FT", difference(.fineTuning, onID: true)),
      ("OOD mean against LP", difference(.linearProbe, onID: false)),
      ("OOD mean against FT", difference(.fineTuning, onID: false)),
    ]
    let intervals = comparisons.flatMap(\.1.intervals)
    let verdict: Verdict =
      if intervals.isEmpty {
        .notTestable
      } else if intervals.allSatisfy({ $0.lower > -margin }) {
        .supported
      } else if intervals.allSatisfy({ $0.upper < 0 }) {
        .unsupported
      } else {
        .mixed
      }
    return Claim(
      name: "lp-ft-at-least-as-good",
      statement: "LP-FT is at least as good as both, in and out of distribution "
        + "(no interval reaches more than one point below).",
      verdict: verdict,
      evidence: "LP-FT, " + comparisons.map { "\($0.0): \($0.1.points)" }.joined(separator: "; "))
  }

  private var earlyStoppingDoesNotRepair: Claim {
    let difference = PairedDifference(
      outcomes.compactMap { outcome in
        guard let lp = outcome[.linearProbe]?.accuracy(on: primaryOOD),
          let stopped = outcome[.oracleStopped]?.accuracy(on: primaryOOD)
        else { return nil }
        return lp - stopped
      })
    return Claim(
      name: "early-stopping-does-not-repair",
      statement: "Stopping fine-tuning early, even by an oracle, does not reach the linear probe's "
        + "OOD accuracy.",
      verdict: Verdict.ofPositive(difference.intervals),
      evidence: "LP − oracle-stopped FT on \(primaryOOD): \(difference.points)")
  }

  private var mismatchedNotDamaged: Claim {
    let kept = PairedDifference(
      outcomes.compactMap { outcome in
        guard let before = outcome[.linearProbe]?.refittedAccuracy,
          let after = outcome[.fineTuning]?.refittedAccuracy
        else { return nil }
        return after - before
      })
    let gained = PairedDifference(
      outcomes.compactMap { outcome in
        guard let refitted = outcome[.fineTuning]?.refittedAccuracy,
          let head = outcome[.fineTuning]?.accuracy(on: primaryOOD)
        else { return nil }
        return refitted - head
      })
    return RefitClaim.claim(kept: kept, gained: gained, ood: primaryOOD)
  }

  private var oodSets: [String] {
    (outcomes.first?[.linearProbe]?.accuracies ?? []).filter { !$0.isID }.map(\.set)
  }
}

extension Claim {
  /// The names of the claims that an experiment is judged by.
  public static let experimentClaimNames = ExperimentClaims(
    outcomes: [], primaryOOD: "", optimizerKeepsSpan: true, optimizerName: ""
  ).all.map(\.name)
}
