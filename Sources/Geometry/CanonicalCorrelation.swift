import LinearAlgebra

/// Similarities of two feature sets that follow from their canonical correlations and principal
/// coordinates.
///
/// With rx and ry the ranks of the centred sets and n examples, correlations are all 1 as soon as
/// rx + ry ≥ n: print n beside them, and compare with ``HaarNull``.
extension WhitenedPair {
  /// The canonical correlations ρ, largest first: the singular values of UₓᵀU_y, in [0, 1].
  ///
  /// As many as the smaller rank; none when a side is constant. Hotelling, Biometrika 28 (1936).
  public func canonicalCorrelations() throws(GeometryError) -> [Double] {
    try convertingErrors { () throws(LinearAlgebraError) in
      try cross.singularValues().map { min(1, max(0, $0)) }
    }
  }

  /// The mean of the canonical correlations.
  public func meanCorrelation() throws(GeometryError) -> Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let correlations = try canonicalCorrelations()
    return Measured(correlations.reduce(0, +) / Double(correlations.count))
  }

  /// R²_CCA = Σρ² / min(rx, ry).
  ///
  /// Kornblith et al., ICML 2019, table 1 (centred, as there; their notebook's `cca` does not
  /// centre).
  public var meanSquaredCorrelation: Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    return Measured(min(1, cross.squaredNorm / Double(min(before.rank, after.rank))))
  }

  /// SVCCA: the mean canonical correlation of the fewest principal coordinates on each side that hold
  /// `share` of Σσ² (squared singular values).
  ///
  /// Raghu et al., NeurIPS 2017. Other programs cumulate σ, or keep a fixed number: the numbers kept
  /// come with the value.
  ///
  /// - Precondition: `0 < share <= 1`.
  public func singularVectorCorrelation(
    holding share: Double
  ) throws(GeometryError) -> (value: Measured, before: Int, after: Int) {
    precondition(share > 0 && share <= 1, "\(share) is not a share")
    if let reason = reasonAgainst { return (.undefined(reason), 0, 0) }
    let (kx, ky) = (before.dimension(holding: share), after.dimension(holding: share))
    return (try singularVectorCorrelation(keeping: kx, ky), kx, ky)
  }

  /// SVCCA of given numbers of principal coordinates, or of all where there are fewer.
  func singularVectorCorrelation(
    keeping wantedX: Int, _ wantedY: Int
  ) throws(GeometryError) -> Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let (kx, ky) = (min(wantedX, before.rank), min(wantedY, after.rank))
    let part = cross[rows: 0..<kx][columns: 0..<ky]
    let values = try convertingErrors { () throws(LinearAlgebraError) in
      try part.singularValues()
    }
    let sum = values.reduce(0) { $0 + min(1, max(0, $1)) }
    return Measured(sum / Double(values.count))
  }

  /// PWCCA with the weights of one side: Σ wᵢ ρᵢ / Σ wᵢ, wᵢ = Σⱼ |hᵢᵀ xⱼ| over the centred columns xⱼ
  /// of that side and its canonical variates hᵢ.
  ///
  /// Asymmetric: say which side gives the weights (the original takes the side with fewer features).
  /// Morcos, Raghu and Bengio, NeurIPS 2018. Invariant to translation, unlike the published code,
  /// which takes columns that are not centred. Not invariant to rotations of feature space: the sum
  /// of magnitudes depends on the axes.
  public func projectionWeightedCorrelation(
    weightsAfter: Bool
  ) throws(GeometryError) -> Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let svd = try decomposedCross()
    return Self.weighted(
      svd.values, by: projectionWeights(svd, weightsAfter: weightsAfter, axes: nil))
  }

  /// T = U diag(ρ) Vᵀ.
  func decomposedCross() throws(GeometryError) -> SingularValueDecomposition {
    try convertingErrors { () throws(LinearAlgebraError) in try cross.svd() }
  }

  /// The weights wᵢ = Σⱼ |hᵢᵀ xⱼ| of one side.
  ///
  /// - Parameter axes: the axes in feature space of the coordinates that directions are in.
  func projectionWeights(
    _ svd: SingularValueDecomposition, weightsAfter: Bool, axes: Matrix?
  ) -> [Double] {
    let side = weightsAfter ? after : before
    let variates = weightsAfter ? svd.vt : svd.u.transposed
    var projections = variates.scalingColumns(by: side.singularValues)
      .timesTransposed(side.directions)
    if let axes { projections = projections.timesTransposed(axes) }
    return svd.values.indices.map { projections.row($0).reduce(0) { $0 + abs($1) } }
  }

  /// Σ w ρ / Σ w.
  static func weighted(_ correlations: [Double], by weights: [Double]) -> Measured {
    let sum = zip(correlations, weights).reduce(0) { $0 + $1.1 * min(1, max(0, $1.0)) }
    return Measured(sum, over: weights.reduce(0, +), otherwise: "the weights are zero")
  }

  /// The share of the variance before that a linear map from the features after explains:
  /// ‖U_yᵀXc‖² / ‖Xc‖², in [0, 1].
  public var explainedBefore: Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let explained = cross.scalingRows(by: before.singularValues).squaredNorm
    return Measured(min(1, explained / before.squaredNorm))
  }

  /// The share of the variance after that a linear map from the features before explains.
  public var explainedAfter: Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let explained = cross.scalingColumns(by: after.singularValues).squaredNorm
    return Measured(min(1, explained / after.squaredNorm))
  }

  /// ‖XcᵀYc‖∗ / (‖Xc‖ ‖Yc‖), the cosine of the angular shape distance, in [0, 1].
  public func shapeCosine() throws(GeometryError) -> Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let product = cross.scalingRows(by: before.singularValues)
      .scalingColumns(by: after.singularValues)
    let nuclear = try convertingErrors { () throws(LinearAlgebraError) in
      try product.nuclearNorm()
    }
    return Measured(
      min(1, nuclear / (before.squaredNorm.squareRoot() * after.squaredNorm.squareRoot())))
  }

  /// Biased linear CKA, ‖XcᵀYc‖² / (‖XcᵀXc‖ ‖YcᵀYc‖); the same number as ``LinearCKA/biased(_:)``.
  public var biasedCKA: Measured {
    if let reason = reasonAgainst { return .undefined(reason) }
    let product = cross.scalingRows(by: before.singularValues)
      .scalingColumns(by: after.singularValues).squaredNorm
    func norm(_ side: WhitenedSide) -> Double {
      let squares = side.singularValues.map { $0 * $0 }
      return dot(squares, squares).squareRoot()
    }
    return Measured(min(1, product / norm(before) / norm(after)))
  }
}
