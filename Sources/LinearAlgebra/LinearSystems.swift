import CLAPACK

/// The answer of ``Matrix/leastSquares(_:tolerance:)``.
public struct LeastSquaresSolution: Sendable {
  /// The solution of least norm, one column per right-hand side.
  public let solution: Matrix

  /// The rank the matrix was taken to have.
  public let rank: Int

  /// The singular values of the matrix, largest first.
  public let singularValues: [Double]
}

extension Matrix {
  /// Solves `self · x = rightHandSide` for a square matrix (LAPACK `dgesv`).
  ///
  /// - Precondition: the matrix is square and the right-hand side has as many rows.
  /// - Throws: ``LinearAlgebraError/singular(operation:info:)`` when a pivot is exactly zero.
  public func solve(_ rightHandSide: Matrix) throws(LinearAlgebraError) -> Matrix {
    try checkSystem(rightHandSide, "linear system")
    guard rows > 0, rightHandSide.columns > 0 else { return rightHandSide }
    var (work, solution) = (values, rightHandSide)
    var pivots = [Int32](repeating: 0, count: rows)
    let info = LAPACKE_dgesv(
      LAPACK_ROW_MAJOR, Int32(rows), Int32(solution.columns), &work, Int32(rows), &pivots,
      &solution.values, Int32(solution.columns))
    if info > 0 { throw .singular(operation: "linear system", info: Int(info)) }
    try checkStatus(info, "linear system")
    return solution
  }

  /// Solves `self · x = rightHandSide` for a symmetric positive definite matrix, by Cholesky
  /// (LAPACK `dposv`); only the upper triangle is read.
  ///
  /// - Precondition: the matrix is square and the right-hand side has as many rows.
  /// - Throws: ``LinearAlgebraError/singular(operation:info:)`` when it is not positive definite.
  public func solvePositiveDefinite(
    _ rightHandSide: Matrix
  ) throws(LinearAlgebraError) -> Matrix {
    try checkSystem(rightHandSide, "positive definite system")
    guard rows > 0, rightHandSide.columns > 0 else { return rightHandSide }
    var (work, solution) = (values, rightHandSide)
    let info = LAPACKE_dposv(
      LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(rows), Int32(solution.columns), &work,
      Int32(rows), &solution.values, Int32(solution.columns))
    if info > 0 { throw .singular(operation: "positive definite system", info: Int(info)) }
    try checkStatus(info, "positive definite system")
    return solution
  }

  /// The matrix of least norm that minimises `‖self · x − rightHandSide‖` (LAPACK `dgelsd`).
  ///
  /// Singular values at or below `tolerance` times the largest count as zero.
  ///
  /// - Parameter tolerance: relative; by default the machine epsilon times max(m, n), as NumPy's
  ///   `lstsq` does.
  /// - Precondition: the right-hand side has as many rows as the matrix.
  public func leastSquares(
    _ rightHandSide: Matrix, tolerance: Double? = nil
  ) throws(LinearAlgebraError) -> LeastSquaresSolution {
    precondition(
      rows == rightHandSide.rows, "\(rows) equations, \(rightHandSide.rows) right-hand sides")
    let right = rightHandSide.columns
    guard rows > 0, columns > 0, right > 0 else {
      return LeastSquaresSolution(
        solution: Matrix(rows: columns, columns: right), rank: 0, singularValues: [])
    }
    try checkForLAPACK("least squares")
    try rightHandSide.checkForLAPACK("least squares, right-hand side")
    var work = values
    var solution = rightHandSide.values
    if columns > rows {
      solution += [Double](repeating: 0, count: (columns - rows) * right)
    }
    var singular = [Double](repeating: 0, count: min(rows, columns))
    var rank: Int32 = 0
    let info = LAPACKE_dgelsd(
      LAPACK_ROW_MAJOR, Int32(rows), Int32(columns), Int32(right), &work, Int32(columns),
      &solution, Int32(right), &singular,
      tolerance ?? Double.ulpOfOne * Double(max(rows, columns)), &rank)
    try checkStatus(info, "least squares")
    return LeastSquaresSolution(
      solution: Matrix(
        rows: columns, columns: right, values: Array(solution.prefix(columns * right))),
      rank: Int(rank), singularValues: singular)
  }

  private func checkSystem(
    _ rightHandSide: Matrix, _ operation: String
  ) throws(LinearAlgebraError) {
    precondition(rows == columns, "\(rows)×\(columns) is not square")
    precondition(rows == rightHandSide.rows, "\(rows) and \(rightHandSide.rows) rows")
    try checkForLAPACK(operation)
    try rightHandSide.checkForLAPACK("\(operation), right-hand side")
  }
}
