import Geometry
import LinearAlgebra

/// How far the leading directions of one set's features turned, for one number of directions.
public struct FeatureAngle: Codable, Equatable, Sendable {
  /// The layer whose output was compared.
  public var tap: String

  /// The set of examples.
  public var set: String

  /// Whether the set is in-distribution.
  public var isID: Bool

  /// The rule that chose how many directions.
  public var rule: String

  /// How many directions, k, before and after alike.
  public var directions: Int

  /// The largest principal angle, in radians.
  public var largest: Measurement

  /// The mean of the angles.
  public var mean: Measurement

  /// The length of the shortest path between the subspaces, ‖θ‖.
  public var geodesic: Measurement

  /// The largest angle between the same k directions of two halves of the examples, before: what
  /// sampling alone does.
  public var floor: Measurement

  /// λₖ − λₖ₊₁ of the covariance before.
  public var gap: Double?

  /// The bound on ‖sin Θ‖ that the gap leaves (Yu, Wang and Samworth 2015).
  public var bound: Measurement

  /// Whether the bound is below √k, so that the subspace means anything.
  public var isInformative: Bool

  /// The rules for several numbers of directions.
  static func rules(counts: [Int]) -> [(name: String, rule: SubspaceRule)] {
    [
      ("50 % of the energy", .energy(0.5)), (SpanShare.judged, .energy(0.9)),
      ("99 % of the energy", .energy(0.99)), ("effective rank", .effectiveRank),
      ("largest gap", .gap),
    ] + counts.map { ("\($0) \($0 == 1 ? "direction" : "directions")", .count($0)) }
  }

  /// The angles of one set.
  static func angles(
    _ features: PairedFeatures, tap: String, set: String, isID: Bool, counts: [Int]
  ) throws -> [FeatureAngle] {
    let total = try features.total()
    let width = features.beforeWidth
    guard width == features.afterWidth, width > 1 else { return [] }
    let (c0, c1) = (total.beforeCovariance, total.afterCovariance)
    let before = try PrincipalDirections(secondMoment: c0, count: total.count)
    let after = try PrincipalDirections(secondMoment: c1, count: total.count)
    let difference = c1 - c0
    // The eigenvalues of a wide difference cost more than they tell.
    let norm = width <= 1024 ? try difference.spectralNorm() : nil
    let halves = try features.halves()
    let split = try halves.map { halves in
      (
        try PrincipalDirections(secondMoment: halves.0.beforeCovariance, count: halves.0.count),
        try PrincipalDirections(secondMoment: halves.1.beforeCovariance, count: halves.1.count)
      )
    }
    let ranks = [before, after].map { $0.rank(.doublePrecision) }
    return try rules(counts: counts).compactMap { name, rule in
      let k = min(before.subspace(rule).dimension, ranks[1])
      if case .count(let wanted) = rule, wanted > k || wanted >= width {
        let reason =
          wanted > k
          ? "\(wanted) directions are beyond the rank, \(ranks[0]) before and \(ranks[1]) after"
          : "all \(width) directions span the same before and after"
        return FeatureAngle(
          tap: tap, set: set, isID: isID, rule: name, directions: wanted, undefined: reason)
      }
      guard k > 0, k < width else { return nil }
      let found = try principalAngles(
        between: before.subspace(.count(k)), and: after.subspace(.count(k)))
      let distances = GrassmannDistances(angles: found)
      var floor = Measurement(
        undefined: "halves are not kept apart for more than "
          + "\(features.settings.widestBlocks) features")
      if let split {
        let own = try principalAngles(
          between: split.0.subspace(.count(k)), and: split.1.subspace(.count(k)))
        floor = own.count == k ? Measurement(own[0]) : Measurement(undefined: "beyond the rank")
      }
      let bound = EigengapBound(
        eigenvalues: before.energies, operatorNorm: norm,
        frobeniusNorm: difference.frobeniusNorm, dimension: k)
      return FeatureAngle(
        tap: tap, set: set, isID: isID, rule: name, directions: k,
        largest: Measurement(distances.asimov),
        mean: Measurement(found.reduce(0, +) / Double(found.count)),
        geodesic: Measurement(distances.geodesic), floor: floor, gap: bound.gap,
        bound: Measurement(bound.bound), isInformative: bound.isInformative)
    }
  }
}

extension FeatureAngle {
  /// A number of directions of which there are no angles.
  private init(
    tap: String, set: String, isID: Bool, rule: String, directions: Int, undefined reason: String
  ) {
    let none = Measurement(undefined: reason)
    self.init(
      tap: tap, set: set, isID: isID, rule: rule, directions: directions, largest: none, mean: none,
      geodesic: none, floor: none, gap: nil, bound: none, isInformative: false)
  }
}
