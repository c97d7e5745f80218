import LinearAlgebra

/// The measures of one pair of sets that follow from the decompositions of its centred sides.
struct PairValues {
  let pair: WhitenedPair

  /// How many directions are compared, for measures that choose it: that of all examples is held
  /// fixed when some are left out, for a number that jumps has no interval.
  var held: (angles: Int, before: Int, after: Int)?

  init(pair: WhitenedPair, held: (angles: Int, before: Int, after: Int)? = nil) {
    self.pair = pair
    self.held = held
  }

  /// How many directions the pair's own energies choose.
  var chosen: (angles: Int, before: Int, after: Int) {
    (
      min(pair.before.dimension(holding: 0.9), pair.after.dimension(holding: 0.9)),
      pair.before.dimension(holding: 0.99), pair.after.dimension(holding: 0.99)
    )
  }

  /// One measure.
  func value(_ measure: SimilarityMeasure) throws(GeometryError) -> Measured {
    switch measure {
    case .ccaMean: return try pair.meanCorrelation()
    case .ccaSquared: return pair.meanSquaredCorrelation
    case .svcca:
      let kept = held ?? chosen
      return try pair.singularVectorCorrelation(keeping: kept.before, kept.after)
    case .pwccaBefore: return try pair.projectionWeightedCorrelation(weightsAfter: false)
    case .pwccaAfter: return try pair.projectionWeightedCorrelation(weightsAfter: true)
    case .explainedBefore: return pair.explainedBefore
    case .explainedAfter: return pair.explainedAfter
    case .procrustes, .procrustesNormalised, .angularShape, .afterRotation, .afterRotationAndScale:
      return try shape(measure)
    case .largestAngle, .meanAngle, .grassmannGeodesic, .grassmannChordal, .subspaceOverlap:
      return try angle(measure)
    default: return .undefined("not a measure of a decomposed pair")
    }
  }

  private func shape(_ measure: SimilarityMeasure) throws(GeometryError) -> Measured {
    let (xx, yy) = (pair.before.squaredNorm, pair.after.squaredNorm)
    let cosine = try pair.shapeCosine()
    switch measure {
    case .procrustes:
      if pair.count > 0, cosine.number == nil { return Measured(xx + yy) }
      return cosine.map { max(0, xx + yy - 2 * $0 * (xx * yy).squareRoot()) }
    case .procrustesNormalised: return cosine.map { 2 - 2 * $0 }
    case .angularShape: return cosine.map { 2 * arcsine(((1 - $0) / 2).squareRoot()) }
    case .afterRotation:
      return cosine.map { max(0, xx + yy - 2 * $0 * (xx * yy).squareRoot()) / xx }
    default: return cosine.map { (1 - $0) * (1 + $0) }
    }
  }

  /// The leading directions of both sides that hold 90 % of the energy, the smaller number for both.
  func leadingDirections() -> (before: Matrix, after: Matrix)? {
    guard pair.before.width == pair.after.width, pair.reasonAgainst == nil else { return nil }
    let k = min((held ?? chosen).angles, pair.before.rank, pair.after.rank)
    return (pair.before.directions[columns: 0..<k], pair.after.directions[columns: 0..<k])
  }

  private func angle(_ measure: SimilarityMeasure) throws(GeometryError) -> Measured {
    guard pair.before.width == pair.after.width else {
      return .undefined("\(pair.before.width) features before, \(pair.after.width) after")
    }
    if let reason = pair.reasonAgainst { return .undefined(reason) }
    guard let leading = leadingDirections() else { return .undefined("no directions") }
    return try Self.angle(measure, leading.before, leading.after)
  }

  /// One measure of two orthonormal bases.
  static func angle(
    _ measure: SimilarityMeasure, _ a: Matrix, _ b: Matrix
  ) throws(GeometryError) -> Measured {
    if measure == .subspaceOverlap {
      return Measured(
        a.transposedTimes(b).squaredNorm, over: Double(min(a.columns, b.columns)),
        otherwise: "a subspace has no directions")
    }
    let angles = try principalAngles(betweenBases: a, and: b)
    let distances = GrassmannDistances(angles: angles)
    switch measure {
    case .largestAngle: return distances.asimov
    case .meanAngle:
      return Measured(
        angles.reduce(0, +), over: Double(angles.count), otherwise: "a subspace has no directions")
    case .grassmannGeodesic: return distances.geodesic
    default: return distances.chordal
    }
  }
}
