import LinearAlgebra

/// Joint moments kept in blocks of examples, so that every statistic of them gets an interval.
///
/// Example number i goes to block i mod B, whatever the batches, so that sets sorted by class spread
/// over all blocks; examples that come in groups are given their block explicitly. Memory is B times
/// that of ``JointMoments`` and rows wait in Float32 until a block has 128 of them: for 2 048
/// features, 20 blocks take about 2.7 GB; use fewer blocks (at least 8) for wide features.
public struct BlockedMoments: Sendable {
  /// The number of blocks.
  public var blockCount: Int { blocks.count }

  /// The number of examples added.
  public private(set) var count = 0

  private var blocks: [JointMoments]
  private var waitingBefore: [[Float]]
  private var waitingAfter: [[Float]]
  private let rowsToWaitFor = 128

  /// Empty blocks.
  ///
  /// - Precondition: `blockCount >= 2`; widths and shifts as for ``JointMoments``.
  public init(
    beforeWidth: Int, afterWidth: Int, blockCount: Int = 20, beforeShift: [Double]? = nil,
    afterShift: [Double]? = nil
  ) {
    precondition(blockCount >= 2, "\(blockCount) blocks give no interval")
    let empty = JointMoments(
      beforeWidth: beforeWidth, afterWidth: afterWidth, beforeShift: beforeShift,
      afterShift: afterShift)
    blocks = [JointMoments](repeating: empty, count: blockCount)
    waitingBefore = [[Float]](repeating: [], count: blockCount)
    waitingAfter = waitingBefore
  }

  /// Adds the features of `count` examples, row by row.
  ///
  /// - Parameter groups: a number per example; examples with equal numbers stay in one block. By
  ///   default every example is a group of its own.
  /// - Throws: ``GeometryError`` when a value is not finite, or there are not `count × width` of
  ///   them.
  /// - Precondition: as many groups as examples.
  public mutating func add(
    before: UnsafeBufferPointer<Float>, after: UnsafeBufferPointer<Float>, count newCount: Int,
    groups: [Int]? = nil
  ) throws(GeometryError) {
    let (p, q) = (blocks[0].beforeWidth, blocks[0].afterWidth)
    precondition(groups.map { $0.count == newCount } ?? true, "not one group per example")
    for (values, width) in [(before, p), (after, q)] {
      let (expected, overflow) = newCount.multipliedReportingOverflow(by: width)
      guard newCount >= 0, !overflow, values.count == expected else {
        throw .valueCount(expected: expected, found: values.count)
      }
    }
    guard newCount > 0 else { return }
    try shareShifts(before, after)
    for row in 0..<newCount {
      let (x, y) = (before[row * p..<(row + 1) * p], after[row * q..<(row + 1) * q])
      guard x.allSatisfy({ $0.isFinite }) else {
        throw .notFinite(side: "before", row: count + row)
      }
      guard y.allSatisfy({ $0.isFinite }) else {
        throw .notFinite(side: "after", row: count + row)
      }
      let number = groups?[row] ?? (count + row)
      let block = Int(number.magnitude % UInt(blocks.count))
      waitingBefore[block] += x
      waitingAfter[block] += y
      if waitingAfter[block].count >= rowsToWaitFor * q { try flush(block) }
    }
    count += newCount
  }

  /// Adds the features of `count` examples, row by row.
  public mutating func add(
    before: [Float], after: [Float], count: Int, groups: [Int]? = nil
  ) throws(GeometryError) {
    let result = before.withUnsafeBufferPointer { x in
      after.withUnsafeBufferPointer { y in
        Result { () throws(GeometryError) in
          try add(before: x, after: y, count: count, groups: groups)
        }
      }
    }
    try result.get()
  }

  /// The moments of all examples.
  public mutating func total() throws(GeometryError) -> JointMoments {
    for block in blocks.indices { try flush(block) }
    var sum = blocks[0]
    for block in blocks.dropFirst() { try sum.merge(block) }
    return sum
  }

  /// The moments of the even and of the odd blocks.
  ///
  /// Whatever differs between the halves, such as the principal angles between their leading
  /// directions, is what sampling alone does: the floor for the same comparison between networks.
  public mutating func halves() throws(GeometryError) -> (JointMoments, JointMoments) {
    for block in blocks.indices { try flush(block) }
    var (even, odd) = (blocks[0], blocks[1])
    for index in blocks.indices.dropFirst(2) {
      if index % 2 == 0 { try even.merge(blocks[index]) } else { try odd.merge(blocks[index]) }
    }
    return (even, odd)
  }

  /// Statistics of all examples, each with its delete-block jackknife interval.
  ///
  /// `statistics` is called B + 1 times, so that values which share costly work come from one call.
  ///
  /// - Parameters:
  ///   - scale: the scale of each interval; Fisher's z for CKA, the logarithm for displacements that
  ///     are to be compared by ratios.
  /// - Precondition: `statistics` returns the same number of values every time.
  public mutating func estimates(
    scale: EstimateScale = .identity, level: Double = 0.95,
    _ statistics: (JointMoments) throws(GeometryError) -> [Measured]
  ) throws(GeometryError) -> [Estimate] {
    let whole = try total()
    let full = try statistics(whole)
    let counts = blocks.map(\.count)
    var leftOut = [[Measured]](repeating: [], count: full.count)
    for block in blocks {
      let values = try statistics(whole.removing(block))
      precondition(values.count == full.count, "\(values.count) statistics, then \(full.count)")
      for (index, value) in values.enumerated() { leftOut[index].append(value) }
    }
    return full.indices.map { index in
      Jackknife.estimate(
        full: full[index], leftOut: leftOut[index], counts: counts, scale: scale, level: level)
    }
  }

  /// One statistic of all examples with its delete-block jackknife interval.
  public mutating func estimate(
    scale: EstimateScale = .identity, level: Double = 0.95,
    _ statistic: (JointMoments) throws(GeometryError) -> Measured
  ) throws(GeometryError) -> Estimate {
    try estimates(scale: scale, level: level) { (moments) throws(GeometryError) in
      [try statistic(moments)]
    }[0]
  }

  /// All blocks subtract the same pilot shift, that of the first rows of all.
  private mutating func shareShifts(
    _ before: UnsafeBufferPointer<Float>, _ after: UnsafeBufferPointer<Float>
  ) throws(GeometryError) {
    guard blocks[0].beforeShift == nil || blocks[0].afterShift == nil else { return }
    let (p, q) = (blocks[0].beforeWidth, blocks[0].afterWidth)
    let rows = min(32, before.count / p)
    let x = Matrix(rows: rows, columns: p, single: Array(before.prefix(rows * p)))
    let y = Matrix(rows: rows, columns: q, single: Array(after.prefix(rows * q)))
    try x.checkFinite(side: "before", offset: 0)
    try y.checkFinite(side: "after", offset: 0)
    let empty = JointMoments(
      beforeWidth: p, afterWidth: q, beforeShift: blocks[0].beforeShift ?? pilotShift(of: x),
      afterShift: blocks[0].afterShift ?? pilotShift(of: y))
    blocks = [JointMoments](repeating: empty, count: blocks.count)
  }

  private mutating func flush(_ block: Int) throws(GeometryError) {
    let rows = waitingBefore[block].count / blocks[block].beforeWidth
    guard rows > 0 else { return }
    try blocks[block].add(before: waitingBefore[block], after: waitingAfter[block], count: rows)
    waitingBefore[block].removeAll(keepingCapacity: true)
    waitingAfter[block].removeAll(keepingCapacity: true)
  }
}
