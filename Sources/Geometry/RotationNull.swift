import LinearAlgebra
public import Randomness

/// What share of a change would lie in a subspace that had nothing to do with it.
///
/// For a uniformly random k-dimensional subspace of d dimensions and a change with singular values
/// σᵢ, the share of Σσᵢ² inside has mean k/d and variance
/// ```
/// 2 k (d − k) / (d (d − 1) (d + 2)) · (Σσᵢ⁴ / (Σσᵢ²)² − 1/d)
/// ```
/// The variance is large when the change has few directions: then a share well above k/d is common.
/// Quantiles come from random rotations (place p (m + 1) of m draws, so that a share beyond one has the
/// p-value of a randomisation test) where these are cheap, otherwise from the beta distribution
/// with that mean and variance, which is exact for a change of rank one.
public struct RotationNull: Equatable, Sendable {
  /// How the quantiles were found.
  public enum Method: Equatable, Sendable {
    /// From this many random rotations.
    case rotations(Int)

    /// From the beta distribution of the same mean and variance.
    case matchedBeta
  }

  /// The mean share, exactly k/d.
  public let mean: Double

  /// The standard deviation of the share, exact.
  public let standardDeviation: Double

  /// The share's 0.025, 0.5 and 0.975 quantiles.
  public let quantiles: (lower: Double, median: Double, upper: Double)

  /// The 0.99 quantile.
  public let upperPercentile: Double

  /// How the quantiles were found.
  public let method: Method

  /// The null for a change in `ambientDimension` dimensions and a subspace of `dimension`.
  ///
  /// - Parameters:
  ///   - singularValues: those of the change; zeros may be left out.
  ///   - rotations: how many random rotations to draw.
  ///   - generator: where they are drawn from; the same generator gives the same quantiles.
  /// - Returns: `nil` when the change is zero.
  /// - Precondition: `0 <= dimension <= ambientDimension`, `rotations > 0`, and no more singular
  ///   values than dimensions.
  public init?(
    singularValues: [Double], dimension: Int, ambientDimension: Int, rotations: Int = 200,
    generator: SeededGenerator
  ) throws(GeometryError) {
    precondition(
      dimension >= 0 && dimension <= ambientDimension, "\(dimension) of \(ambientDimension)")
    precondition(rotations > 0, "\(rotations) rotations")
    precondition(
      singularValues.count <= ambientDimension,
      "\(singularValues.count) singular values in \(ambientDimension) dimensions")
    guard let largest = singularValues.max(), largest > 0, largest.isFinite else { return nil }
    let squares = singularValues.map { $0 / largest * ($0 / largest) }.sorted(by: >)
    let total = squares.reduce(0, +)
    let weights = squares.map { $0 / total }.filter { $0 > 1e-12 }
    let (k, d) = (Double(dimension), Double(ambientDimension))
    mean = k / d
    guard dimension > 0, dimension < ambientDimension else {
      standardDeviation = 0
      quantiles = (mean, mean, mean)
      upperPercentile = mean
      method = .matchedBeta
      return
    }
    let concentration = weights.reduce(0) { $0 + $1 * $1 }
    let variance = max(
      0, 2 * k * (d - k) / (d * (d - 1) * (d + 2)) * (concentration - 1 / d))
    standardDeviation = variance.squareRoot()

    // Turning the subspace or the change is the same: turn whichever has fewer directions.
    let frame = min(weights.count, dimension, ambientDimension - dimension)
    let cheap =
      ambientDimension * frame <= 100_000 && ambientDimension * frame * frame <= 50_000_000
    let quantile: (Double) -> Double
    if cheap {
      var generator = generator
      var shares: [Double] = []
      for _ in 0..<rotations {
        shares.append(
          try randomShare(
            weights, dimension: dimension, ambientDimension: ambientDimension, frame: frame,
            using: &generator))
      }
      let mean = mean
      quantile = { Repetitions.randomisationQuantile($0, of: shares) ?? mean }
      method = .rotations(rotations)
    } else {
      // Beta(a, b) has mean m = a/(a+b) and variance m(1−m)/(a+b+1).
      let precision = mean * (1 - mean) / max(variance, 1e-30) - 1
      let (a, b) = (mean * precision, (1 - mean) * precision)
      quantile = { Distribution.betaQuantile($0, a, b) }
      method = .matchedBeta
    }
    quantiles = (quantile(0.025), quantile(0.5), quantile(0.975))
    upperPercentile = quantile(0.99)
  }

  /// Equal when every number is.
  public static func == (a: RotationNull, b: RotationNull) -> Bool {
    a.mean == b.mean && a.standardDeviation == b.standardDeviation && a.quantiles == b.quantiles
      && a.upperPercentile == b.upperPercentile && a.method == b.method
  }
}

/// The share of a change with the given weights along its directions that falls into a random
/// subspace.
private func randomShare(
  _ weights: [Double], dimension: Int, ambientDimension: Int, frame: Int,
  using generator: inout SeededGenerator
) throws(GeometryError) -> Double {
  let random: Matrix
  do throws(LinearAlgebraError) {
    random = try Matrix.randomOrthonormal(
      rows: ambientDimension, columns: frame, using: &generator)
  } catch {
    throw .linearAlgebra(error)
  }
  if frame == weights.count {
    // The change is turned, the subspace is the first `dimension` coordinates.
    let part = random[rows: 0..<dimension]
    return zip(weights, part.transposed.rowSquaredNorms).reduce(0) { $0 + $1.0 * $1.1 }
  }
  // The subspace (or its complement) is turned, the change lies along the first coordinates.
  let share = zip(weights, random.rowSquaredNorms).reduce(0) { $0 + $1.0 * $1.1 }
  return frame == dimension ? share : 1 - share
}
