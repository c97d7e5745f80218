import CHDF5

/// Describes a file with the library, in a reader process.
struct CatalogueTaking {
  private let file: File
  private let limit: Int
  private let send: ([UInt8]) -> Void
  private var sent = 0
  private var pending: [(path: String, parent: Int, depth: Int)] = [("/", -1, 0)]
  private var parents: [Int] = []
  private var known: [UInt64: Int] = [:]

  /// A catalogue of `file` in at most `limit` bytes, given to `send` piece by piece.
  init(_ file: File, limit: Int, send: @escaping ([UInt8]) -> Void) {
    (self.file, self.limit, self.send) = (file, limit, send)
  }

  /// Describes every object, those nearer the top first.
  mutating func run() throws(HDF5Error) {
    var start = CatalogueEncoder()
    start.record(.start) {
      $0.number(Catalogue.version)
      $0.number(file.byteCount)
    }
    try emit(start)
    parents = [-1]
    if let address = address(of: "/") { known[address] = 0 }
    var index = 0
    while index < pending.count {
      let (path, _, depth) = pending[index]
      var payload = CatalogueEncoder()
      describe(path, index, depth, &payload)
      var record = CatalogueEncoder()
      record.record(.node) { $0.bytes = payload.bytes }
      try emit(record)
      pending[index].path = ""
      index += 1
    }
    var end = CatalogueEncoder()
    end.record(.end) { $0.number(index) }
    try emit(end)
  }

  private mutating func emit(_ encoder: CatalogueEncoder) throws(HDF5Error) {
    sent += encoder.bytes.count
    guard sent <= limit, pending.count <= Catalogue.mostNodes else {
      throw HDF5Error(
        kind: .tooLarge, path: file.path,
        reason: "describes more than a file of its size can hold; refused as damaged or hostile")
    }
    send(encoder.bytes)
  }

  private mutating func describe(
    _ path: String, _ index: Int, _ depth: Int, _ encoder: inout CatalogueEncoder
  ) {
    do throws(HDF5Error) {
      let object = try opened(path)
      var body = CatalogueEncoder()
      attributes(object, &body)
      if let group = object as? Group {
        let links = try group.links()
        body.number(0)
        body.number(links.count)
        for link in links {
          body.text(link.name)
          target(link, in: group, index, depth, &body)
        }
      } else if let dataset = object as? Dataset {
        body.number(1)
        body.dataset(try dataset.description())
      } else {
        body.number(2)
      }
      encoder = body
    } catch {
      encoder.number(0)
      encoder.number(4)
      encoder.failure(error.kind, error.reason)
      switch kind(of: path) {
      case H5I_GROUP: encoder.number(1)
      case H5I_DATASET: encoder.number(2)
      default: encoder.number(0)
      }
    }
  }

  private func opened(_ path: String) throws(HDF5Error) -> Object? {
    switch kind(of: path) {
    case H5I_DATASET: try Dataset(file: file, path: path)
    case H5I_DATATYPE: nil
    // What cannot be opened fails here, in the library's words.
    default: try Group(file: file, path: path)
    }
  }

  private func kind(of path: String) -> H5I_type_t {
    Library.call {
      guard
        let object = Identifier(
          chdf5_open_object(file.identifier.raw, path), closedBy: H5Oclose)
      else { return H5I_BADID }
      return H5Iget_type(object.raw)
    }
  }

  private func address(of path: String) -> UInt64? {
    Library.call {
      var (address, kind) = (UInt64(0), H5O_TYPE_UNKNOWN)
      guard chdf5_object_address(file.identifier.raw, path, &address, &kind) >= 0 else {
        return nil
      }
      return address
    }
  }

