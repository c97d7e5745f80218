import CLAPACK

/// An extent as BLAS wants it.
///
/// - Precondition: it fits in 32 bits.
func blasSize(_ size: Int) -> Int32 {
  guard let narrow = Int32(exactly: size) else {
    preconditionFailure("an extent of \(size) is beyond the 32-bit sizes of BLAS")
  }
  return narrow
}

/// Calls `body` with offsets and sizes that cover `count` entries in pieces BLAS can count.
func forEachPiece(of count: Int, _ body: (_ offset: Int, _ size: Int32) -> Void) {
  let limit = 1 << 30
  for offset in stride(from: 0, to: count, by: limit) {
    body(offset, Int32(min(limit, count - offset)))
  }
}

extension Matrix {
  /// The sum of the entries' magnitudes, which is not finite when an entry is not (or the sum
  /// overflows).
  var magnitudeSum: Double {
    values.withUnsafeBufferPointer { entries in
      guard let base = entries.baseAddress else { return 0 }
      var sum = 0.0
      forEachPiece(of: entries.count) { sum += cblas_dasum($1, base + $0, 1) }
      return sum
    }
  }

  /// Throws unless every entry is finite and the workspace of a decomposition fits in 32 bits.
  ///
  /// LAPACKE answers bad arguments with a line on standard output, where results go, so they are
  /// caught here, before it is called.
  func checkForLAPACK(_ operation: String) throws(LinearAlgebraError) {
    let (short, long) = (min(rows, columns), max(rows, columns))
    let limit = Int(Int32.max)
    // The largest workspace is that of `dgesdd`: 4k² + 6k + max(m, n), k = min(m, n).
    guard long <= limit / 16, short <= 20_000, values.count <= limit else {
      throw .tooLarge(operation: operation, rows: rows, columns: columns)
    }
    guard !magnitudeSum.isFinite else { return }
    for (position, value) in values.enumerated() where !value.isFinite {
      throw .notFinite(
        operation: operation, row: position / columns, column: position % columns)
    }
  }

  /// Turns what LAPACKE returned into an error, unless it is success or the routine's own `info`.
  func checkStatus(_ info: Int32, _ operation: String) throws(LinearAlgebraError) {
    switch info {
    case 0: return
    case -1011, -1010: throw .outOfMemory(operation: operation, rows: rows, columns: columns)
    default: throw .notConverged(operation: operation, info: Int(info))
    }
  }
}
