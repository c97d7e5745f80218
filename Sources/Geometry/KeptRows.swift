public import LinearAlgebra

/// A sample of the rows of a pair of feature sets: all of them while they are few.
///
/// Of more rows than there is room for, those of the groups whose keys come first in a fixed random
/// order stay, whole groups only. The sample depends on the examples alone, not on their order, and
/// samples of parts merge into the sample of the whole.
public struct KeptRows: Sendable {
  /// The most rows that are kept.
  public let capacity: Int

  /// How many rows came.
  public private(set) var offered = 0

  private(set) var before: [Double] = []
  private(set) var after: [Double] = []
  private(set) var keys: [ExampleKey] = []
  private(set) var labels: [Int] = []
  private let widths: (before: Int, after: Int)

  /// The last place in the order that still has room; rows of groups beyond it are left out.
  private(set) var limit: UInt64?

  init(beforeWidth: Int, afterWidth: Int, capacity: Int) {
    precondition(capacity > 0, "room for \(capacity) rows")
    self.capacity = capacity
    widths = (beforeWidth, afterWidth)
  }

  /// The number of rows kept.
  public var count: Int { keys.count }

  /// Whether every row that came is kept.
  public var isComplete: Bool { offered == keys.count }

  /// The rows before; in the order of their keys once ``settle()`` was called, in none before.
  public var rowsBefore: Matrix { Matrix(rows: count, columns: widths.before, values: before) }

  /// The rows after, likewise.
  public var rowsAfter: Matrix { Matrix(rows: count, columns: widths.after, values: after) }

  mutating func add(_ x: Matrix, _ y: Matrix, keys newKeys: [ExampleKey], labels newLabels: [Int]?)
  {
    offered += newKeys.count
    if offered > capacity / 2, limit == nil {
      // Room for all there will be, where arrays would double theirs.
      before.reserveCapacity((capacity + capacity / 8 + 1) * widths.before)
      after.reserveCapacity((capacity + capacity / 8 + 1) * widths.after)
    }
    for (row, key) in newKeys.enumerated() {
      if let limit, key.order.0 > limit { continue }
      before += x.values[row * widths.before..<(row + 1) * widths.before]
      after += y.values[row * widths.after..<(row + 1) * widths.after]
      keys.append(key)
      if let newLabels { labels.append(newLabels[row]) }
      if keys.count > capacity + capacity / 8 { prune() }
    }
  }

  mutating func merge(_ other: KeptRows) {
    offered += other.offered
    limit = [limit, other.limit].compactMap { $0 }.min()
    before += other.before
    after += other.after
    keys += other.keys
    labels += other.labels
    settle()
  }

  /// Puts back what a file held.
  ///
  /// - Precondition: as many rows and keys as the values fill.
  mutating func restore(
    offered: Int, before: [Double], after: [Double], keys: [ExampleKey], labels: [Int],
    limit: UInt64?
  ) {
    precondition(
      before.count == keys.count * widths.before && after.count == keys.count * widths.after,
      "\(keys.count) rows")
    (self.offered, self.before, self.after) = (offered, before, after)
    (self.keys, self.labels, self.limit) = (keys, labels, limit)
  }

  /// Brings the sample into its final form: ordered by key, within capacity.
  mutating func settle() {
    let kept = leadingPlaces()
    guard !kept.elementsEqual(keys.indices) else { return }
    let hasLabels = labels.count == keys.count
    before = Self.rows(kept, of: before, width: widths.before)
    after = Self.rows(kept, of: after, width: widths.after)
    if hasLabels { labels = kept.map { labels[$0] } }
    keys = kept.map { keys[$0] }
  }

  /// Leaves out what does not belong to the sample; what does stays where it is, or fills a gap.
  private mutating func prune() {
    let kept = leadingPlaces()
    let hasLabels = labels.count == keys.count
    let stays = Set(kept)
    var last = keys.count
    for gap in 0..<kept.count where !stays.contains(gap) {
      repeat { last -= 1 } while !stays.contains(last)
      for column in 0..<widths.before {
        before[gap * widths.before + column] = before[last * widths.before + column]
      }
      for column in 0..<widths.after {
        after[gap * widths.after + column] = after[last * widths.after + column]
      }
      keys[gap] = keys[last]
      if hasLabels { labels[gap] = labels[last] }
    }
    before.removeLast((keys.count - kept.count) * widths.before)
    after.removeLast((keys.count - kept.count) * widths.after)
    if hasLabels { labels.removeLast(keys.count - kept.count) }
    keys.removeLast(keys.count - kept.count)
  }

  /// The places of the rows that belong to the sample, in the order of their keys; groups that come
  /// later have no room from now on.
  private mutating func leadingPlaces() -> [Int] {
    let order = keys.indices.sorted { keys[$0].order < keys[$1].order }
    var kept: [Int] = []
    var start = 0
    while start < order.count {
      let place = keys[order[start]].order.0
      var end = start
      while end < order.count, keys[order[end]].order.0 == place { end += 1 }
      if let limit, place > limit { break }
      guard end <= capacity else {
        // One group larger than the room is cut, or there would be no rows at all.
        if kept.isEmpty { kept = Array(order[..<min(capacity, end)]) }
        limit = place == 0 ? 0 : (start == 0 ? place : place - 1)
        break
      }
      kept += order[start..<end]
      start = end
    }
    return kept
  }

  private static func rows(_ rows: [Int], of values: [Double], width: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rows.count * width)
    for row in rows { result += values[row * width..<(row + 1) * width] }
    return result
  }

  /// The first `limit` rows in the fixed order, whole groups or not; after ``settle()``.
  func leading(_ limit: Int) -> (before: Matrix, after: Matrix, labels: [Int]) {
    let rows = min(limit, count)
    return (
      rowsBefore[rows: 0..<rows], rowsAfter[rows: 0..<rows],
      labels.count == count ? Array(labels.prefix(rows)) : []
    )
  }
}
