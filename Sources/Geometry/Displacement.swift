import LinearAlgebra

/// How far the features of the same examples moved, in several normalisations side by side.
///
/// Δᵢ = f₁(xᵢ) − f₀(xᵢ), n examples, d features. The normalisations can disagree: absolute ones grow
/// with the size of the features, relative ones with small features before. Read them together.
public struct Displacement: Equatable, Sendable {
  /// The number of examples.
  public let count: Int

  /// The number of features.
  public let width: Int

  /// Σ|Δᵢ|² / (n d): the mean square per coordinate, as the paper's authors measured it.
  public let meanSquarePerCoordinate: Measured

  /// Σ|Δᵢ| / n.
  public let meanDistance: Measured

  /// √(Σ|Δᵢ|² / n).
  public let rootMeanSquareDistance: Measured

  /// The mean of |Δᵢ| / |f₀(xᵢ)| over the examples whose features before are not zero.
  public let meanRelativeDistance: Measured

  /// ‖Δ‖ / ‖F₀‖ in Frobenius norms.
  public let relativeFrobenius: Measured

  /// The mean of 1 − cos(f₀(xᵢ), f₁(xᵢ)), uncentred, over examples with neither vector zero; [0, 2].
  public let meanCosineDistance: Measured

  /// The standard deviation of 1 − cos over those examples, divided by their number.
  public let cosineDistanceDeviation: Measured

  /// |mean of Δ|: how far the centre moved.
  public let meanShift: Measured

  /// The mean square per coordinate before, Σ|f₀(xᵢ)|² / (n d), for scale.
  public let meanSquareBefore: Measured

  /// The mean square per coordinate after.
  public let meanSquareAfter: Measured

  /// How many feature vectors are zero before; they have no relative distance.
  public let zeroBefore: Int

  /// How many feature vectors are zero after.
  public let zeroAfter: Int

  /// How many examples have a zero vector on either side; they have no cosine.
  public let zeroEither: Int

  /// Reads the displacement off the moments.
  ///
  /// Everything is undefined when there are no examples or the widths before and after differ.
  public init(_ moments: JointMoments) {
    self.init(
      moments.change, count: moments.count, beforeWidth: moments.beforeWidth,
      afterWidth: moments.afterWidth)
  }

  /// Reads the displacement off the sums.
  init(_ sums: ChangeSums?, count: Int, beforeWidth: Int, afterWidth: Int) {
    self.count = count
    width = beforeWidth
    guard let change = sums, count > 0 else {
      let reason =
        count == 0
        ? "there are no examples" : "\(beforeWidth) features before, \(afterWidth) after"
      let none = Measured.undefined(reason)
      (meanSquarePerCoordinate, meanDistance, rootMeanSquareDistance) = (none, none, none)
      (meanRelativeDistance, relativeFrobenius, meanCosineDistance) = (none, none, none)
      (cosineDistanceDeviation, meanShift, meanSquareBefore, meanSquareAfter) = (
        none, none, none, none
      )
      (zeroBefore, zeroAfter, zeroEither) = (0, 0, 0)
      return
    }
    let n = Double(count)
    let entries = n * Double(beforeWidth)
    let squared = max(0, change.squared)
    meanSquarePerCoordinate = Measured(squared / entries)
    meanDistance = Measured(max(0, change.distance) / n)
    rootMeanSquareDistance = Measured((squared / n).squareRoot())
    meanRelativeDistance = Measured(
      change.relativeDistance, over: n - Double(change.zeroBefore),
      otherwise: "all features before are zero")
    relativeFrobenius = Measured(
      squared.squareRoot(), over: max(0, change.squaredBefore).squareRoot(),
      otherwise: "all features before are zero")
    let angles = n - Double(change.zeroEither)
    meanCosineDistance = Measured(
      change.cosineDistance, over: angles, otherwise: "every example has a zero vector")
    let meanSquare = angles > 0 ? change.squaredCosineDistance / angles : 0
    cosineDistanceDeviation = meanCosineDistance.map {
      max(0, meanSquare - $0 * $0).squareRoot()
    }
    meanShift = Measured(change.sum.reduce(0) { $0 + $1 * $1 }.squareRoot() / n)
    meanSquareBefore = Measured(change.squaredBefore / entries)
    meanSquareAfter = Measured(change.squaredAfter / entries)
    zeroBefore = change.zeroBefore
    zeroAfter = change.zeroAfter
    zeroEither = change.zeroEither
  }
}
