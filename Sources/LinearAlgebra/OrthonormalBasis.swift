/// Which singular values count as zero.
///
/// A singular value counts when it is greater than a threshold. Rank decisions change results, so
/// print the rule beside them.
public enum RankRule: Equatable, Sendable {
  /// Above 2.2e-16 · max(m, n) · σ₁: the rule of NumPy's `matrix_rank` and SciPy's `orth`.
  case doublePrecision

  /// Above 1.2e-7 · max(m, n) · σ₁: the same rule for values that were Float32 before they were
  /// widened. For many rows it is far too cautious; see ``singleRounding``.
  case singlePrecision

  /// Above 2.4e-7 · ‖A‖ (Frobenius): more than rounding to Float32 can explain, whatever the shape.
  ///
  /// Rounding every entry changes `A` by at most 6e-8 · ‖A‖, and no singular value by more than
  /// that (Weyl); the factor of four allows for a computation that rounded several times.
  case singleRounding

  /// Above a relative tolerance of one's own, times σ₁.
  case relative(Double)

  /// The threshold for an m×n matrix with the given singular values.
  public func threshold(singularValues: [Double], rows: Int, columns: Int) -> Double {
    let largest = singularValues.max() ?? 0
    switch self {
    case .doublePrecision: return largest * Double.ulpOfOne * Double(max(rows, columns))
    case .singlePrecision: return largest * Double(Float.ulpOfOne) * Double(max(rows, columns))
    case .singleRounding:
      let scaled = singularValues.map { largest > 0 ? $0 / largest : 0 }
      return 2 * Double(Float.ulpOfOne) * largest * dot(scaled, scaled).squareRoot()
    case .relative(let tolerance): return largest * tolerance
    }
  }

  /// How many of the descending `singularValues` of an m×n matrix count.
  public func rank(singularValues: [Double], rows: Int, columns: Int) -> Int {
    let threshold = threshold(singularValues: singularValues, rows: rows, columns: columns)
    return singularValues.prefix { $0 > threshold }.count
  }
}

extension RankRule: CustomStringConvertible {
  /// The rule in words, for a table's caption.
  public var description: String {
    switch self {
    case .doublePrecision: "singular values above 2.2e-16·max(m, n) of the largest"
    case .singlePrecision: "singular values above 1.2e-7·max(m, n) of the largest"
    case .singleRounding: "singular values above 2.4e-7 of the Frobenius norm"
    case .relative(let tolerance): "singular values above \(tolerance) of the largest"
    }
  }
}

extension Matrix {
  /// The numerical rank by a stated rule.
  public func rank(_ rule: RankRule = .doublePrecision) throws(LinearAlgebraError) -> Int {
    rule.rank(singularValues: try singularValues(), rows: rows, columns: columns)
  }

  /// An orthonormal basis of the column space, m×rank, strongest direction first (SciPy's `orth`).
  public func columnSpaceBasis(
    _ rule: RankRule = .doublePrecision
  ) throws(LinearAlgebraError) -> Matrix {
    let decomposition = try svd()
    let rank = rule.rank(singularValues: decomposition.values, rows: rows, columns: columns)
    return decomposition.u[columns: 0..<rank]
  }

  /// An orthonormal basis of the column space, m×rank, in no particular order.
  ///
  /// The Householder basis of independent columns, at a fraction of the time of their singular
  /// vectors; ``columnSpaceBasis(_:)`` when the rule finds dependent ones.
  ///
  /// - Complexity: O(m n min(m, n)).
  public func spanningBasis(
    _ rule: RankRule = .doublePrecision
  ) throws(LinearAlgebraError) -> Matrix {
    guard rows >= columns, columns > 0 else { return try columnSpaceBasis(rule) }
    let (q, r) = try columnwiseQR()
    let rank = rule.rank(singularValues: try r.singularValues(), rows: rows, columns: columns)
    return rank == columns ? q : try columnSpaceBasis(rule)
  }

  /// An orthonormal basis of the row space, n×rank: the directions in which the rows lie,
  /// strongest first.
  public func rowSpaceBasis(
    _ rule: RankRule = .doublePrecision
  ) throws(LinearAlgebraError) -> Matrix {
    let decomposition = try svd()
    let rank = rule.rank(singularValues: decomposition.values, rows: rows, columns: columns)
    return decomposition.vt[rows: 0..<rank].transposed
  }
}

/// An orthonormal basis of the column space of `matrix`; see
/// ``Matrix/columnSpaceBasis(_:)``.
public func orthonormalBasis(
  of matrix: Matrix, _ rule: RankRule = .doublePrecision
) throws(LinearAlgebraError) -> Matrix {
  try matrix.columnSpaceBasis(rule)
}
