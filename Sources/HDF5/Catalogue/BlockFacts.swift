import CHDF5

/// What another process needs to decode the values of a dataset.
struct BlockFacts {
  var padding = FixedText.Padding.zeros
  var fill: [UInt8] = []
  /// Whether the bytes in the file are the elements and nothing else.
  var isPlain = false
  /// The blocks, when there are few and they need no more than this package decodes.
  var blocks: [StoredBlock]?

  /// The facts of `dataset`; under `Library.call`.
  init(_ dataset: Dataset) throws(HDF5Error) {
    let raw = dataset.identifier.raw
    guard
      let type = Identifier(H5Dget_type(raw), closedBy: H5Tclose),
      let list = Identifier(H5Dget_create_plist(raw), closedBy: H5Pclose)
    else { throw dataset.failure("cannot be described") }
    padding = FixedText(type.raw).padding
    switch dataset.elementType {
    case .integer(let bits, _):
      // A whole number may use some of its bits only.
      isPlain = H5Tget_precision(type.raw) == bits && H5Tget_offset(type.raw) == 0
    case .float16, .bfloat16, .float32, .float64, .boolean, .fixedString: isPlain = true
    // What may turn out to be bfloat16.
    case .opaque(bytes: 2, _): isPlain = true
    case .variableString, .opaque, .other: return
    }
    var defined = H5D_FILL_VALUE_UNDEFINED
    if H5Pfill_value_defined(list.raw, &defined) >= 0, defined == H5D_FILL_VALUE_USER_DEFINED {
      var bytes = [UInt8](repeating: 0, count: dataset.elementSize)
      guard H5Pget_fill_value(list.raw, type.raw, &bytes) >= 0 else {
        isPlain = false
        return
      }
      fill = bytes
    }
    guard isPlain, case .chunked(let extents) = dataset.storage.layout else { return }
    blocks = Self.blocks(dataset, extents, list.raw)
  }

  private static func blocks(
    _ dataset: Dataset, _ extents: [Int], _ list: hid_t
  ) -> [StoredBlock]? {
    var options: UInt32 = 0
    var userBlock: hsize_t = 0
    let file = dataset.file.identifier.raw
    guard
      ChunkDecoder.decodes(dataset.storage.filters, elementSize: dataset.elementSize),
      // Blocks at the edge may be left unfiltered, and offsets leave out what precedes the file.
      H5Pget_chunk_opts(list, &options) >= 0, options == 0,
      let creation = Identifier(H5Fget_create_plist(file), closedBy: H5Pclose),
      H5Pget_userblock(creation.raw, &userBlock) >= 0, userBlock == 0,
      let space = Identifier(H5Dget_space(dataset.identifier.raw), closedBy: H5Sclose)
    else { return nil }
    var count: hsize_t = 0
    guard H5Dget_num_chunks(dataset.identifier.raw, space.raw, &count) >= 0,
      count <= Catalogue.mostBlocks
    else { return nil }
    var blocks: [StoredBlock] = []
    for index in 0..<count {
      var start = [hsize_t](repeating: 0, count: max(extents.count, 1))
      var (skipped, address, size) = (UInt32(0), haddr_t(0), hsize_t(0))
      guard
        H5Dget_chunk_info(
          dataset.identifier.raw, space.raw, index, &start, &skipped, &address, &size) >= 0,
        let offset = Int(exactly: address), let byteCount = Int(exactly: size)
      else { return nil }
      let place = start.prefix(extents.count).compactMap { Int(exactly: $0) }
      guard place.count == extents.count else { return nil }
      // Blocks left over from a larger extent hold nothing of the dataset.
      guard zip(place, dataset.shape).allSatisfy({ $0 < $1 }) else { continue }
      blocks.append(
        StoredBlock(start: place, offset: offset, byteCount: byteCount, skipped: skipped))
    }
    return blocks
  }
}
