public import LinearAlgebra

/// The sums from which every second-order statistic of a pair of feature sets follows.
///
/// Row i of *before* and row i of *after* are the features of the same example in two networks. One
/// pass over the rows, memory constant in their number: O(p² + q² + p q) for widths p and q.
/// Sums are Float64, and they add: moments of parts ``merge(_:)`` into the moments of the whole.
///
///     var moments = JointMoments(beforeWidth: 512, afterWidth: 512)
///     try moments.add(before: f0, after: f1, count: 256)
///     print(LinearCKA.debiased(moments))
///
/// A fixed *pilot shift*, by default near the mean of the first rows, is taken away from every row
/// before it is squared, so that a large mean does not drown the variance. When both widths are the
/// same, the second moment of the change Δ = after − before is summed too, by itself: as a
/// difference of the others it would lose its digits when the change is small.
public struct JointMoments: Sendable {
  /// The number of features before.
  public let beforeWidth: Int

  /// The number of features after.
  public let afterWidth: Int

  /// The number of examples added.
  public private(set) var count = 0

  /// What is subtracted from every row before; `nil` until the first rows come.
  public private(set) var beforeShift: [Double]?

  /// What is subtracted from every row after; `nil` until the first rows come.
  public private(set) var afterShift: [Double]?

  var sums: ShiftedSums
  var change: ChangeSums?

  /// Empty sums.
  ///
  /// - Parameters:
  ///   - beforeShift: the pilot shift of the features before; by default the mean of the first (at
  ///     most 32) rows, rounded to Float32 so that differences from Float32 values are exact.
  ///   - afterShift: the same for the features after.
  /// - Precondition: widths are positive, and the shifts are as wide as the features.
  public init(
    beforeWidth: Int, afterWidth: Int, beforeShift: [Double]? = nil, afterShift: [Double]? = nil
  ) {
    precondition(beforeWidth > 0 && afterWidth > 0, "widths \(beforeWidth) and \(afterWidth)")
    precondition(beforeShift.map { $0.count == beforeWidth } ?? true, "shift before: wrong width")
    precondition(afterShift.map { $0.count == afterWidth } ?? true, "shift after: wrong width")
    self.beforeWidth = beforeWidth
    self.afterWidth = afterWidth
    self.beforeShift = beforeShift
    self.afterShift = afterShift
    sums = ShiftedSums(beforeWidth: beforeWidth, afterWidth: afterWidth)
    change = beforeWidth == afterWidth ? ChangeSums(width: beforeWidth) : nil
  }

  /// Adds the features of `count` examples, row by row.
  ///
  /// - Throws: ``GeometryError`` when a value is not finite, or there are not `count × width` of
  ///   them. Blocks of rows before the offending one may have been added: start again.
  public mutating func add(
    before: UnsafeBufferPointer<Float>, after: UnsafeBufferPointer<Float>, count: Int
  ) throws(GeometryError) {
    let (expected, overflow) = count.multipliedReportingOverflow(by: afterWidth)
    guard !overflow, after.count == expected else {
      throw .valueCount(expected: expected, found: after.count)
    }
    let width = afterWidth
    try forEachBlock(of: before, count: count, width: beforeWidth) {
      (rows, x) throws(GeometryError) in
      let part = UnsafeBufferPointer(
        rebasing: after[rows.lowerBound * width..<rows.upperBound * width])
      try forEachBlock(of: part, count: rows.count, width: width) {
        (_, y) throws(GeometryError) in try addBlock(x, y)
      }
    }
  }

  /// Adds the features of `count` examples, row by row; see
  /// ``add(before:after:count:)-(UnsafeBufferPointer<Float>,_,_)``.
  public mutating func add(
    before: [Float], after: [Float], count: Int
  ) throws(GeometryError) {
    let result = before.withUnsafeBufferPointer { x in
      after.withUnsafeBufferPointer { y in
        Result { () throws(GeometryError) in try add(before: x, after: y, count: count) }
      }
    }
    try result.get()
  }

