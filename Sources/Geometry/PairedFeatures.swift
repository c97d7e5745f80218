public import LinearAlgebra

/// Two feature sets of the same examples, taken in one pass, with all that measures, intervals and
/// nulls need.
///
/// Few rows are kept as they are. Once there are more than ``KeptRows/capacity``, the sums of
/// ``JointMoments`` are kept, and a sample of the rows. Besides there are sums of O(d) for each block
/// of the jackknife, and moments for each block while features are narrow. Memory does not grow with
/// the number of examples, but for 8 bytes of each example's key, by which parts that share
/// examples are told.
///
/// Everything adds: ``merge(_:)`` gives what one pass over all rows would have given, to rounding.
public struct PairedFeatures: Sendable {
  /// What is kept.
  public struct Settings: Equatable, Sendable {
    /// How many blocks the jackknife leaves out in turn.
    public var blocks = 20

    /// How many values of both sides are kept as rows: 4 Mi, that is 32 MiB.
    public var keptValues = 1 << 22

    /// The widest features for which each block has moments of its own.
    public var widestBlocks = 256

    /// Whether examples' keys are kept, to tell parts that share examples.
    public var keepsKeys = true

    /// Twenty blocks, 32 MiB of rows, block moments up to 256 features.
    public init() {}
  }

  /// The number of features before.
  public let beforeWidth: Int

  /// The number of features after.
  public let afterWidth: Int

  /// What is kept.
  public let settings: Settings

  /// The number of examples.
  public internal(set) var count = 0

  /// All rows while they are few, a sample of them otherwise.
  public internal(set) var kept: KeptRows

  /// The moments, once there are more rows than are kept.
  var moments: JointMoments?

  /// Moments by block, for narrow features, together with ``moments``.
  var blockMoments: [JointMoments]?

  /// Sums of O(d) by block: exact leave-one-block-out values of displacements. Without `change`
  /// where widths differ.
  var blockChanges: [ChangeSums]?
  var blockCounts: [Int]

  /// Sums by class, when labels came.
  var classes: (before: ClassSums, after: ClassSums)?

  /// The numbers of all examples, where they are kept.
  package internal(set) var keys: [UInt64] = []

  /// An empty pair.
  ///
  /// - Precondition: widths are positive and there are at least two blocks.
  public init(beforeWidth: Int, afterWidth: Int, settings: Settings = Settings()) {
    precondition(beforeWidth > 0 && afterWidth > 0, "widths \(beforeWidth) and \(afterWidth)")
    precondition(settings.blocks >= 2, "\(settings.blocks) blocks give no interval")
    self.beforeWidth = beforeWidth
    self.afterWidth = afterWidth
    self.settings = settings
    let capacity = settings.keptValues / (beforeWidth + afterWidth)
    kept = KeptRows(
      beforeWidth: beforeWidth, afterWidth: afterWidth, capacity: max(64, min(65_536, capacity)))
    blockCounts = [Int](repeating: 0, count: settings.blocks)
    if beforeWidth == afterWidth {
      blockChanges = [ChangeSums](
        repeating: ChangeSums(width: beforeWidth), count: settings.blocks)
    }
  }

  /// Whether features are narrow enough for every block to have moments of its own.
  var isNarrow: Bool { max(beforeWidth, afterWidth) <= settings.widestBlocks }

  /// Adds rows.
  ///
  /// - Parameters:
  ///   - keys: which example each row is; an example must not come twice.
  ///   - labels: the class of each row; all additions have labels or none has.
  /// - Throws: ``GeometryError/notFinite(side:row:)``.
  /// - Precondition: as many rows on both sides as keys and labels, of the right widths.
  public mutating func add(
    before x: consuming Matrix, after y: consuming Matrix, keys newKeys: [ExampleKey],
    labels: [Int]? = nil
  ) throws(GeometryError) {
    precondition(x.rows == y.rows && x.rows == newKeys.count, "\(x.rows), \(y.rows) rows")
    precondition(x.columns == beforeWidth && y.columns == afterWidth, "rows of other widths")
    precondition(labels.map { $0.count == x.rows } ?? true, "not one label per row")
    try x.checkFinite(side: "before", offset: count)
    try y.checkFinite(side: "after", offset: count)
    guard x.rows > 0 else { return }
    if let labels {
      var sums = classes ?? (ClassSums(width: beforeWidth), ClassSums(width: afterWidth))
      sums.before.add(x, labels: labels)
      sums.after.add(y, labels: labels)
      classes = sums
    }
    addToBlocks(x, y, newKeys)
    if settings.keepsKeys { keys += newKeys.map(\.example) }
    if moments == nil, count + newKeys.count > kept.capacity { try startMoments() }
    count += newKeys.count
    kept.add(x, y, keys: newKeys, labels: labels)
    if moments != nil { try addToMoments(consume x, consume y, newKeys) }
  }

  /// Adds Float32 rows, row-major, widened exactly.
  ///
  /// - Throws: ``GeometryError``.
  public mutating func add(
    before: [Float], after: [Float], keys: [ExampleKey], labels: [Int]? = nil
  ) throws(GeometryError) {
    for (values, width) in [(before, beforeWidth), (after, afterWidth)]
    where values.count != keys.count * width {
      throw .valueCount(expected: keys.count * width, found: values.count)
    }
    for start in stride(from: 0, to: keys.count, by: rowsPerBlock) {
      let rows = start..<min(start + rowsPerBlock, keys.count)
      func block(_ values: [Float], _ width: Int) -> Matrix {
        Matrix(
          rows: rows.count, columns: width,
          values: values[rows.lowerBound * width..<rows.upperBound * width].map { Double($0) })
      }
      try add(
        before: block(before, beforeWidth), after: block(after, afterWidth),
        keys: Array(keys[rows]), labels: labels.map { Array($0[rows]) })
    }
  }

