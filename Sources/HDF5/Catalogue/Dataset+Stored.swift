import Dispatch
import Synchronization

extension Dataset {
  /// The elements of `rows`, taken for numbers by `convert`.
  func numbers<T: Sendable>(
    _ stored: StoredDataset, _ rows: Range<Int>?, _ convert: (StoredNumbers) -> [T]
  ) throws(HDF5Error) -> [T] {
    try checkNumeric()
    return try withStored(stored, rows) { bytes, isBigEndian in
      convert(StoredNumbers(bytes: bytes, type: elementType, isBigEndian: isBigEndian))
    }
  }

  /// The bytes of `rows` as they are in the file.
  func storedBytes(_ stored: StoredDataset, _ rows: Range<Int>?) throws(HDF5Error) -> [UInt8] {
    try withStored(stored, rows) { bytes, _ in Array(bytes) }
  }

  /// The texts of `rows`.
  func texts(_ stored: StoredDataset, _ rows: Range<Int>?) throws(HDF5Error) -> [String] {
    try checkStorage()
    if case .fixedString = elementType {
      let bytes = try storedBytes(stored, rows)
      return FixedText(padding: stored.padding).strings(bytes, size: elementSize)
    }
    let range = try elementRange(rows)
    guard let texts = stored.texts else {
      guard let catalogue = file.catalogue else { throw notCatalogued }
      let texts = try catalogue.reader.texts(catalogue, path, rows)
      guard texts.count == range.count else { throw garbled }
      return texts
    }
    return Array(texts[range])
  }

  /// Runs `body` with the elements of `rows` where they are in the mapped file, when they are
  /// there uncompressed, little-endian and of the element type; gives `nil` otherwise.
  ///
  /// The bytes may begin at any address. They change when another program changes the file; where
  /// it cuts the file off they become zeros, and this fails when `body` is done.
  ///
  /// - Throws: ``HDF5Error`` when the values are refused, as for every reading.
  public func withMappedBytes<R>(
    rows: Range<Int>? = nil, _ body: (UnsafeRawBufferPointer) throws(HDF5Error) -> R
  ) throws(HDF5Error) -> R? {
    guard let stored, !isBigEndian, case .file = stored.source, storage.filters.isEmpty,
      case .contiguous = storage.layout, let start = storage.offset,
      let catalogue = file.catalogue
    else { return nil }
    try checkStorage()
    let range = try elementRange(rows)
    guard
      let bytes = catalogue.bytes.slice(
        start + range.lowerBound * elementSize, range.count * elementSize)
    else { throw beyond }
    defer { withExtendedLifetime(catalogue) {} }
    let result = try body(bytes)
    try catalogue.requireWhole()
    return result
  }

  private var notCatalogued: HDF5Error { error(.library, "not described by a reader") }
  private var garbled: HDF5Error { error(.damaged, "the reader gave other values than asked for") }
  private var beyond: HDF5Error {
    error(.truncated, "its values lie beyond the end of the file; it is cut short")
  }

