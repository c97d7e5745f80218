import LinearAlgebra

/// How far apart two feature sets stay after the best translation and rotation, and after the best
/// scaling too.
///
/// With X and Y column-centred and ‖·‖∗ the sum of singular values,
/// min over orthogonal Q of ‖X − Y Q‖² = ‖X‖² + ‖Y‖² − 2 ‖XᵀY‖∗. Sets of different width are
/// compared as if the narrower had columns of zeros.
///
/// From moments, rounding limits the squared distance to about 1e-15 of ‖X‖² + ‖Y‖²: distances
/// below 3e-8 of the features' own size are noise.
///
/// Williams et al., "Generalized Shape Metrics on Neural Representations", NeurIPS 2021.
public struct Procrustes: Equatable, Sendable {
  /// min ‖X − Y Q‖², summed over examples and features.
  public let squaredDistance: Measured

  /// min ‖X/‖X‖ − (Y/‖Y‖) Q‖² = 2 − 2 ‖XᵀY‖∗ / (‖X‖ ‖Y‖), in [0, 2].
  public let normalisedSquaredDistance: Measured

  /// The angle arccos(‖XᵀY‖∗ / (‖X‖ ‖Y‖)) in radians, in [0, π/2].
  public let angle: Measured

  /// ``squaredDistance`` per example and per feature before.
  public let meanSquarePerCoordinate: Measured

  /// ``squaredDistance`` / ‖X‖²: what share of the variance before the rotation cannot restore.
  public let relative: Measured

  /// min over Q and s ≥ 0 of ‖X − s Y Q‖² / ‖X‖² = 1 − ‖XᵀY‖∗² / (‖X‖² ‖Y‖²), in [0, 1].
  public let relativeAfterScaling: Measured

  /// ``relativeAfterScaling`` · ‖X‖², per example and per feature before.
  public let meanSquarePerCoordinateAfterScaling: Measured

  /// The best scale s = ‖XᵀY‖∗ / ‖Y‖².
  public let scale: Measured

  /// Compares the two sides of the moments.
  ///
  /// - Complexity: O(p q min(p, q)): seconds for 2 048 features.
  public init(_ moments: JointMoments) throws(GeometryError) {
    let cross = moments.centredCross
    let (xx, yy) = (moments.centredBefore.trace, moments.centredAfter.trace)
    if let reason = moments.reasonAgainstCorrelation {
      (normalisedSquaredDistance, angle, relative) = (
        .undefined(reason), .undefined(reason), .undefined(reason)
      )
      (relativeAfterScaling, meanSquarePerCoordinateAfterScaling, scale) = (
        .undefined(reason), .undefined(reason), .undefined(reason)
      )
      // Against a constant side nothing can be rotated: the distance is what there is.
      squaredDistance = moments.count > 0 ? Measured(max(0, xx) + max(0, yy)) : .undefined(reason)
      meanSquarePerCoordinate = squaredDistance.map {
        $0 / (Double(moments.count) * Double(moments.beforeWidth))
      }
      return
    }
    let nuclear = try convertingErrors { () throws(LinearAlgebraError) in
      try cross.nuclearNorm()
    }
    let entries = Double(moments.count) * Double(moments.beforeWidth)
    let cosine = min(1, nuclear / (xx.squareRoot() * yy.squareRoot()))
    let squared = max(0, xx + yy - 2 * nuclear)
    let unexplained = (1 - cosine) * (1 + cosine)
    squaredDistance = Measured(squared)
    normalisedSquaredDistance = Measured(2 * (1 - cosine))
    angle = Measured(2 * arcsine(((1 - cosine) / 2).squareRoot()))
    meanSquarePerCoordinate = Measured(squared / entries)
    relative = Measured(squared / xx)
    relativeAfterScaling = Measured(unexplained)
    meanSquarePerCoordinateAfterScaling = Measured(unexplained * xx / entries)
    scale = Measured(nuclear / yy)
  }
}
