import CDeflate
import CHDF5

/// Blocks whose numbers are packed by filters that only the HDF5 library undoes: szip, n-bit and
/// scale-offset.
///
/// The library believes what a file says about them: where a block is shorter than its numbers take, or
/// made for fewer of them, it reads on in whatever memory follows, and gives that for values.
struct PackedBlocks {
  private let dataset: Dataset
  private let filters: [Storage.Filter]
  private let place: Int
  private let extents: [Int]
  private let count: Int

  /// `nil` where no filter packs.
  init?(_ dataset: Dataset) {
    let filters = dataset.storage.filters
    guard case .chunked(let extents) = dataset.storage.layout,
      let place = filters.firstIndex(where: { (4...6).contains($0.number) })
    else { return nil }
    (self.dataset, self.filters, self.place, self.extents) = (dataset, filters, place, extents)
    count = extents.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
  }

  private var damaged: HDF5Error {
    dataset.error(.damaged, "a block holds fewer values than its extents say")
  }

  /// Refuses blocks that touch `rows`, all when `nil`, and do not hold what they should.
  func requireWhole(_ rows: Range<Int>?) throws(HDF5Error) {
    let filter = filters[place]
    // The number of values that a block was packed for.
    if filter.number != 4 {
      guard filter.settings.count > 2, Int(filter.settings[2]) == count else { throw damaged }
    }
    let shape = dataset.shape
    let rows = rows ?? 0..<(shape.first ?? 0)
    guard !rows.isEmpty, shape.count == extents.count, shape.allSatisfy({ $0 > 0 }) else { return }
    let first = rows.lowerBound / extents[0] * extents[0]
    var start = [Int](repeating: 0, count: shape.count)
    start[0] = first
    while start[0] < rows.upperBound {
      try requireWhole(at: start.map { hsize_t($0) })
      var axis = shape.count - 1
      start[axis] += extents[axis]
      while axis > 0, start[axis] >= shape[axis] {
        start[axis] = 0
        axis -= 1
        start[axis] += extents[axis]
      }
    }
  }

  /// By its place, which takes the library no longer the more blocks there are.
  private func requireWhole(at start: [hsize_t]) throws(HDF5Error) {
    let block = try Library.call { () throws(HDF5Error) -> (bytes: [UInt8], skipped: UInt32)? in
      var (skipped, address, size) = (UInt32(0), haddr_t(0), hsize_t(0))
      guard
        H5Dget_chunk_info_by_coord(
          dataset.identifier.raw, start, &skipped, &address, &size) >= 0,
        let byteCount = Int(exactly: size), byteCount <= dataset.file.byteCount
      else { throw dataset.failure("its blocks cannot be described") }
      // Never written, or stored as it is.
      guard byteCount > 0, skipped >> UInt32(place) & 1 == 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: byteCount)
      guard H5Dread_chunk(dataset.identifier.raw, chdf5_default(), start, &skipped, &bytes) >= 0
      else { throw dataset.failure("cannot be read") }
      return (bytes, skipped)
    }
    guard let block else { return }
    guard let packed = packed(block.bytes, block.skipped), isWhole(packed) else { throw damaged }
  }

  /// What the packing filter is given, the filters after it undone; `nil` where they cannot be.
  private func packed(_ stored: [UInt8], _ skipped: UInt32) -> [UInt8]? {
    var bytes = stored
    for index in filters.indices.reversed()
    where index > place && skipped >> UInt32(index) & 1 == 0 {
      switch filters[index].number {
      case 1: guard let inflated = inflated(bytes) else { return nil }; bytes = inflated
      case 2: bytes = unshuffled(bytes, Int(filters[index].settings.first ?? 1))
      case 3: guard bytes.count >= 4 else { return nil }; bytes.removeLast(4)
      default: return nil
      }
    }
    return bytes
  }

  /// Whether `bytes` are as many as the packing filter will read.
  private func isWhole(_ bytes: [UInt8]) -> Bool {
    let settings = filters[place].settings
    guard bytes.count >= 4 else { return false }
    let first = bytes[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    switch filters[place].number {
    // szip's own length of what it gives.
    case 4: return first == count * dataset.elementSize
    // For numbers: the kind 1, their size, the order of their bytes, and how many bits are kept.
    case 5:
      if settings[1] != 0 { return bytes.count >= count * dataset.elementSize }
      guard settings.count > 6, settings[3] == 1, settings[6] <= 8 * dataset.elementSize else {
        return false
      }
      return bytes.count >= bytesOf(bits: Int(settings[6]))
    // How many bits a value has; these follow 21 bytes with that and the least value.
    default:
      let most = 8 * dataset.elementSize
      return first <= most && bytes.count >= 21 + bytesOf(bits: first)
    }
  }

  private func bytesOf(bits: Int) -> Int { (count * bits + 7) / 8 }

  private func inflated(_ bytes: [UInt8]) -> [UInt8]? {
    guard let inflater = libdeflate_alloc_decompressor() else { return nil }
    defer { libdeflate_free_decompressor(inflater) }
    // Packed numbers take hardly more than the numbers.
    var result = [UInt8](repeating: 0, count: count * dataset.elementSize + 4096)
    var written = 0
    let status = bytes.withUnsafeBytes { input in
      result.withUnsafeMutableBytes { output in
        libdeflate_zlib_decompress(
          inflater, input.baseAddress, input.count, output.baseAddress, output.count, &written)
      }
    }
    return status == LIBDEFLATE_SUCCESS ? Array(result[..<written]) : nil
  }

  private func unshuffled(_ bytes: [UInt8], _ size: Int) -> [UInt8] {
    let number = bytes.count / max(size, 1)
    guard size > 1, number > 1 else { return bytes }
    var result = bytes
    for place in 0..<size {
      for index in 0..<number { result[size * index + place] = bytes[place * number + index] }
    }
    return result
  }
}
