import LinearAlgebra

/// What ``PairedFeatures`` keeps, as named arrays for a file.
public struct PairedFeaturesArchive: Sendable {
  /// Arrays of numbers with their extents, by name.
  public var numbers: [String: (shape: [Int], values: [Double])] = [:]

  /// Lists of whole numbers, by name.
  public var integers: [String: [Int64]] = [:]

  /// An archive without arrays.
  public init() {}

  /// The list called `name`, when it has the length asked for.
  func integers(_ name: String, count: Int? = nil) throws(ArchiveError) -> [Int64] {
    guard let found = integers[name] else { throw ArchiveError(name, "is missing") }
    if let count, found.count != count {
      throw ArchiveError(name, "has \(found.count) numbers where \(count) are expected")
    }
    return found
  }

  /// The array called `name`, when it has the extents asked for.
  func numbers(_ name: String, _ shape: [Int]) throws(ArchiveError) -> [Double] {
    guard let found = numbers[name] else { throw ArchiveError(name, "is missing") }
    guard found.shape == shape, found.values.count == shape.reduce(1, *) else {
      throw ArchiveError(name, "has other extents than the rest asks for")
    }
    guard found.values.allSatisfy({ $0.isFinite }) else {
      throw ArchiveError(name, "holds a value that is not finite")
    }
    return found.values
  }
}

/// What is wrong with an archive.
public struct ArchiveError: Error, Equatable, Sendable {
  /// The array at fault.
  public var name: String

  /// What is wrong with it.
  public var reason: String

  init(_ name: String, _ reason: String) {
    self.name = name
    self.reason = reason
  }
}

extension PairedFeatures {
  /// Everything that is kept, as arrays.
  public var archive: PairedFeaturesArchive {
    var features = self
    features.kept.settle()
    return features.settledArchive
  }

  private var settledArchive: PairedFeaturesArchive {
    var archive = PairedFeaturesArchive()
    func bits(_ keys: [UInt64]) -> [Int64] { keys.map { Int64(bitPattern: $0) } }
    archive.integers["counts"] = [
      beforeWidth, afterWidth, count, settings.blocks, settings.keptValues, settings.widestBlocks,
      settings.keepsKeys ? 1 : 0, moments == nil ? 0 : 1, blockMoments == nil ? 0 : 1, kept.offered,
    ].map { Int64($0) }
    archive.integers["block_counts"] = blockCounts.map { Int64($0) }
    archive.integers["example_keys"] = bits(keys)
    archive.integers["kept_examples"] = bits(kept.keys.map(\.example))
    archive.integers["kept_groups"] = bits(kept.keys.map(\.group))
    archive.integers["kept_limit"] = kept.limit.map { [Int64(bitPattern: $0)] } ?? []
    archive.integers["kept_labels"] = kept.labels.map { Int64($0) }
    archive.numbers["kept_before"] = ([kept.count, beforeWidth], kept.before)
    archive.numbers["kept_after"] = ([kept.count, afterWidth], kept.after)
    if let blockChanges {
      archive.numbers["block_change_sums"] = (
        [settings.blocks, beforeWidth], blockChanges.flatMap(\.sum)
      )
      archive.numbers["block_change_scalars"] = (
        [settings.blocks, 10], blockChanges.flatMap(\.scalars)
      )
    }
    moments?.store(in: &archive, "moments")
    for (place, block) in (blockMoments ?? []).enumerated() {
      block.store(in: &archive, "block_\(place)")
    }
    if let classes {
      let labels = classes.before.counts.keys.sorted()
      archive.integers["class_labels"] = labels.map { Int64($0) }
      archive.integers["class_counts"] = labels.map { Int64(classes.before.counts[$0] ?? 0) }
      archive.numbers["class_sums_before"] = (
        [labels.count, beforeWidth], labels.flatMap { classes.before.sums[$0] ?? [] }
      )
      archive.numbers["class_sums_after"] = (
        [labels.count, afterWidth], labels.flatMap { classes.after.sums[$0] ?? [] }
      )
    }
    return archive
  }