  private func elementRange(_ rows: Range<Int>?) throws(HDF5Error) -> Range<Int> {
    guard let rows else { return 0..<count }
    let extent = shape.first ?? 0
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= extent,
      "rows \(rows) of a dataset with \(extent)")
    let width = shape.dropFirst().reduce(1, *)
    return rows.lowerBound * width..<rows.upperBound * width
  }

  /// Runs `body` with the elements of `rows` and whether their highest byte comes first.
  private func withStored<R>(
    _ stored: StoredDataset, _ rows: Range<Int>?, _ body: (UnsafeRawBufferPointer, Bool) -> R
  ) throws(HDF5Error) -> R {
    try checkStorage()
    guard let catalogue = file.catalogue else { throw notCatalogued }
    let range = try elementRange(rows)
    try checkMemory(range.count, 8)
    let byteCount = range.count * elementSize
    switch stored.source {
    case .file:
      guard let start = storage.offset else {
        return filled(stored, range.count).withUnsafeBytes { body($0, isBigEndian) }
      }
      guard let bytes = catalogue.bytes.slice(start + range.lowerBound * elementSize, byteCount)
      else { throw beyond }
      let result = withExtendedLifetime(catalogue) { body(bytes, isBigEndian) }
      // A part of a large file: going through all parts must not keep the whole in memory.
      if rows != nil, byteCount >= 1 << 20 { MappedPages.release(bytes) }
      try catalogue.requireWhole()
      return result
    case .inline(let values):
      return values.withUnsafeBytes { whole in
        body(
          UnsafeRawBufferPointer(
            rebasing: whole[
              range.lowerBound * elementSize..<range.upperBound * elementSize]), isBigEndian)
      }
    case .blocks(let blocks):
      guard case .chunked(let extents) = storage.layout else { throw garbled }
      let values = try decoded(stored, blocks, extents, rows, catalogue)
      return values.withUnsafeBytes { body($0, isBigEndian) }
    case .reader:
      guard byteCount > 0 else { return body(UnsafeRawBufferPointer(start: nil, count: 0), false) }
      let (values, isBigEndian) = try catalogue.reader.values(
        catalogue, path, rows, byteCount: byteCount)
      return values.withUnsafeBytes { body($0, isBigEndian) }
    }
  }

  private func filled(_ stored: StoredDataset, _ count: Int) -> [UInt8] {
    if stored.fill.allSatisfy({ $0 == 0 }) {
      return [UInt8](repeating: 0, count: count * elementSize)
    }
    var values: [UInt8] = []
    values.reserveCapacity(count * elementSize)
    for _ in 0..<count { values += stored.fill }
    return values
  }

  /// The elements of `rows`, put together from the blocks that touch them, decoded side by side.
  private func decoded(
    _ stored: StoredDataset, _ blocks: [StoredBlock], _ extents: [Int], _ rows: Range<Int>?,
    _ catalogue: CatalogueFile
  ) throws(HDF5Error) -> [UInt8] {
    let rows = rows ?? 0..<(shape.first ?? 0)
    let blockBytes = extents.reduce(elementSize, *)
    // What a block takes while it is decoded, beside the result: its bytes after one filter and
    // after the next.
    guard blockBytes <= file.allowance / 2 else {
      throw error(
        .tooLarge, "is stored in blocks of \(blockBytes) bytes; repack it in smaller ones")
    }
    let touched = blocks.filter {
      $0.start[0] < rows.upperBound && $0.start[0] + extents[0] > rows.lowerBound
    }
    let width = shape.dropFirst().reduce(1, *)
    guard !rows.isEmpty, width > 0 else { return [] }
    var values = filled(stored, rows.count * width)
    let failure = Mutex<HDF5Error?>(nil)
    let next = Atomic<Int>(0)
    let threads = min(
      touched.count, blockBytes < 4096 ? 1 : min(4, file.allowance / (2 * blockBytes)))
    let placement = BlockPlacement(
      shape: shape, extents: extents, rows: rows, elementSize: elementSize)
    values.withUnsafeMutableBytes { result in
      nonisolated(unsafe) let result = result
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        guard
          var decoder = ChunkDecoder(
            storage.filters, elementSize: elementSize, byteCount: blockBytes)
        else {
          failure.withLock { $0 = error(.library, "no memory to decode it") }
          return
        }
        while true {
          let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard place < touched.count, failure.withLock({ $0 == nil }) else { return }
          let block = touched[place]
          do throws(HDF5Error) {
            guard let source = catalogue.bytes.slice(block.offset, block.byteCount) else {
              throw beyond
            }
            let decodedBlock = try self.decoded(&decoder, source, block)
            placement.copy(decodedBlock, at: block.start, to: result)
          } catch {
            failure.withLock { $0 = error }
          }
        }
      }
    }
    // All at once: reading a block brings pages of its neighbours along.
    let inFile = touched.filter { catalogue.bytes.slice($0.offset, $0.byteCount) != nil }
    let end = inFile.map { $0.offset + $0.byteCount }.max() ?? 0
    if let start = inFile.map(\.offset).min(), let read = catalogue.bytes.slice(start, end - start)
    {
      MappedPages.release(read)
    }
    // First, since lost bytes are the cause of whatever else went wrong.
    try catalogue.requireWhole()
    if let error = failure.withLock({ $0 }) { throw error }
    return values
  }

  private func decoded(
    _ decoder: inout ChunkDecoder, _ source: UnsafeRawBufferPointer, _ block: StoredBlock
  ) throws(HDF5Error) -> [UInt8] {
    do throws(ChunkDecoder.Failure) {
      return try decoder.decode(source, skipped: block.skipped)
    } catch {
      switch error {
      case .checksum: throw self.error(.damaged, "the checksum of a block is not that of its bytes")
      case .size: throw self.error(.damaged, "a block has another size than its extents say")
      case .compressed: throw self.error(.damaged, "a block's compressed bytes are damaged")
      }
    }
  }
}

/// Where the elements of a block belong in a range of rows.
struct BlockPlacement: Sendable {
  let shape: [Int]
  let extents: [Int]
  let rows: Range<Int>
  let elementSize: Int

  /// Copies what a block that begins at `start` holds of the rows.
  func copy(_ block: [UInt8], at start: [Int], to result: UnsafeMutableRawBufferPointer) {
    let rank = shape.count
    var lower = start
    var upper = zip(zip(start, extents), shape).map { min($0.0 + $0.1, $1) }
    lower[0] = max(lower[0], rows.lowerBound)
    upper[0] = min(upper[0], rows.upperBound)
    guard zip(lower, upper).allSatisfy({ $0 < $1 }) else { return }
    let last = rank - 1
    let run = (upper[last] - lower[last]) * elementSize
    var place = lower
    block.withUnsafeBytes { block in
      guard let source = block.baseAddress, let target = result.baseAddress else { return }
      while true {
        var (from, to) = (0, 0)
        for axis in 0..<rank {
          from = from * extents[axis] + place[axis] - start[axis]
          to = to * shape[axis] + place[axis] - (axis == 0 ? rows.lowerBound : 0)
        }
        target.advanced(by: to * elementSize)
          .copyMemory(from: source.advanced(by: from * elementSize), byteCount: run)
        var axis = last - 1
        while axis >= 0 {
          place[axis] += 1
          if place[axis] < upper[axis] { break }
          place[axis] = lower[axis]
          axis -= 1
        }
        if axis < 0 { return }
      }
    }
  }
}
