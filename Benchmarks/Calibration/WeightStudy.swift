import Geometry
import Hypothesis
import LinearAlgebra
import Randomness

/// The claims about weights on simulated layers.
///
/// Null pairs change W by an isotropic ΔW. Planted ones have the share e of ‖ΔW‖² as an isotropic
/// change of the leading directions of the inputs alone; for the first layer, 1 − e is what leaks out of
/// the span of the inputs, so that e = 1 is gradient descent without decay.
package struct WeightStudy {
  /// One kind of layer.
  package struct Setting: Sendable {
    package var name: String
    package var examples, width, outputs: Int
    /// How fast the variances of the inputs fall: λⱼ = j^−power.
    package var power: Double
    /// The rank of ΔW, at most.
    package var rank: Int
    /// How many deeper layers the claim is about.
    package var layers: Int

    package init(
      _ name: String, examples: Int, width: Int, outputs: Int, power: Double, rank: Int, layers: Int
    ) {
      self.name = name
      self.examples = examples
      self.width = width
      self.outputs = outputs
      self.power = power
      self.rank = rank
      self.layers = layers
    }
  }

  package static let settings = [
    Setting(
      "n 200, d 32, full rank", examples: 200, width: 32, outputs: 8, power: 1, rank: 8, layers: 1),
    Setting(
      "n 200, d 32, rank 1", examples: 200, width: 32, outputs: 8, power: 1, rank: 1, layers: 1),
    Setting(
      "n 500, d 16, steep spectrum", examples: 500, width: 16, outputs: 8, power: 3, rank: 8,
      layers: 1),
    Setting(
      "n 300, d 24, 3 layers", examples: 300, width: 24, outputs: 6, power: 1, rank: 6, layers: 3),
  ]

  let setting: Setting
  let pairs: Int
  let seed: UInt64

  package init(_ setting: Setting, pairs: Int, seed: UInt64) {
    self.setting = setting
    self.pairs = pairs
    self.seed = seed
  }

  /// Verdicts on pairs with a planted share; 0 makes null pairs.
  package func rates(effect: Double) throws -> [VerdictRates] {
    var generator = SeededGenerator(seed: seed, "weights of \(setting.name), \(effect)")
    return try VerdictRates.study(
      setting: setting.name, planted: "share of ‖ΔW‖² planted in the leading directions",
      effect: effect, isNull: effect == 0,
      pairs: pairs
    ) { pair in
      let layers = try (0..<setting.layers).map {
        try layer(pair, $0 + 2, isFirst: false, effect: effect, &generator)
      }
      let first = try layer(pair, 1, isFirst: true, effect: effect, &generator)
      return PairClaims(
        distortion: Distortion(layers: [first] + layers), heads: [], optimizerKeepsSpan: true,
        optimizerName: "gradient descent"
      ).all.filter { $0.name.hasSuffix("weights") }
    }
  }

  private func layer(
    _ pair: Int, _ ordinal: Int, isFirst: Bool, effect: Double, _ generator: inout SeededGenerator
  ) throws -> LayerChange {
    let d = setting.width
    // The inputs of the first layer span half of the dimensions.
    let dimension = isFirst ? d / 2 : d
    let variances = FeatureSetting(
      "", examples: 0, width: dimension, power: isFirst ? 1 : setting.power
    ).variances
    let axes = try Matrix.randomOrthonormal(rows: d, columns: dimension, using: &generator)
    let rows = Matrix.normal(rows: setting.examples, columns: dimension, using: &generator)
      .scalingColumnsByRoots(of: variances).timesTransposed(axes)
    var inputs = InputMoment(fanIn: d)
    try inputs.add(rows: rows.values.map { Float($0) }, count: rows.rows)
    let before = single(Matrix.normal(rows: d, columns: setting.outputs, using: &generator))
    func change() -> Matrix {
      setting.rank < setting.outputs
        ? Matrix.normal(rows: d, columns: setting.rank, using: &generator)
          * Matrix.normal(rows: setting.rank, columns: setting.outputs, using: &generator)
        : Matrix.normal(rows: d, columns: setting.outputs, using: &generator)
    }
    var delta = change()
    delta = (1 / delta.frobeniusNorm) * delta
    if effect > 0 {
      let leading = try inputs.principalDirections().subspace(
        isFirst ? .numericalRank(.singleRounding) : .energy(0.9))
      var inside = leading.split(change()).inside
      inside = (1 / inside.frobeniusNorm) * inside
      delta = (1 - effect).squareRoot() * delta + effect.squareRoot() * inside
    }
    let after = single(before + (0.1 * before.frobeniusNorm / delta.frobeniusNorm) * delta)
    return try WeightComparison(
      layer: "layer \(ordinal)", ordinal: ordinal, isHead: false, isFirst: isFirst, before: before,
      after: after, id: ("ID", inputs), ood: [], counts: [], rotations: 200,
      generator: SeededGenerator(seed: UInt64(pair), "rotation null of layer \(ordinal)")
    ).change
  }

  /// Weights as checkpoints hold them.
  private func single(_ matrix: Matrix) -> Matrix {
    Matrix(
      rows: matrix.rows, columns: matrix.columns, values: matrix.values.map { Double(Float($0)) })
  }
}
