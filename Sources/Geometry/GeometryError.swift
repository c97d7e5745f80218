public import LinearAlgebra

/// Why features or inputs could not be taken in or analysed.
public enum GeometryError: Error, Equatable, Sendable {
  /// A row holds an infinity or something that is not a number; rows are counted from 0 over
  /// everything added so far. `side` is "before", "after" or "inputs".
  case notFinite(side: String, row: Int)

  /// The largest magnitude of one side is so far from 1 that fourth powers, which measures sum, leave what
  /// Float64 can hold.
  case magnitude(side: String, largest: Double)

  /// There are no rows to learn a subspace from.
  case noRows

  /// The widths of two things that must agree do not.
  case widths(expected: Int, found: Int)

  /// Fewer or more values than rows times width.
  case valueCount(expected: Int, found: Int)

  /// This many examples are in both parts that were to be merged.
  case sharedExamples(Int)

  /// Parts were gathered with different settings (blocks, rows kept, labels or none).
  case settings

  /// A decomposition failed.
  case linearAlgebra(LinearAlgebraError)
}

extension GeometryError: CustomStringConvertible {
  /// One line that says what is wrong and what to do.
  public var description: String { (side.map { "\($0): " } ?? "") + reason }

  /// Which features are at fault, where one of two are.
  public var side: String? {
    switch self {
    case .notFinite(let side, _), .magnitude(let side, _): side
    default: nil
    }
  }

  /// What is wrong and what to do, without the ``side``.
  public var reason: String {
    switch self {
    case .notFinite(_, let row):
      "row \(row) holds a value that is not finite; look for NaN in the network's "
        + "parameters or in its inputs"
    case .magnitude(_, let largest):
      "the largest value is \(largest), and sums of fourth powers of such numbers "
        + (largest > 1 ? "overflow" : "vanish")
        + "; multiply the features of both sides by one power of two that brings it near 1"
    case .noRows: "there are no rows; give at least one example"
    case .widths(let expected, let found):
      "\(found) columns where \(expected) are expected; give the same layer of both networks"
    case .valueCount(let expected, let found):
      "\(found) values where \(expected) are expected; give count × width values"
    case .sharedExamples(let count):
      "\(count) \(count == 1 ? "example is" : "examples are") in both parts; give parts of "
        + "different examples"
    case .settings:
      "gathered with other numbers of blocks or kept rows, or only one part has labels; gather all "
        + "parts alike"
    case .linearAlgebra(let error): error.description
    }
  }
}

/// Runs `body` and turns its error into ``GeometryError/linearAlgebra(_:)``.
func convertingErrors<R>(
  _ body: () throws(LinearAlgebraError) -> R
) throws(GeometryError) -> R {
  do throws(LinearAlgebraError) { return try body() } catch { throw .linearAlgebra(error) }
}
