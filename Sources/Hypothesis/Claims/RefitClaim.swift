import Geometry

/// The claim that fine-tuning leaves OOD features usable and only the head no longer reads them.
package enum RefitClaim {
  /// How much accuracy a re-fitted head may lose and the features still count as intact.
  static let margin = 0.01

  /// *Supported* when a re-fitted head loses no more than the margin and beats the network's own,
  /// *unsupported* when it loses more and does not, *mixed* when the features lost something and the
  /// head is mismatched too, or nothing can be told.
  ///
  /// - Parameters:
  ///   - kept: Accuracy of a head re-fitted on OOD features, after fine-tuning less before.
  ///   - gained: Accuracy of that head less that of fine-tuning's own head.
  package static func claim(
    kept: PairedDifference, gained: PairedDifference, ood: String
  ) -> Claim {
    let verdict: Verdict
    if let kept = kept.interval, let gained = gained.interval {
      let (isKept, isLost) = (kept.lower > -margin, kept.upper < -margin)
      let isMismatched = gained.lower > 0
      verdict =
        isKept && isMismatched ? .supported : isLost && !isMismatched ? .unsupported : .mixed
    } else {
      verdict = .notTestable
    }
    return Claim(
      name: "mismatched-not-damaged",
      statement: "OOD features keep their information (a re-fitted head loses no more than a point "
        + "and beats fine-tuning's own head): the head is mismatched, the features are not damaged.",
      verdict: verdict,
      evidence: kept.values.isEmpty
        ? "no head could be re-fitted on \(ood)"
        : "re-fitted on \(ood), after − before: \(kept.points); re-fitted − own head: "
          + gained.points)
  }
}
