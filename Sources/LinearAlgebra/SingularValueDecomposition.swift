import CLAPACK

/// A matrix as the product of rotations and a scaling, `A = U diag(s) Vᵀ`.
///
/// In every right vector the largest entry in magnitude (the first, among equals to 1e-8) is
/// positive, so that the same matrix gives the same vectors whatever the number of threads,
/// where the singular values are distinct.
public struct SingularValueDecomposition: Sendable {
  /// Left singular vectors in columns: m×k when thin, m×m when full; k = min(m, n).
  public let u: Matrix

  /// The singular values, largest first.
  public let values: [Double]

  /// Right singular vectors in rows: k×n when thin, n×n when full.
  public let vt: Matrix
}

extension Matrix {
  /// The thin singular value decomposition (LAPACK `dgesdd`, divide and conquer).
  ///
  /// - Complexity: O(m n min(m, n)).
  public func svd() throws(LinearAlgebraError) -> SingularValueDecomposition {
    try svd(full: false)
  }

  /// The full singular value decomposition: `U` is m×m, `Vᵀ` n×n, with bases of both null spaces.
  public func fullSVD() throws(LinearAlgebraError) -> SingularValueDecomposition {
    try svd(full: true)
  }

  /// The singular values alone, largest first.
  public func singularValues() throws(LinearAlgebraError) -> [Double] {
    let count = min(rows, columns)
    guard count > 0 else { return [] }
    try checkForLAPACK("singular values")
    var work = values
    var result = [Double](repeating: 0, count: count)
    // Row by row, A is Aᵀ column by column: the singular values are the same.
    let info = LAPACKE_dgesdd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "N")), Int32(columns), Int32(rows), &work,
      Int32(columns), &result, nil, Int32(columns), nil, Int32(rows))
    try checkStatus(info, "singular values")
    return result
  }

  /// The orthogonal factor `U Vᵀ` of the polar decomposition: of all matrices with orthonormal
  /// columns (or rows) the nearest to this one, and the maximiser of `tr(Qᵀ A)`.
  public func nearestOrthogonal() throws(LinearAlgebraError) -> Matrix {
    let decomposition = try svd()
    return decomposition.u * decomposition.vt
  }

  private func svd(full: Bool) throws(LinearAlgebraError) -> SingularValueDecomposition {
    let count = min(rows, columns)
    guard count > 0 else {
      return SingularValueDecomposition(
        u: full ? .identity(rows) : Matrix(rows: rows, columns: 0), values: [],
        vt: full ? .identity(columns) : Matrix(rows: 0, columns: columns))
    }
    try checkForLAPACK("singular value decomposition")
    let (left, right) = full ? (rows, columns) : (count, count)
    let (leftBasis, rightBasis) = (
      Matrix(rows: rows, columns: left), Matrix(rows: right, columns: columns)
    )
    try leftBasis.checkForLAPACK("singular value decomposition")
    try rightBasis.checkForLAPACK("singular value decomposition")
    var work = values
    var (u, vt) = (leftBasis, rightBasis)
    var singular = [Double](repeating: 0, count: count)
    // Row by row, A is Aᵀ = V diag(s) Uᵀ column by column, and so are the results: what LAPACK
    // calls U is Vᵀ row by row, and what it calls Vᵀ is U.
    let info = LAPACKE_dgesdd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: full ? "A" : "S")), Int32(columns), Int32(rows), &work,
      Int32(columns), &singular, &vt.values, Int32(columns), &u.values, Int32(left))
    try checkStatus(info, "singular value decomposition")
    for index in 0..<right where vt.wantsFlip(row: index) {
      for column in 0..<columns { vt[index, column].negate() }
      if index < left { for row in 0..<rows { u[row, index].negate() } }
    }
    return SingularValueDecomposition(u: u, values: singular, vt: vt)
  }

  /// Whether the first of the largest entries in magnitude of a row is negative.
  func wantsFlip(row: Int) -> Bool {
    let range = row * columns..<(row + 1) * columns
    let largest = values[range].reduce(0) { max($0, abs($1)) }
    let leader = values[range].first { abs($0) >= (1 - 1e-8) * largest }
    return (leader ?? 0) < 0
  }
}
