import Geometry
import Hypothesis
import LinearAlgebra
import Randomness

/// The claim about features on simulated ID and OOD sets.
///
/// ID features lie along the first half of the directions, OOD features along the other half, with the
/// same variances. Null pairs change features by a matrix that treats both halves alike, drawn anew for
/// each pair: f₁ = f₀ (1 + G). In planted ones, what the change does to ID features is larger by
/// the factor √(1 + e), so that e is the excess of their mean squared displacement.
package struct FeatureStudy {
  package static let settings: [FeatureSetting] = {
    var rectified = FeatureSetting(
      "n 300, d 24, rectified", examples: 300, width: 24, shape: .rectified)
    rectified.groupSize = 1
    var groups = FeatureSetting("n 400 in groups of 4, d 16", examples: 400, width: 16)
    groups.groupSize = 4
    return [
      FeatureSetting("n 200, d 16, power law", examples: 200, width: 16), rectified, groups,
    ]
  }()

  let setting: FeatureSetting
  let pairs: Int
  let seed: UInt64

  package init(_ setting: FeatureSetting, pairs: Int, seed: UInt64) {
    self.setting = setting
    self.pairs = pairs
    self.seed = seed
  }

  /// Rates of the claim's verdicts, and of each displacement's interval lying above and below zero.
  package func rates(effect: Double) throws -> [VerdictRates] {
    var generator = SeededGenerator(seed: seed, "features of \(setting.name), \(effect)")
    return try VerdictRates.study(
      setting: setting.name, planted: "excess of ID over OOD mean squared displacement",
      effect: effect, isNull: effect == 0,
      pairs: pairs
    ) { _ in
      let change = population(effect, &generator)
      let id = try set("id", isID: true, change, &generator)
      let ood = try set("ood", isID: false, change, &generator)
      let found = try FeatureComparison(
        tap: "features", id: ("ID", id), ood: [("OOD", ood)], counts: [])
      let claims = PairClaims(
        distortion: Distortion(features: found.measurements, contrasts: found.contrasts), heads: [],
        optimizerKeepsSpan: nil, optimizerName: ""
      ).all.filter { $0.name == "features" }
      // What each displacement alone would say.
      return claims
        + found.contrasts.map { contrast in
          let difference = contrast.difference
          let interval = difference.lower.flatMap { lower in
            difference.upper.map { (lower: lower, upper: $0) }
          }
          return Claim(
            name: "\(contrast.measure.rawValue), ID − OOD", statement: "",
            verdict: Verdict.ofPositive(interval.map { [$0] } ?? []), evidence: "")
        }
    }
  }

  /// A change that does to the second half what it does to the first.
  private func population(
    _ effect: Double, _ generator: inout SeededGenerator
  ) -> (id: Matrix, ood: Matrix) {
    let half = setting.width / 2
    let own =
      (0.3 / Double(half).squareRoot())
      * Matrix.normal(rows: half, columns: half, using: &generator)
    return ((1 + effect).squareRoot() * own, own)
  }

  private func set(
    _ name: String, isID: Bool, _ change: (id: Matrix, ood: Matrix),
    _ generator: inout SeededGenerator
  ) throws -> PairedFeatures {
    let (d, half, n) = (setting.width, setting.width / 2, setting.examples)
    let group = setting.groupSize
    var scores = Matrix.normal(rows: n, columns: half, using: &generator)
    if group > 1 {
      let shared = Matrix.normal(rows: n / group, columns: half, using: &generator)
      scores = 0.5.squareRoot() * (scores + shared.selectingRows((0..<n).map { $0 / group }))
    }
    let latent = scores.scalingColumnsByRoots(of: Array(setting.variances.prefix(half)))
    let moved = latent + latent * (isID ? change.id : change.ood)
    func placed(_ rows: Matrix) -> Matrix {
      var values = rows
      if setting.shape == .rectified { values.values = values.values.map { max(0, $0 + 0.3) } }
      var result = Matrix(rows: n, columns: d)
      for row in 0..<n {
        for column in 0..<half {
          result[row, column + (isID ? 0 : half)] = values[row, column]
        }
      }
      return result
    }
    var features = PairedFeatures(beforeWidth: d, afterWidth: d)
    try features.add(
      before: placed(latent), after: placed(moved),
      keys: (0..<n).map {
        ExampleKey("\(name) \($0)", group: group > 1 ? "\(name) g\($0 / group)" : nil)
      })
    return features
  }
}
