import Geometry
import LinearAlgebra
import Randomness

/// How often a number of sets without relation lies beyond the range that is printed as its null.
package struct NullRate: Sendable {
  package var setting, measure: String

  /// What the null made random, as `compare` says it.
  package var method: String

  /// How strongly the sets are related: 0 for null pairs.
  package var effect: Double

  /// Pairs with a range, and how many values lay below and above it.
  package var pairs: Int
  package var below, above: Int

  package var share: Double { Double(below + above) / Double(max(1, pairs)) }
  package var error: Double { Coverage.error(share, pairs) }

  /// Whether the range was left by at most 5 %, but for two standard errors.
  package var isKept: Bool { effect != 0 || share <= 0.05 + 2 * Coverage.error(0.05, pairs) }
}

/// The nulls of `compare` on simulated sets.
///
/// The features after are √(1−e²) of features of their own and e of those before. For ranks and the mean
/// shift, features without correlation change without direction; e is how much all have in common.
package struct NullStudy {
  /// The settings of `script/calibrate`.
  package static let settings = [
    FeatureSetting("n 60, d 8, normal", examples: 60, width: 8),
    FeatureSetting("n 80, d 12, rectified", examples: 80, width: 12, shape: .rectified),
  ]

  let setting: FeatureSetting
  let pairs: Int
  let seed: UInt64
  let draws: Int

  package init(_ setting: FeatureSetting, pairs: Int, seed: UInt64, draws: Int = 99) {
    self.setting = setting
    self.pairs = pairs
    self.seed = seed
    self.draws = draws
  }

  /// Measures whose null is not that the two sets are unrelated.
  private let ownNull = Set(
    SimilarityMeasure.allCases.filter { $0.family == .rank || $0 == .meanShift })

  private func uncorrelated(_ generator: inout SeededGenerator) -> Matrix {
    Matrix.normal(rows: setting.examples, columns: setting.width, using: &generator)
      .scalingColumnsByRoots(of: setting.variances)
  }

  package func rates(effect: Double) throws -> [NullRate] {
    var generator = SeededGenerator(seed: seed, "nulls of \(setting.name), \(effect)")
    let measures = SimilarityMeasure.allCases
    var rates: [SimilarityMeasure: NullRate] = [:]
    for pair in 0..<pairs {
      let simulation = try FeatureSimulation(setting, seed: seed)
      var one = simulation.draw(setting.examples, using: &generator)
      let other = simulation.draw(setting.examples, using: &generator)
      // Turned, for directions to have no relation either.
      let turn = try Matrix.randomOrthogonal(setting.width, using: &generator)
      one.after = (1 - effect * effect).squareRoot() * (other.before * turn) + effect * one.before
      // Labels without relation too.
      one.labels = other.labels.indices.map { _ in
        generator.index(below: FeatureSimulation.classes)
      }
      var settings = SimilarityAnalysis.Settings()
      settings.draws = draws
      settings.seed = UInt64(pair)
      settings.minibatch = 16
      settings.heads = (simulation.head, simulation.head)
      var found = try SimilarityAnalysis(try simulation.gather(one), settings: settings)
        .results(for: measures.filter { !ownNull.contains($0) })
      // Sets whose features have nothing to do with one another, and whose changes have no direction.
      one.before = uncorrelated(&generator)
      one.after = one.before + uncorrelated(&generator)
      if effect > 0 {
        let common = uncorrelated(&generator).column(0)
        for row in 0..<setting.examples {
          for column in 0..<setting.width {
            one.before[row, column] += effect * common[row]
            one.after[row, column] += effect * (common[row] + 0.5)
          }
        }
      }
      found += try SimilarityAnalysis(try simulation.gather(one), settings: settings)
        .results(for: measures.filter(ownNull.contains))
      for result in found {
        guard let value = result.estimate.value.number, let null = result.null,
          let lower = null.lower, let upper = null.upper
        else { continue }
        var rate =
          rates[result.measure]
          ?? NullRate(
            setting: setting.name, measure: result.measure.rawValue, method: null.method,
            effect: effect, pairs: 0, below: 0, above: 0)
        rate.pairs += 1
        if value < lower { rate.below += 1 }
        if value > upper { rate.above += 1 }
        rates[result.measure] = rate
      }
    }
    return measures.compactMap { rates[$0] }
  }
}
