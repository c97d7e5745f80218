/// Which singular values count as zero.
///
/// A singular value counts when it is greater than the largest one times the relative tolerance.
/// Rank decisions change results, so print the rule beside them.
public enum RankRule: Equatable, Sendable {
  /// 2.2e-16 · max(m, n): the rule of NumPy's `matrix_rank` and SciPy's `orth`.
  case doublePrecision

  /// 1.2e-7 · max(m, n): the same rule for values that were Float32 before they were widened.
  case singlePrecision

  /// A relative tolerance of one's own.
  case relative(Double)

  /// The relative tolerance for an m×n matrix.
  public func tolerance(rows: Int, columns: Int) -> Double {
    switch self {
    case .doublePrecision: Double.ulpOfOne * Double(max(rows, columns))
    case .singlePrecision: Double(Float.ulpOfOne) * Double(max(rows, columns))
    case .relative(let tolerance): tolerance
    }
  }

  /// How many of the descending `singularValues` of an m×n matrix count.
  public func rank(singularValues: [Double], rows: Int, columns: Int) -> Int {
    guard let largest = singularValues.first, largest > 0 else { return 0 }
    let threshold = largest * tolerance(rows: rows, columns: columns)
    return singularValues.prefix { $0 > threshold }.count
  }
}

extension RankRule: CustomStringConvertible {
  /// The rule in words, for a table's caption.
  public var description: String {
    switch self {
    case .doublePrecision: "singular values above 2.2e-16·max(m, n) of the largest"
    case .singlePrecision: "singular values above 1.2e-7·max(m, n) of the largest"
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
