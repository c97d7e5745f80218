package import Hypothesis

/// How often claims came to each verdict for pairs made alike.
package struct VerdictRates: Sendable {
  /// The setting, the claim, and how much was planted.
  package var setting, claim: String
  package var effect: Double

  /// Whether the claim is false of these pairs.
  package var isNull: Bool

  /// What the effect is.
  package var planted: String

  /// How many pairs, and how many came to each verdict.
  package var pairs: Int
  package var counts: [Verdict: Int]

  package init(
    setting: String, planted: String, effect: Double, isNull: Bool, verdicts: [Claim]
  ) {
    self.setting = setting
    self.isNull = isNull
    self.planted = planted
    self.effect = effect
    claim = verdicts.first?.name ?? ""
    pairs = verdicts.count
    counts = Dictionary(verdicts.map { ($0.verdict, 1) }, uniquingKeysWith: +)
  }

  /// The share of pairs that came to the verdict.
  package func share(_ verdict: Verdict) -> Double {
    Double(counts[verdict] ?? 0) / Double(max(1, pairs))
  }

  /// The standard error of a share.
  package func error(_ verdict: Verdict) -> Double { Coverage.error(share(verdict), pairs) }

  /// Whether a null pair was rarely called supported: 5 % but for two standard errors.
  package var isKept: Bool {
    !isNull || share(.supported) <= 0.05 + 2 * Coverage.error(0.05, pairs)
  }

  /// The rates of each claim that `verdicts` gives for pairs made alike, in order.
  static func study(
    setting: String, planted: String, effect: Double, isNull: Bool, pairs: Int,
    _ verdicts: (Int) throws -> [Claim]
  ) rethrows -> [VerdictRates] {
    var names: [String] = []
    var found: [String: [Claim]] = [:]
    for pair in 0..<pairs {
      for claim in try verdicts(pair) {
        if found[claim.name] == nil { names.append(claim.name) }
        found[claim.name, default: []].append(claim)
      }
    }
    return names.map { name in
      VerdictRates(
        setting: setting, planted: planted, effect: effect, isNull: isNull,
        verdicts: found[name] ?? [])
    }
  }
}
