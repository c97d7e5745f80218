import Foundation
package import Geometry
package import LinearAlgebra
package import Randomness

/// What simulated features are like.
package struct FeatureSetting: Sendable {
  /// How coordinates are distributed.
  package enum Shape: String, Sendable {
    /// Normal, in classes with means of their own.
    case normal

    /// max(0, ·) of normal coordinates, as after a rectifier: skewed, with a mean.
    case rectified

    /// Normal, each example at a scale of its own (Student's t with 9 degrees of freedom).
    case heavyTailed = "heavy-tailed"
  }

  /// The name in tables.
  package var name: String

  /// The number of examples n.
  package var examples: Int

  /// The number of features d.
  package var width: Int

  /// The spread of the features before along each direction: variances λ₁ ≥ λ₂ ≥ …
  package var variances: [Double]

  /// How coordinates are distributed.
  package var shape: Shape

  /// How many examples have a group in common, which shares half of their variance; 1 for none.
  package var groupSize = 1

  /// Whether features are taken the way of wide ones: influences on a sample of the rows.
  package var isTakenAsWide = false

  /// Settings with variances that fall as a power of the direction's number.
  package init(
    _ name: String, examples: Int, width: Int, power: Double = 1, shape: Shape = .normal
  ) {
    self.name = name
    self.examples = examples
    self.width = width
    self.shape = shape
    variances = (1...width).map { pow(Double($0), -power) }
  }
}

/// Draws pairs of feature sets whose population is known: f₁ = f₀ T + shift + noise, with T near the
/// identity, before the rectifier where there is one.
package struct FeatureSimulation: Sendable {
  /// One pair, with what examples belong to.
  package struct Pair: Sendable {
    package var before: Matrix
    package var after: Matrix
    package var labels: [Int]
    package var keys: [ExampleKey]
  }

  package let setting: FeatureSetting
  package static let classes = 4

  /// Whether examples come in the setting's groups; what a population is does not depend on it.
  package var usesGroups = true

  private let rotation, transform, means: Matrix
  private let shift: [Double]

  /// Chooses the population; the same for the same seed and setting.
  package init(_ setting: FeatureSetting, seed: UInt64) throws {
    self.setting = setting
    var generator = SeededGenerator(seed: seed, "population of \(setting.name)")
    let d = setting.width
    rotation = try Matrix.randomOrthogonal(d, using: &generator)
    let scale = 0.3 / Double(d).squareRoot()
    transform = Matrix.identity(d) + scale * Matrix.normal(rows: d, columns: d, using: &generator)
    means = Matrix.normal(rows: Self.classes, columns: d, using: &generator)
      .scalingColumnsByRoots(of: setting.variances)
    shift = generator.normals(d).map { 0.05 * $0 }
  }

  /// A head, features × classes, that reads class means.
  package var head: SimilarityAnalysis.Head {
    .init(
      matrix: (means * rotation).transposed, bias: [Double](repeating: 0, count: Self.classes))
  }

  /// Examples that belong together by the setting.
  package func draw(_ count: Int, using generator: inout SeededGenerator) -> Pair {
    let d = setting.width
    let groupSize = usesGroups ? setting.groupSize : 1
    var (labels, groups): ([Int], [Int]) = ([], [])
    for row in 0..<count {
      groups.append(row / groupSize)
      labels.append(generator.index(below: Self.classes))
    }
    var scores = Matrix.normal(rows: count, columns: d, using: &generator)
    if groupSize > 1 {
      let shared = Matrix.normal(
        rows: (count - 1) / groupSize + 1, columns: d, using: &generator)
      scores = 0.5.squareRoot() * (scores + shared.selectingRows(groups))
    }
    if setting.shape == .heavyTailed {
      // χ² of 9 degrees of freedom, halves of squares of normal numbers.
      let scales = (0..<count).map { _ -> Double in
        let squares = generator.normals(9)
        return (7 / dot(squares, squares)).squareRoot()
      }
      scores = scores.scaledRows(by: scales)
    }
    let latent =
      (scores.scalingColumnsByRoots(of: setting.variances) + means.selectingRows(labels))
      * rotation
    let noise = Matrix.normal(rows: count, columns: d, using: &generator)
    let size = 0.3 * (setting.variances.reduce(0, +) / Double(d)).squareRoot()
    var (x, y) = (latent, latent * transform + size * noise)
    y = y.subtractingFromRows(shift)
    if setting.shape == .rectified {
      x.values = x.values.map { max(0, $0) }
      y.values = y.values.map { max(0, $0) }
    }
    let keys = groups.enumerated().map { row, group in
      ExampleKey("\(row)", group: groupSize > 1 ? "g\(group)" : nil)
    }
    return Pair(before: x, after: y, labels: labels, keys: keys)
  }

  /// The pair as `compare` takes it in.
  package func gather(_ pair: Pair) throws -> PairedFeatures {
    var settings = PairedFeatures.Settings()
    if setting.isTakenAsWide {
      settings.widestBlocks = 1
      settings.keptValues = pair.before.rows / 2 * 2 * setting.width
    }
    var result = PairedFeatures(
      beforeWidth: setting.width, afterWidth: setting.width, settings: settings)
    // In two parts, for the moments of wide features begin when rows are too many to be kept.
    let half = pair.before.rows / 2
    for rows in [0..<half, half..<pair.before.rows] {
      try result.add(
        before: pair.before[rows: rows], after: pair.after[rows: rows],
        keys: Array(pair.keys[rows]), labels: Array(pair.labels[rows]))
    }
    return result
  }
}

extension Matrix {
  /// The columns times the square roots.
  func scalingColumnsByRoots(of variances: [Double]) -> Matrix {
    let roots = variances.map { $0.squareRoot() }
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result.values[row * columns + column] *= roots[column] }
    }
    return result
  }

  /// The rows times the factors.
  func scaledRows(by factors: [Double]) -> Matrix {
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result.values[row * columns + column] *= factors[row] }
    }
    return result
  }
}