  private mutating func addToBlocks(_ x: Matrix, _ y: Matrix, _ keys: [ExampleKey]) {
    let places = keys.map { $0.block(of: settings.blocks) }
    for place in places { blockCounts[place] += 1 }
    guard var changes = blockChanges else { return }
    blockChanges = nil
    let change = y - x
    let (a, b, c) = (x.rowSquaredNorms, y.rowSquaredNorms, change.rowSquaredNorms)
    let width = beforeWidth
    change.values.withUnsafeBufferPointer { entries in
      for (row, place) in places.enumerated() {
        changes[place].add(change: c[row], before: a[row], after: b[row])
        changes[place].sum.withUnsafeMutableBufferPointer { sum in
          for column in 0..<width { sum[column] += entries[row * width + column] }
        }
      }
    }
    blockChanges = changes
  }

  /// Begins moments with the rows kept so far, which are all there were.
  private mutating func startMoments() throws(GeometryError) {
    moments = JointMoments(beforeWidth: beforeWidth, afterWidth: afterWidth)
    if kept.count > 0 { try addToMoments(kept.rowsBefore, kept.rowsAfter, kept.keys) }
  }

  private mutating func addToMoments(
    _ x: consuming Matrix, _ y: consuming Matrix, _ keys: [ExampleKey]
  ) throws(GeometryError) {
    guard isNarrow else {
      try moments?.add(before: consume x, after: consume y)
      return
    }
    if moments?.beforeShift == nil {
      moments = JointMoments(
        beforeWidth: beforeWidth, afterWidth: afterWidth, beforeShift: pilotShift(of: x),
        afterShift: pilotShift(of: y))
    }
    try moments?.add(before: copy x, after: copy y)
    if blockMoments == nil, let moments {
      let empty = JointMoments(
        beforeWidth: beforeWidth, afterWidth: afterWidth, beforeShift: moments.beforeShift,
        afterShift: moments.afterShift)
      blockMoments = [JointMoments](repeating: empty, count: settings.blocks)
    }
    var rows = [[Int]](repeating: [], count: settings.blocks)
    for (row, key) in keys.enumerated() { rows[key.block(of: settings.blocks)].append(row) }
    for (block, chosen) in rows.enumerated() where !chosen.isEmpty {
      try blockMoments?[block].add(
        before: x.selectingRows(chosen), after: y.selectingRows(chosen))
    }
  }

  /// Adds another part; afterwards this is what one pass over both would have given.
  ///
  /// - Throws: ``GeometryError/widths(expected:found:)``, ``GeometryError/sharedExamples(_:)`` when
  ///   examples are in both parts (their keys were kept), ``GeometryError/settings``.
  public mutating func merge(_ other: PairedFeatures) throws(GeometryError) {
    guard other.beforeWidth == beforeWidth else {
      throw .widths(expected: beforeWidth, found: other.beforeWidth)
    }
    guard other.afterWidth == afterWidth else {
      throw .widths(expected: afterWidth, found: other.afterWidth)
    }
    guard other.settings == settings else { throw .settings }
    guard other.count > 0 else { return }
    let own = Set(keys)
    let shared = other.keys.count { own.contains($0) }
    guard shared == 0 else { throw .sharedExamples(shared) }
    if count > 0, (classes == nil) != (other.classes == nil) { throw .settings }

    if moments == nil, other.moments != nil || count + other.count > kept.capacity {
      try startMoments()
    }
    if let whole = other.moments {
      try moments?.merge(whole)
      if let parts = other.blockMoments {
        if blockMoments == nil {
          blockMoments = parts
        } else {
          for (place, part) in parts.enumerated() { try blockMoments?[place].merge(part) }
        }
        try alignBlockShifts()
      }
    } else if moments != nil {
      try addToMoments(other.kept.rowsBefore, other.kept.rowsAfter, other.kept.keys)
    }
    for place in blockCounts.indices {
      blockCounts[place] += other.blockCounts[place]
      if let part = other.blockChanges?[place] { blockChanges?[place].add(part, sign: 1) }
    }
    if let sums = other.classes {
      if classes == nil {
        classes = sums
      } else {
        classes?.before.merge(sums.before)
        classes?.after.merge(sums.after)
      }
    }
    keys += other.keys
    count += other.count
    kept.merge(other.kept)
  }

  /// Gives the blocks the shifts of the whole, so that they can be taken away from it.
  private mutating func alignBlockShifts() throws(GeometryError) {
    guard let whole = moments, let blocks = blockMoments else { return }
    blockMoments = []
    for block in blocks {
      var aligned = JointMoments(
        beforeWidth: beforeWidth, afterWidth: afterWidth, beforeShift: whole.beforeShift,
        afterShift: whole.afterShift)
      try aligned.merge(block)
      blockMoments?.append(aligned)
    }
  }

  /// Brings the sample of rows into its final form, once all examples are there.
  public mutating func settle() { kept.settle() }

  /// The moments of all examples.
  public func total() throws(GeometryError) -> JointMoments {
    if let moments { return moments }
    var result = JointMoments(beforeWidth: beforeWidth, afterWidth: afterWidth)
    if count > 0 { try result.add(before: kept.rowsBefore, after: kept.rowsAfter) }
    return result
  }
}
