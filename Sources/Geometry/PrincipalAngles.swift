public import LinearAlgebra

/// The principal angles between the column spaces of two matrices, in radians, largest first.
///
/// Angles of at most π/4 come from their sine, the others from their cosine, so that an angle of
/// 1e-10 is found to 1e-15 where the arc cosine alone cannot see below 3e-8 (Knyazev and Argentati,
/// "Principal angles between subspaces in an A-based scalar product", SIAM J. Sci. Comput. 23, 2002).
/// There are as many angles as the smaller space has dimensions; none when one is {0}.
///
/// Random subspaces of high dimension are nearly orthogonal in their largest angle whatever they
/// mean: look at all angles, or at ``subspaceOverlap(_:_:)`` with its null.
///
/// - Parameter rule: which singular values count when the spaces are found (SciPy's `orth` rule).
/// - Precondition: both matrices have the same number of rows.
public func principalAngles(
  between a: Matrix, and b: Matrix, rule: RankRule = .doublePrecision
) throws(GeometryError) -> [Double] {
  precondition(a.rows == b.rows, "subspaces of \(a.rows) and \(b.rows) dimensions")
  let bases = try convertingErrors { () throws(LinearAlgebraError) in
    (try a.spanningBasis(rule), try b.spanningBasis(rule))
  }
  return try principalAngles(betweenBases: bases.0, and: bases.1)
}

/// The principal angles between two subspaces; see ``principalAngles(between:and:rule:)``.
///
/// - Precondition: both lie in the same number of dimensions.
public func principalAngles(
  between a: Subspace, and b: Subspace
) throws(GeometryError) -> [Double] {
  precondition(
    a.ambientDimension == b.ambientDimension,
    "subspaces of \(a.ambientDimension) and \(b.ambientDimension) dimensions")
  return try principalAngles(betweenBases: a.basis, and: b.basis)
}

/// The overlap φ = ‖UᵀV‖² / min(i, j) of subspaces with i and j dimensions, in [0, 1].
///
/// The mean of cos² of the principal angles. For random subspaces of d dimensions it averages
/// max(i, j)/d. Hu et al., "LoRA", section 7. Undefined when a subspace has no directions.
///
/// - Precondition: both lie in the same number of dimensions.
public func subspaceOverlap(_ a: Subspace, _ b: Subspace) -> Measured {
  precondition(
    a.ambientDimension == b.ambientDimension,
    "subspaces of \(a.ambientDimension) and \(b.ambientDimension) dimensions")
  return Measured(
    a.basis.transposedTimes(b.basis).squaredNorm, over: Double(min(a.dimension, b.dimension)),
    otherwise: "a subspace has no directions")
}

func principalAngles(
  betweenBases a: Matrix, and b: Matrix
) throws(GeometryError) -> [Double] {
  let (larger, smaller) = a.columns >= b.columns ? (a, b) : (b, a)
  guard smaller.columns > 0 else { return [] }
  let product = larger.transposedTimes(smaller)
  var outside = smaller
  outside.addProduct(larger, product, scale: -1)
  let values = try convertingErrors { () throws(LinearAlgebraError) in
    (try product.singularValues(), try outside.singularValues())
  }
  // Cosines fall as angles grow: the largest angle has the smallest cosine and the largest sine.
  let (cosines, sines) = (Array(values.0.reversed()), values.1)
  return cosines.indices.map { index in
    let cosine = cosines[index]
    guard cosine * cosine >= 0.5 else { return arccosine(cosine) }
    // With dependent rows `outside` has fewer singular values than angles; the rest are zero.
    return arcsine(index < sines.count ? sines[index] : 0)
  }
}