  /// Adds examples that are already Float64.
  ///
  /// - Precondition: as many rows before as after, of the right widths.
  public mutating func add(
    before: consuming Matrix, after: consuming Matrix
  ) throws(GeometryError) {
    precondition(before.rows == after.rows, "\(before.rows) and \(after.rows) rows")
    precondition(
      before.columns == beforeWidth && after.columns == afterWidth,
      "\(before.columns) and \(after.columns) columns for \(beforeWidth) and \(afterWidth)")
    if before.rows <= rowsPerBlock {
      if before.rows > 0 { try addBlock(before, after) }
      return
    }
    var start = 0
    while start < before.rows {
      let rows = start..<min(start + rowsPerBlock, before.rows)
      try addBlock(before[rows: rows], after[rows: rows])
      start = rows.upperBound
    }
  }

  private mutating func addBlock(
    _ x: consuming Matrix, _ y: consuming Matrix
  ) throws(GeometryError) {
    try x.checkFinite(side: "before", offset: count)
    try y.checkFinite(side: "after", offset: count)
    let (p, q) = (beforeShift ?? pilotShift(of: x), afterShift ?? pilotShift(of: y))
    (beforeShift, afterShift) = (p, q)
    // The change of rows as they are, which is exact for Float32 values, before it is shifted.
    var moved = change?.add(x, y)
    moved?.subtractFromRows(difference(q, p))
    x.subtractFromRows(p)
    y.subtractFromRows(q)
    sums.add(x, y, change: moved, isFirst: count == 0)
    count += x.rows
  }

  /// Adds the moments of other examples. Different pilot shifts are made equal by algebra, exactly
  /// but for rounding.
  ///
  /// Nothing here can tell that an example is in both parts: whoever merges looks at example IDs.
  ///
  /// - Throws: ``GeometryError/widths(expected:found:)``.
  public mutating func merge(_ other: JointMoments) throws(GeometryError) {
    guard other.beforeWidth == beforeWidth else {
      throw .widths(expected: beforeWidth, found: other.beforeWidth)
    }
    guard other.afterWidth == afterWidth else {
      throw .widths(expected: afterWidth, found: other.afterWidth)
    }
    guard other.count > 0 else { return }
    guard let p = other.beforeShift, let q = other.afterShift else { return }
    let (wantedP, wantedQ) = (beforeShift ?? p, afterShift ?? q)
    (beforeShift, afterShift) = (wantedP, wantedQ)
    var part = other.sums
    if p != wantedP || q != wantedQ {
      part.shift(before: difference(p, wantedP), after: difference(q, wantedQ), count: other.count)
    }
    sums.add(part, scale: 1)
    if let otherChange = other.change { change?.add(otherChange, sign: 1) }
    count += other.count
  }

  /// Says how many examples restored sums are of.
  mutating func restore(count: Int) { self.count = count }

  /// The moments without those of `part`, which was merged before and has the same pilot shifts.
  ///
  /// - Precondition: the shifts are equal and `part` is not larger than the whole.
  func removing(_ part: JointMoments) -> JointMoments {
    guard part.count > 0 else { return self }
    precondition(
      part.beforeShift == beforeShift && part.afterShift == afterShift && part.count <= count,
      "\(part.count) of \(count) examples, or other shifts")
    var result = self
    result.sums.add(part.sums, scale: -1)
    if let partChange = part.change { result.change?.add(partChange, sign: -1) }
    result.count -= part.count
    return result
  }
}

/// The mean of the first rows (at most 32), rounded to Float32; where these are all the same number,
/// that number, so that nothing is left of a constant feature.
func pilotShift(of rows: Matrix) -> [Double] {
  let first = rows[rows: 0..<min(32, rows.rows)]
  return first.columnMeans.enumerated().map { column, mean in
    if first.rows > 0 {
      let value = first[0, column]
      if (0..<first.rows).allSatisfy({ first[$0, column] == value }) { return value }
    }
    let rounded = Double(Float(mean))
    return rounded.isFinite ? rounded : mean
  }
}