  /// What an archive holds.
  ///
  /// - Throws: ``ArchiveError`` when arrays are missing, of other extents than they say of each other,
  ///   or hold what cannot be.
  public init(_ archive: PairedFeaturesArchive) throws(ArchiveError) {
    let counts = try archive.integers("counts", count: 10).map { Int(clamping: $0) }
    let (p, q, blocks) = (counts[0], counts[1], counts[3])
    guard (1...1 << 20).contains(p), (1...1 << 20).contains(q), counts[2] >= 0,
      (2...1000).contains(blocks), counts[4] > 0, counts[5] >= 0, counts[9] == counts[2]
    else { throw ArchiveError("counts", "holds numbers that cannot be") }
    var settings = Settings()
    settings.blocks = blocks
    settings.keptValues = counts[4]
    settings.widestBlocks = counts[5]
    settings.keepsKeys = counts[6] != 0
    self.init(beforeWidth: p, afterWidth: q, settings: settings)
    count = counts[2]
    func keys(_ name: String, _ count: Int) throws(ArchiveError) -> [UInt64] {
      try archive.integers(name, count: count).map { UInt64(bitPattern: $0) }
    }
    blockCounts = try archive.integers("block_counts", count: blocks).map { Int(clamping: $0) }
    guard blockCounts.allSatisfy({ $0 >= 0 && $0 <= count }), blockCounts.reduce(0, +) == count
    else { throw ArchiveError("block_counts", "does not add up to the examples") }
    self.keys = try keys("example_keys", settings.keepsKeys ? count : 0)
    let examples = try archive.integers("kept_examples")
    let groups = try keys("kept_groups", examples.count)
    guard examples.count <= count else {
      throw ArchiveError("kept_examples", "more than there are")
    }
    let labels = try archive.integers("kept_labels")
    guard labels.isEmpty || labels.count == examples.count else {
      throw ArchiveError("kept_labels", "not one label per row")
    }
    kept.restore(
      offered: count,
      before: try archive.numbers("kept_before", [examples.count, p]),
      after: try archive.numbers("kept_after", [examples.count, q]),
      keys: zip(examples, groups).map {
        ExampleKey(example: UInt64(bitPattern: $0), group: $1)
      }, labels: labels.map { Int(clamping: $0) },
      limit: try archive.integers("kept_limit").first.map { UInt64(bitPattern: $0) })
    if p == q {
      let sums = try archive.numbers("block_change_sums", [blocks, p])
      let scalars = try archive.numbers("block_change_scalars", [blocks, 10])
      blockChanges = (0..<blocks).map { place in
        var change = ChangeSums(width: p)
        change.sum = Array(sums[place * p..<(place + 1) * p])
        change.scalars = Array(scalars[place * 10..<(place + 1) * 10])
        return change
      }
    }
    if counts[7] != 0 { moments = try JointMoments(archive, "moments", count: count, p, q) }
    guard moments != nil || kept.isComplete else {
      throw ArchiveError("kept_before", "fewer rows than examples, and no moments")
    }
    if counts[8] != 0 {
      guard counts[7] != 0 else { throw ArchiveError("counts", "blocks without their whole") }
      var parts: [JointMoments] = []
      for place in 0..<blocks {
        parts.append(
          try JointMoments(archive, "block_\(place)", count: blockCounts[place], p, q))
      }
      blockMoments = parts
    }
    if archive.integers["class_labels"] != nil {
      let labels = try archive.integers("class_labels").map { Int(clamping: $0) }
      let sizes = try archive.integers("class_counts", count: labels.count)
      let x = try archive.numbers("class_sums_before", [labels.count, p])
      let y = try archive.numbers("class_sums_after", [labels.count, q])
      var sums = (ClassSums(width: p), ClassSums(width: q))
      for (place, label) in labels.enumerated() {
        let size = Int(clamping: sizes[place])
        sums.0.set(Array(x[place * p..<(place + 1) * p]), count: size, label: label)
        sums.1.set(Array(y[place * q..<(place + 1) * q]), count: size, label: label)
      }
      classes = sums
    }
  }
}
