import LinearAlgebra
public import Randomness

/// Feature sets without relation: the same two spectra, but the features after turned at random.
///
/// The centred features after are rotated uniformly in the n − 1 dimensions that n centred examples
/// span. That keeps both covariances' eigenvalues and ranks, and replaces the cross matrix
/// T = UₓᵀU_y by a block of a Haar-random orthogonal matrix. For examples from a normal distribution
/// this is the exact null of independence; for others the limit of random pairings as n grows.
public struct HaarNull: Sendable {
  private let pair: WhitenedPair
  private var generator: SeededGenerator

  /// The null for sets with the spectra of `pair`.
  public init(_ pair: WhitenedPair, generator: SeededGenerator) {
    self.pair = pair
    self.generator = generator
  }

  /// The mean of ‖T‖² = Σρ²: rx ry / (n − 1).
  public static func meanSquaredCross(before: Int, after: Int, count: Int) -> Double {
    Double(before) * Double(after) / Double(max(1, count - 1))
  }

  /// One random pair.
  ///
  /// - Complexity: O((rx + ry) ry²), or O(n ry²) when n is less than rx + ry.
  public mutating func draw() throws(GeometryError) -> WhitenedPair {
    let (rx, ry, dimension) = (pair.before.rank, pair.after.rank, pair.count - 1)
    guard rx > 0, ry > 0 else { return pair }
    let rest = dimension - rx
    var stacked = Matrix.normal(rows: rx, columns: ry, using: &generator)
    // The other rest × ry normal entries matter through their triangular factor only, which is
    // drawn by itself (Bartlett) when it is the smaller.
    if rest > ry {
      var triangle = Matrix(rows: ry, columns: ry)
      for row in 0..<ry {
        triangle[row, row] = (2 * generator.gamma(shape: Double(rest - row) / 2)).squareRoot()
        for column in (row + 1)..<max(ry, row + 1) { triangle[row, column] = generator.normal() }
      }
      stacked = stacked.appendingRows(of: triangle)
    } else if rest > 0 {
      stacked = stacked.appendingRows(
        of: Matrix.normal(rows: rest, columns: ry, using: &generator))
    }
    guard stacked.rows >= ry else {
      // More directions than dimensions cannot happen: both ranks are at most n − 1.
      return pair
    }
    let sample = stacked
    let decomposition = try convertingErrors { () throws(LinearAlgebraError) in try sample.qr() }
    var cross = decomposition.q[rows: 0..<rx]
    for column in 0..<ry where decomposition.r[column, column] < 0 {
      for row in 0..<rx { cross[row, column].negate() }
    }
    return WhitenedPair(
      count: pair.count, before: pair.before, after: pair.after, cross: cross)
  }
}

extension SeededGenerator {
  /// A Gamma(shape, 1) variate, by Marsaglia and Tsang, ACM TOMS 26 (2000).
  mutating func gamma(shape: Double) -> Double {
    precondition(shape > 0, "Gamma(\(shape), 1) does not exist")
    if shape < 1 {
      let boost = exponential(naturalLogarithm(1 - uniform()) / shape)
      return gamma(shape: shape + 1) * boost
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      guard v > 0 else { continue }
      if naturalLogarithm(1 - uniform()) < 0.5 * x * x + d * (1 - v + naturalLogarithm(v)) {
        return d * v
      }
    }
  }
}

/// What a number would be if the two sets had no relation.
public struct NullSummary: Equatable, Sendable {
  /// The mean.
  public var mean: Double

  /// The standard deviation, when known.
  public var standardDeviation: Double?

  /// The 2.5 % quantile, when known.
  public var lower: Double?

  /// The 97.5 % quantile, when known.
  public var upper: Double?

  /// How it was found: "exact", "100 rotations", "100 permutations" …
  public var method: String

  /// A null of which the mean, and perhaps more, is known.
  public init(
    mean: Double, standardDeviation: Double? = nil, lower: Double? = nil, upper: Double? = nil,
    method: String
  ) {
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.lower = lower
    self.upper = upper
    self.method = method
  }

  /// The null that a sample shows, with the quantiles of a randomisation test; `nil` for fewer than two
  /// values.
  public init?(draws: [Double], method: String) {
    guard let deviation = Repetitions.standardDeviation(of: draws),
      let lower = Repetitions.randomisationQuantile(0.025, of: draws),
      let upper = Repetitions.randomisationQuantile(0.975, of: draws)
    else { return nil }
    self.init(
      mean: draws.reduce(0, +) / Double(draws.count), standardDeviation: deviation, lower: lower,
      upper: upper, method: method)
  }

  /// The null of debiased linear or kernel CKA under random pairing of the examples, exact but for the
  /// quantiles: mean 0 and variance 2/(n (n − 3)), whatever the features.
  ///
  /// U-centred kernels have zero row sums and diagonals, so that the expectation of the squared inner
  /// product over permutations depends on n alone. Quantiles are those of the normal distribution.
  /// `nil` for fewer than four examples.
  public static func debiasedCKA(count: Int) -> NullSummary? {
    guard count >= 4 else { return nil }
    let deviation = (2 / (Double(count) * Double(count - 3))).squareRoot()
    let reach = Distribution.normalQuantile(0.975) * deviation
    return NullSummary(
      mean: 0, standardDeviation: deviation, lower: -reach, upper: reach,
      method: "random pairing, exact mean and deviation, normal quantiles")
  }

  /// The null of biased CKA under random pairing: mean √(βx βy)/(n − 1), β = (tr K)²/‖K‖² of the
  /// centred kernels. Exact. Josse, Pagès and Husson, "Testing the significance of the RV
  /// coefficient", Computational Statistics & Data Analysis 53 (2008).
  public static func biasedCKA(
    traces: (Double, Double), norms: (Double, Double), count: Int
  ) -> NullSummary? {
    guard count >= 2, norms.0 > 0, norms.1 > 0 else { return nil }
    let mean = traces.0 / norms.0 * (traces.1 / norms.1) / Double(count - 1)
    return NullSummary(mean: mean, method: "random pairing, exact mean")
  }
}
