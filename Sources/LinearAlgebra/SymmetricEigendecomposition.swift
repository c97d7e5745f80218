import CLAPACK

/// A symmetric matrix as `A = V diag(λ) Vᵀ`.
///
/// In every eigenvector the largest entry in magnitude (the first, among equals to 1e-8) is
/// positive. Within a repeated eigenvalue the basis is LAPACK's choice.
public struct SymmetricEigendecomposition: Sendable {
  /// The eigenvalues, largest first.
  public let values: [Double]

  /// The eigenvectors in columns, in the order of the values.
  public let vectors: Matrix
}

extension Matrix {
  /// The eigenvalues and eigenvectors of a symmetric matrix (LAPACK `dsyevd`).
  ///
  /// Only the upper triangle is read.
  ///
  /// - Precondition: the matrix is square.
  /// - Complexity: O(n³).
  public func symmetricEigen() throws(LinearAlgebraError) -> SymmetricEigendecomposition {
    precondition(rows == columns, "\(rows)×\(columns) is not square")
    guard rows > 0 else { return SymmetricEigendecomposition(values: [], vectors: self) }
    try checkForLAPACK("symmetric eigenproblem")
    var work = values
    var ascending = [Double](repeating: 0, count: rows)
    // Our upper triangle, row by row, is the lower one column by column.
    let info = LAPACKE_dsyevd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), Int32(rows), &work,
      Int32(rows), &ascending)
    try checkStatus(info, "symmetric eigenproblem")
    // Eigenvectors lie in the rows of `work` now, smallest eigenvalue first: turn them round in
    // place, for wide matrices are large.
    var found = Matrix(rows: rows, columns: rows, values: work)
    work = []
    for row in 0..<rows where found.wantsFlip(row: row) {
      for place in row * rows..<(row + 1) * rows { found.values[place].negate() }
    }
    for row in 0..<rows / 2 {
      let other = rows - 1 - row
      for column in 0..<rows { found.values.swapAt(row * rows + column, other * rows + column) }
    }
    for row in 0..<rows {
      for column in (row + 1)..<max(rows, row + 1) {
        found.values.swapAt(row * rows + column, column * rows + row)
      }
    }
    return SymmetricEigendecomposition(values: ascending.reversed(), vectors: found)
  }

  /// The eigenvalues of a symmetric matrix alone, largest first (LAPACK `dsyevd`).
  ///
  /// Only the upper triangle is read.
  ///
  /// - Precondition: the matrix is square.
  /// - Complexity: O(n³), several times faster than with vectors.
  public func symmetricEigenvalues() throws(LinearAlgebraError) -> [Double] {
    precondition(rows == columns, "\(rows)×\(columns) is not square")
    guard rows > 0 else { return [] }
    try checkForLAPACK("symmetric eigenvalues")
    var work = values
    var ascending = [Double](repeating: 0, count: rows)
    let info = LAPACKE_dsyevd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "L")), Int32(rows), &work,
      Int32(rows), &ascending)
    try checkStatus(info, "symmetric eigenvalues")
    return ascending.reversed()
  }
}
