/// Why a decomposition or a solution could not be had.
public enum LinearAlgebraError: Error, Equatable, Sendable {
  /// The matrix has an entry that is infinite or not a number.
  case notFinite(operation: String, row: Int, column: Int)

  /// The iteration inside LAPACK gave up; `info` is what it returned.
  case notConverged(operation: String, info: Int)

  /// The matrix has no inverse to working precision, or is not positive definite where it must be.
  case singular(operation: String, info: Int)

  /// The workspace would need more than 2³¹ − 1 entries, LAPACK's limit for a 32-bit integer.
  case tooLarge(operation: String, rows: Int, columns: Int)

  /// LAPACK had no memory for its workspace.
  case outOfMemory(operation: String, rows: Int, columns: Int)
}

extension LinearAlgebraError: CustomStringConvertible {
  /// One line: which operation, then what is wrong.
  public var description: String {
    switch self {
    case .notFinite(let operation, let row, let column):
      "\(operation): the entry at row \(row), column \(column) is not a finite number"
    case .notConverged(let operation, let info):
      "\(operation): did not converge (LAPACK info \(info))"
    case .singular(let operation, let info):
      "\(operation): the matrix is singular or not positive definite (LAPACK info \(info))"
    case .tooLarge(let operation, let rows, let columns):
      "\(operation): a \(rows)×\(columns) matrix is beyond LAPACK's 32-bit sizes"
    case .outOfMemory(let operation, let rows, let columns):
      "\(operation): no memory for the workspace of a \(rows)×\(columns) matrix"
    }
  }
}