  private func attributes(_ object: Object?, _ encoder: inout CatalogueEncoder) {
    guard let object, let names = try? object.attributeNames() else {
      encoder.number(0)
      return
    }
    encoder.number(names.count)
    for name in names {
      encoder.text(name)
      do throws(HDF5Error) {
        let attribute = try Attribute(of: object, name)
        encoder.flag(true)
        encoder.attribute(attribute)
      } catch {
        encoder.flag(false)
        encoder.failure(error.kind, error.reason)
      }
    }
  }

  private mutating func target(
    _ link: (name: String, type: H5L_type_t), in group: Group, _ index: Int, _ depth: Int,
    _ encoder: inout CatalogueEncoder
  ) {
    let path = group.path == "/" ? "/" + link.name : group.path + "/" + link.name
    switch link.type {
    case H5L_TYPE_SOFT:
      do throws(HDF5Error) {
        guard case .soft(let target) = try group.link(at: path) else { return encoder.number(3) }
        encoder.number(1)
        encoder.text(target)
      } catch {
        encoder.number(7)
        encoder.failure(error.kind, error.reason)
      }
    case H5L_TYPE_EXTERNAL: encoder.number(2)
    case H5L_TYPE_HARD: hardTarget(path, index, depth, &encoder)
    default: encoder.number(3)
    }
  }

  private mutating func hardTarget(
    _ path: String, _ index: Int, _ depth: Int, _ encoder: inout CatalogueEncoder
  ) {
    let found = Library.call { () -> (UInt64, H5O_type_t)? in
      var (address, kind) = (UInt64(0), H5O_TYPE_UNKNOWN)
      let status = chdf5_object_address(file.identifier.raw, path, &address, &kind)
      return status >= 0 ? (address, kind) : nil
    }
    guard let (address, kind) = found else {
      encoder.number(7)
      encoder.failure(.damaged, "its header cannot be read")
      return
    }
    if let node = known[address] {
      guard kind == H5O_TYPE_GROUP else {
        encoder.number(0)
        encoder.number(node)
        return
      }
      var around = index
      while around >= 0, around != node { around = parents[around] }
      if around == node { return encoder.number(5) }
      encoder.number(4)
      encoder.text(self.path(node))
      return
    }
    guard depth < Catalogue.deepest else { return encoder.number(6) }
    let node = pending.count
    known[address] = node
    parents.append(index)
    pending.append((path, index, depth + 1))
    paths[node] = kind == H5O_TYPE_GROUP ? path : nil
    encoder.number(0)
    encoder.number(node)
  }

  /// The first path of each group.
  private var paths: [Int: String] = [0: "/"]

  private func path(_ node: Int) -> String { paths[node] ?? "/" }
}

extension Dataset {
  /// What a catalogue says of the dataset.
  func description() throws(HDF5Error) -> StoredDataset {
    var stored = StoredDataset()
    (stored.shape, stored.isNull) = (shape, isNull)
    (stored.elementType, stored.elementSize) = (elementType, elementSize)
    (stored.isBigEndian, stored.storage) = (isBigEndian, storage)
    let facts = try Library.call { () throws(HDF5Error) in try BlockFacts(self) }
    (stored.padding, stored.fill) = (facts.padding, facts.fill)
    if elementType == .variableString {
      stored.texts = fewTexts()
      return stored
    }
    guard facts.isPlain, (try? checkStorage()) != nil else { return stored }
    switch storage.layout {
    case .compact:
      if let values = try? bytes(nil) { stored.source = .inline(values) }
    case .contiguous: stored.source = .file
    case .chunked: if let blocks = facts.blocks { stored.source = .blocks(blocks) }
    case .virtual, .external: break
    }
    return stored
  }

  /// The texts, where they are few and short.
  private func fewTexts() -> [String]? {
    guard count <= 1 << 16, let texts = try? readStrings() else { return nil }
    let bytes = texts.reduce(0) { $0 + $1.utf8.count }
    return bytes <= Catalogue.mostTextBytes ? texts : nil
  }
}

/// What another process needs to decode the values of a dataset.
private struct BlockFacts {
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
