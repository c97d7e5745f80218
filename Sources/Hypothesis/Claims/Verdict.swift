/// What the evidence says of a claim.
public enum Verdict: String, Codable, Sendable, CaseIterable {
  /// Every measurement that bears on the claim agrees with it, beyond its interval.
  case supported

  /// Measurements disagree, or none is beyond its interval.
  case mixed

  /// The measurements contradict the claim, beyond their intervals.
  case unsupported

  /// The claim cannot be tested on this material; the reason is in the evidence.
  case notTestable = "not testable"
}

/// One claim of the theory with its verdict and what the verdict rests on.
public struct Claim: Codable, Equatable, Sendable {
  /// A short name, stable across versions: what `--require` takes.
  public var name: String

  /// The claim as a sentence.
  public var statement: String

  /// What the evidence says.
  public var verdict: Verdict

  /// The numbers behind the verdict, or the reason why there is none.
  public var evidence: String

  /// A claim with its verdict.
  public init(name: String, statement: String, verdict: Verdict, evidence: String) {
    self.name = name
    self.statement = statement
    self.verdict = verdict
    self.evidence = evidence
  }
}

extension Verdict {
  /// The verdict on a claim that several measurements bear on, each a difference that the claim says
  /// is positive, with its interval.
  ///
  /// *Supported* when every interval lies above zero, *unsupported* when every one lies below,
  /// *mixed* otherwise, *not testable* when there is no measurement.
  package static func ofPositive(_ intervals: [(lower: Double, upper: Double)]) -> Verdict {
    if intervals.isEmpty { return .notTestable }
    if intervals.allSatisfy({ $0.lower > 0 }) { return .supported }
    if intervals.allSatisfy({ $0.upper < 0 }) { return .unsupported }
    return .mixed
  }
}
