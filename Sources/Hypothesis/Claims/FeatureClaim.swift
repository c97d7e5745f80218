import Reports

/// The claim that ID features move more than OOD features.
package enum FeatureClaim {
  /// One measure of displacement: ID less OOD.
  package struct Comparison {
    var measure: FeatureMeasure
    var text: String
    var interval: (lower: Double, upper: Double)?

    package init(
      measure: FeatureMeasure, text: String, interval: (lower: Double, upper: Double)?
    ) {
      self.measure = measure
      self.text = text
      self.interval = interval
    }
  }

  /// Supported only when the measures agree; they often do not, and then the verdict is *mixed*.
  package static func claim(_ comparisons: [Comparison], ood: String) -> Claim {
    let measured = comparisons.filter { $0.interval != nil }
    // No difference and no spread, to rounding, in any measure that knows no units: nothing moved.
    let unitless = measured.filter { $0.measure != .meanSquaredDifference }
    let isStill =
      !unitless.isEmpty
      && unitless.allSatisfy { comparison in
        comparison.interval.map { max(abs($0.lower), abs($0.upper)) < 1e-12 } ?? false
      }
    let verdict = isStill ? .notTestable : Verdict.ofPositive(measured.compactMap(\.interval))
    return Claim(
      name: "features",
      statement: "Fine-tuning moves ID features more than OOD features, by every measure.",
      verdict: verdict,
      evidence: measured.isEmpty
        ? "no displacement could be measured with an interval"
        : isStill
          ? "the features did not move"
          : "ID − \(ood): "
            + measured.map { "\($0.measure.rawValue) \($0.text)" }.joined(separator: "; "))
  }
}
