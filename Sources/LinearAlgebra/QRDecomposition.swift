import CLAPACK

/// A matrix as the product of orthonormal columns and an upper triangle, `A = Q R`.
public struct QRDecomposition: Sendable {
  /// Orthonormal columns: m×min(m, n) when thin, m×m when complete.
  public let q: Matrix

  /// The upper triangle: min(m, n)×n when thin, m×n when complete.
  public let r: Matrix
}

extension Matrix {
  /// The thin decomposition `A = Q R` by Householder reflections (LAPACK `dgeqrf`, `dorgqr`).
  ///
  /// The signs are those of LAPACK: the diagonal of `R` may be negative.
  ///
  /// - Complexity: O(m n min(m, n)).
  public func qr() throws(LinearAlgebraError) -> QRDecomposition {
    try qr(basisCount: min(rows, columns))
  }

  /// The complete decomposition: the first min(m, n) columns of `Q` span the columns of a matrix of
  /// full rank, the others their orthogonal complement.
  public func completeQR() throws(LinearAlgebraError) -> QRDecomposition {
    try qr(basisCount: rows)
  }

  /// The triangle `R` alone (min(m, n)×n), with a diagonal that is not negative.
  ///
  /// `RᵀR = AᵀA`, without the loss of half the digits that forming `AᵀA` costs.
  public func triangularFactor() throws(LinearAlgebraError) -> Matrix {
    let count = min(rows, columns)
    guard count > 0 else { return Matrix(rows: 0, columns: columns) }
    let (reflections, _) = try reflections()
    var r = reflections.upperTriangle(rows: count)
    for row in 0..<count where r[row, row] < 0 {
      for column in row..<columns { r[row, column].negate() }
    }
    return r
  }

  /// Brings an upper triangle `R` up to date with more rows: afterwards `RᵀR` has grown by
  /// `blockᵀ block` (LAPACK `dtpqrt`).
  ///
  /// Starting from zeros, this finds the triangle of any number of rows in one pass and constant
  /// memory, at the full precision that a running sum of `aᵀa` loses.
  ///
  /// - Precondition: the matrix is square with `block.columns` columns.
  /// - Complexity: O(m n²) for m new rows.
  public mutating func updateTriangularFactor(with block: Matrix) throws(LinearAlgebraError) {
    precondition(
      rows == block.columns && columns == block.columns,
      "a triangle for \(block.columns) columns is not \(rows)×\(columns)")
    guard block.rows > 0, columns > 0 else { return }
    try block.checkForLAPACK("QR update")
    try checkForLAPACK("QR update")
    let panel = min(32, columns)
    var work = block.values
    var factors = [Double](repeating: 0, count: panel * columns)
    let info = LAPACKE_dtpqrt(
      LAPACK_ROW_MAJOR, Int32(block.rows), Int32(columns), 0, Int32(panel), &values,
      Int32(columns), &work, Int32(columns), &factors, Int32(columns))
    try checkStatus(info, "QR update")
  }

  /// An orthonormal basis of the complement of this matrix's column space, m×(m − n).
  ///
  /// - Precondition: there are at least as many rows as columns; the columns are independent
  ///   (otherwise the basis misses as many directions as the rank falls short).
  public func orthogonalComplement() throws(LinearAlgebraError) -> Matrix {
    precondition(rows >= columns, "\(columns) columns are dependent in \(rows) dimensions")
    return try completeQR().q[columns: columns..<rows]
  }

  /// The thin `Q`, and `R` transposed (its singular values are the same), of at least as many rows as
  /// columns; worked out column by column, as LAPACK has it, without copies that LAPACKE would make.
  func columnwiseQR() throws(LinearAlgebraError) -> (q: Matrix, transposedR: Matrix) {
    precondition(rows >= columns && columns > 0, "\(rows)×\(columns) is not tall")
    try checkForLAPACK("QR decomposition")
    var work = transposed
    var tau = [Double](repeating: 0, count: columns)
    let (m, n) = (Int32(rows), Int32(columns))
    try checkStatus(
      LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, &work.values, m, &tau), "QR decomposition")
    var lower = Matrix(rows: columns, columns: columns)
    for column in 0..<columns {
      for row in 0...column { lower[column, row] = work[column, row] }
    }
    try checkStatus(
      LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, n, n, &work.values, m, tau), "QR decomposition")
    return (work.transposed, lower)
  }

  private func qr(basisCount: Int) throws(LinearAlgebraError) -> QRDecomposition {
    let count = min(rows, columns)
    guard count > 0 else {
      return QRDecomposition(
        q: Matrix.identity(rows)[columns: 0..<basisCount],
        r: Matrix(rows: basisCount, columns: columns))
    }
    let square = Matrix(rows: rows, columns: basisCount)
    try square.checkForLAPACK("QR decomposition")
    let (reflections, tau) = try reflections()
    var q = square
    for row in 0..<rows {
      for column in 0..<count { q[row, column] = reflections[row, column] }
    }
    let info = LAPACKE_dorgqr(
      LAPACK_ROW_MAJOR, Int32(rows), Int32(basisCount), Int32(count), &q.values,
      Int32(basisCount), tau)
    try checkStatus(info, "QR decomposition")
    return QRDecomposition(q: q, r: reflections.upperTriangle(rows: basisCount))
  }

  private func reflections() throws(LinearAlgebraError) -> (Matrix, [Double]) {
    try checkForLAPACK("QR decomposition")
    var work = self
    var tau = [Double](repeating: 0, count: min(rows, columns))
    let info = LAPACKE_dgeqrf(
      LAPACK_ROW_MAJOR, Int32(rows), Int32(columns), &work.values, Int32(columns), &tau)
    try checkStatus(info, "QR decomposition")
    return (work, tau)
  }

  private func upperTriangle(rows count: Int) -> Matrix {
    var result = Matrix(rows: count, columns: columns)
    for row in 0..<min(count, columns) {
      for column in row..<columns { result[row, column] = self[row, column] }
    }
    return result
  }
}
