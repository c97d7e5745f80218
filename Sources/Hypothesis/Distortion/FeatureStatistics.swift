import Geometry
import LinearAlgebra

/// What the features that one network gives for one set are like.
public struct FeatureStatistics: Codable, Equatable, Sendable {
  /// The layer whose output the features are.
  public var tap: String

  /// The set of examples.
  public var set: String

  /// Whether the set is in-distribution.
  public var isID: Bool

  /// Whether the network after computed them.
  public var isAfter: Bool

  /// n.
  public var examples: Int

  /// d.
  public var width: Int

  /// The mean over examples of ‖f‖².
  public var meanSquare: Measurement

  /// The sum of the features' variances (1/n).
  public var variance: Double

  /// exp of the entropy of the normalised singular values of the centred features.
  public var effectiveRank: Measurement

  /// (Σλ)²/Σλ² over eigenvalues of the covariance.
  public var participationRatio: Measurement

  /// Σλ/λ₁.
  public var stableRank: Measurement

  /// The statistics of both sides of joint moments.
  static func ofBoth(
    _ moments: JointMoments, tap: String, set: String, isID: Bool
  ) throws -> [FeatureStatistics] {
    let displacement = Displacement(moments)
    return try [false, true].map { isAfter in
      let covariance = isAfter ? moments.afterCovariance : moments.beforeCovariance
      let singular = try PrincipalDirections(
        secondMoment: covariance, count: moments.count
      ).singularValues
      return FeatureStatistics(
        tap: tap, set: set, isID: isID, isAfter: isAfter, examples: moments.count,
        width: covariance.rows,
        meanSquare: Measurement(
          isAfter ? displacement.meanSquareAfter : displacement.meanSquareBefore),
        variance: covariance.trace,
        effectiveRank: Measurement(Spectrum.effectiveRank(singular)),
        participationRatio: Measurement(Spectrum.participationRatio(singular)),
        stableRank: Measurement(Spectrum.stableRank(singular)))
    }
  }
}
