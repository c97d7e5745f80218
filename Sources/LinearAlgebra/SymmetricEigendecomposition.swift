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

extension SymmetricEigendecomposition {
  /// The eigenvalues and eigenvectors of a symmetric matrix (LAPACK `dsyevd`), in its own memory.
  ///
  /// Only the upper triangle is read. Besides the matrix, twice its memory is used for a while.
  ///
  /// - Precondition: the matrix is square.
  /// - Complexity: O(n³).
  public init(consuming matrix: consuming Matrix) throws(LinearAlgebraError) {
    let size = matrix.rows
    precondition(size == matrix.columns, "\(size)×\(matrix.columns) is not square")
    guard size > 0 else {
      self.init(values: [], vectors: matrix)
      return
    }
    try matrix.checkForLAPACK("symmetric eigenproblem")
    var ascending = [Double](repeating: 0, count: size)
    // Our upper triangle, row by row, is the lower one column by column.
    let info = LAPACKE_dsyevd(
      LAPACK_COL_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")), Int32(size),
      &matrix.values, Int32(size), &ascending)
    try matrix.checkStatus(info, "symmetric eigenproblem")
    // Eigenvectors lie in the rows now, smallest eigenvalue first: turn them round in place, for
    // wide matrices are large.
    for row in 0..<size where matrix.wantsFlip(row: row) {
      for place in row * size..<(row + 1) * size { matrix.values[place].negate() }
    }
    matrix.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<size / 2 {
        let other = size - 1 - row
        for column in 0..<size { values.swapAt(row * size + column, other * size + column) }
      }
      // By squares that fit the caches.
      let side = 32
      for top in stride(from: 0, to: size, by: side) {
        for left in stride(from: top, to: size, by: side) {
          for row in top..<min(top + side, size) {
            for column in max(left, row + 1)..<max(min(left + side, size), max(left, row + 1)) {
              values.swapAt(row * size + column, column * size + row)
            }
          }
        }
      }
    }
    self.init(values: ascending.reversed(), vectors: matrix)
  }
}

extension Matrix {
  /// The eigenvalues and eigenvectors of a symmetric matrix (LAPACK `dsyevd`).
  ///
  /// Only the upper triangle is read.
  ///
  /// - Precondition: the matrix is square.
  /// - Complexity: O(n³).
  public func symmetricEigen() throws(LinearAlgebraError) -> SymmetricEigendecomposition {
    try SymmetricEigendecomposition(consuming: self)
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
