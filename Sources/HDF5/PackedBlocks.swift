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

  /// Refuses blocks that do not hold what they should.
  func requireWhole() throws(HDF5Error) {
    let filter = filters[place]
    // The number of values that a block was packed for.
    if filter.number != 4 {
      guard filter.settings.count > 2, Int(filter.settings[2]) == count else { throw damaged }
    }
    let blocks = try Library.call { () throws(HDF5Error) -> [Block] in try self.blocks() }
    for block in blocks where block.skipped >> UInt32(place) & 1 == 0 {
      let stored = try Library.call { () throws(HDF5Error) -> [UInt8] in try bytes(block) }
      guard let packed = packed(stored, block.skipped), isWhole(packed) else { throw damaged }
    }
  }

  private struct Block {
    var start: [hsize_t]
    var byteCount: Int
    var skipped: UInt32
  }

  private func blocks() throws(HDF5Error) -> [Block] {
    let raw = dataset.identifier.raw
    var number: hsize_t = 0
    guard let space = Identifier(H5Dget_space(raw), closedBy: H5Sclose),
      H5Dget_num_chunks(raw, space.raw, &number) >= 0
    else { throw dataset.failure("its blocks cannot be described") }
    var blocks: [Block] = []
    for index in 0..<number {
      var start = [hsize_t](repeating: 0, count: max(extents.count, 1))
      var (skipped, address, size) = (UInt32(0), haddr_t(0), hsize_t(0))
      guard H5Dget_chunk_info(raw, space.raw, index, &start, &skipped, &address, &size) >= 0,
        let byteCount = Int(exactly: size), byteCount <= dataset.file.byteCount
      else { throw dataset.failure("its blocks cannot be described") }
      blocks.append(Block(start: start, byteCount: byteCount, skipped: skipped))
    }
    return blocks
  }

  private func bytes(_ block: Block) throws(HDF5Error) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(block.byteCount, 1))
    var skipped: UInt32 = 0
    guard
      H5Dread_chunk(dataset.identifier.raw, chdf5_default(), block.start, &skipped, &bytes) >= 0
    else { throw dataset.failure("cannot be read") }
    bytes.removeLast(bytes.count - block.byteCount)
    return bytes
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
