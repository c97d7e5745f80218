import LinearAlgebra

/// How many rows are widened to Float64 at a time.
let rowsPerBlock = 512

/// Calls `body` with blocks of `count` rows of Float32 values, widened exactly.
///
/// - Throws: ``GeometryError/valueCount(expected:found:)`` when there are not `count × width`
///   values, and whatever `body` throws.
func forEachBlock(
  of values: UnsafeBufferPointer<Float>, count: Int, width: Int,
  _ body: (Range<Int>, Matrix) throws(GeometryError) -> Void
) throws(GeometryError) {
  let (expected, overflow) = count.multipliedReportingOverflow(by: width)
  guard count >= 0, !overflow, values.count == expected else {
    throw .valueCount(expected: expected, found: values.count)
  }
  var start = 0
  while start < count {
    let rows = start..<min(start + rowsPerBlock, count)
    let entries = UnsafeBufferPointer(
      rebasing: values[rows.lowerBound * width..<rows.upperBound * width])
    let widened = [Double](unsafeUninitializedCapacity: entries.count) { buffer, filled in
      var index = 0
      while index < entries.count {
        buffer[index] = Double(entries[index])
        index += 1
      }
      filled = entries.count
    }
    try body(rows, Matrix(rows: rows.count, columns: width, values: widened))
    start = rows.upperBound
  }
}

extension Matrix {
  /// Throws the number of the first row that is not finite, counted from `offset`.
  func checkFinite(side: String, offset: Int) throws(GeometryError) {
    guard !isFinite else { return }
    let position = values.firstIndex { !$0.isFinite } ?? 0
    throw .notFinite(side: side, row: offset + position / columns)
  }
}
