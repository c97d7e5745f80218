import LinearAlgebra

/// The measures of one pair of sets that follow from the decompositions of its centred sides, each
/// decomposition made once for all measures.
struct PairValues {
  let pair: WhitenedPair

  /// How many directions are compared, for measures that choose it: that of all examples is held
  /// fixed when some are left out, for a number that jumps has no interval.
  var held: (angles: Int, before: Int, after: Int)?

  /// The axes of the coordinates that directions are in, where these are not features.
  var axes: (before: Matrix?, after: Matrix?) = (nil, nil)

  /// How many directions the pair's own energies choose.
  var chosen: (angles: Int, before: Int, after: Int) {
    (
      min(pair.before.dimension(holding: 0.9), pair.after.dimension(holding: 0.9)),
      pair.before.dimension(holding: 0.99), pair.after.dimension(holding: 0.99)
    )
  }

  /// The measures asked for.
  func values(
    _ measures: [SimilarityMeasure]
  ) throws(GeometryError) -> [SimilarityMeasure: Measured] {
    var found = try correlations(measures)
    if measures.contains(where: \.isShape) {
      let cosine = try pair.shapeCosine()
      for measure in measures where measure.isShape { found[measure] = shape(measure, cosine) }
    }
    if measures.contains(where: { $0.family == .angles }) {
      found.merge(try angles(measures)) { own, _ in own }
    }
    return found
  }

  private func correlations(
    _ measures: [SimilarityMeasure]
  ) throws(GeometryError) -> [SimilarityMeasure: Measured] {
    var found: [SimilarityMeasure: Measured] = [:]
    let weighted = measures.contains(.pwccaBefore) || measures.contains(.pwccaAfter)
    let svd = weighted && pair.reasonAgainst == nil ? try pair.decomposedCross() : nil
    for measure in measures {
      switch measure {
      case .ccaMean:
        if let svd {
          let sum = svd.values.reduce(0) { $0 + min(1, max(0, $1)) }
          found[measure] = Measured(sum / Double(svd.values.count))
        } else {
          found[measure] = try pair.meanCorrelation()
        }
      case .ccaSquared: found[measure] = pair.meanSquaredCorrelation
      case .svcca:
        let kept = held ?? chosen
        found[measure] = try pair.singularVectorCorrelation(keeping: kept.before, kept.after)
      case .pwccaBefore, .pwccaAfter:
        guard let svd else {
          found[measure] = .undefined(pair.reasonAgainst ?? "no correlations")
          continue
        }
        let after = measure == .pwccaAfter
        found[measure] = WhitenedPair.weighted(
          svd.values,
          by: pair.projectionWeights(
            svd, weightsAfter: after, axes: after ? axes.after : axes.before))
      case .explainedBefore: found[measure] = pair.explainedBefore
      case .explainedAfter: found[measure] = pair.explainedAfter
      default: continue
      }
    }
    return found
  }

  private func shape(_ measure: SimilarityMeasure, _ cosine: Measured) -> Measured {
    let (xx, yy) = (pair.before.squaredNorm, pair.after.squaredNorm)
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

  private func angles(
    _ measures: [SimilarityMeasure]
  ) throws(GeometryError) -> [SimilarityMeasure: Measured] {
    var reason = pair.reasonAgainst
    if pair.before.width != pair.after.width {
      reason = "\(pair.before.width) features before, \(pair.after.width) after"
    }
    guard reason == nil, let leading = leadingDirections() else {
      let none = Measured.undefined(reason ?? "no directions")
      return measures.reduce(into: [:]) { if $1.family == .angles { $0[$1] = none } }
    }
    let overlap = leading.before.transposedTimes(leading.after).squaredNorm
    return Self.values(
      measures, angles: try principalAngles(betweenBases: leading.before, and: leading.after),
      overlap: overlap / Double(max(1, leading.before.columns)))
  }

  /// The measures of principal angles among `measures`, from the angles.
  static func values(
    _ measures: [SimilarityMeasure], angles: [Double], overlap: Double
  ) -> [SimilarityMeasure: Measured] {
    let distances = GrassmannDistances(angles: angles)
    let none = "a subspace has no directions"
    var found: [SimilarityMeasure: Measured] = [:]
    for measure in measures {
      switch measure {
      case .largestAngle: found[measure] = distances.asimov
      case .meanAngle:
        found[measure] = Measured(
          angles.reduce(0, +), over: Double(angles.count), otherwise: none)
      case .grassmannGeodesic: found[measure] = distances.geodesic
      case .grassmannChordal: found[measure] = distances.chordal
      case .subspaceOverlap:
        found[measure] = angles.isEmpty ? .undefined(none) : Measured(overlap)
      default: continue
      }
    }
    return found
  }

  /// The sine of the largest angle by which leading directions, of either side, lie off those of
  /// `other`.
  func motion(from other: PairValues) throws(GeometryError) -> Double? {
    guard let own = leadingDirections(), let its = other.leadingDirections(),
      own.before.columns == its.before.columns
    else { return nil }
    let before = try principalAngles(betweenBases: own.before, and: its.before)
    let after = try principalAngles(betweenBases: own.after, and: its.after)
    return sine(max(before.max() ?? 0, after.max() ?? 0))
  }
}

extension SimilarityMeasure {
  /// Whether it follows from the cosine of the angular shape distance.
  fileprivate var isShape: Bool {
    switch self {
    case .procrustes, .procrustesNormalised, .angularShape, .afterRotation, .afterRotationAndScale:
      true
    default: false
    }
  }
}
