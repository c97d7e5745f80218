extension Catalogue {
  /// What a reader process answered: a catalogue or a failure of its own.
  enum Answer {
    case catalogue(Catalogue)
    case failure(kind: HDF5Error.Kind, object: String?, reason: String)
  }

  /// The version of the encoding.
  static let version: UInt64 = 2

  /// Reads an answer about a file of `byteCount` bytes.
  static func answer(
    _ bytes: [UInt8], byteCount: Int
  ) throws(CatalogueDecoder.Garbled) -> Answer {
    var decoder = CatalogueDecoder(bytes[...])
    var nodes: [Node] = []
    var started = false
    // A block of a dataset takes some 40 bytes of index in the file and five elements here.
    var elementsLeft = 1 << 22 + min(byteCount, 1 << 40) / 8
    while !decoder.isAtEnd {
      let (tag, payload) = try decoder.record()
      var record = CatalogueDecoder(payload, elementsLeft: elementsLeft)
      defer { elementsLeft = record.elementsLeft }
      if tag == .failure {
        return try record.answer()
      }
      guard started == (tag != .start) else { throw CatalogueDecoder.Garbled() }
      switch tag {
      case .start:
        guard try record.bits() == version, try record.number() == byteCount else {
          throw CatalogueDecoder.Garbled()
        }
        started = true
      case .node:
        guard nodes.count < mostNodes else { throw CatalogueDecoder.Garbled() }
        nodes.append(try record.node())
      case .end:
        guard try record.number() == nodes.count, decoder.isAtEnd else {
          throw CatalogueDecoder.Garbled()
        }
        return .catalogue(try Catalogue(checking: nodes))
      default: throw CatalogueDecoder.Garbled()
      }
      guard record.isAtEnd else { throw CatalogueDecoder.Garbled() }
    }
    throw CatalogueDecoder.Garbled()
  }

  /// The objects, once every link is known to lead to one of them.
  private init(checking nodes: [Node]) throws(CatalogueDecoder.Garbled) {
    switch nodes.first?.content {
    case .group, .broken: break
    default: throw CatalogueDecoder.Garbled()
    }
    for node in nodes {
      guard case .group(let links, _) = node.content else { continue }
      for link in links {
        if case .node(let index) = link.target, index >= nodes.count {
          throw CatalogueDecoder.Garbled()
        }
      }
    }
    self.nodes = nodes
  }
}

extension CatalogueDecoder {
  mutating func record() throws(Garbled) -> (CatalogueTag, ArraySlice<UInt8>) {
    guard let tag = CatalogueTag(rawValue: try byte()) else { throw Garbled() }
    return (tag, try data())
  }

  mutating func answer() throws(Garbled) -> Catalogue.Answer {
    let (kind, reason) = try failure()
    let object = try flag() ? try text() : nil
    return .failure(kind: kind, object: object, reason: reason)
  }

  fileprivate mutating func node() throws(Garbled) -> Catalogue.Node {
    let attributes = try list { decoder throws(Garbled) in
      let name = try decoder.text()
      if try decoder.flag() {
        return Catalogue.StoredAttribute(name: name, content: .read(try decoder.attribute(name)))
      }
      let (kind, reason) = try decoder.failure()
      return Catalogue.StoredAttribute(name: name, content: .broken(kind, reason))
    }
    let content: Catalogue.Content
    switch try number() {
    case 0:
      let links = try list { decoder throws(Garbled) in try decoder.link() }
      var index: [[UInt8]: Int] = [:]
      for (place, link) in links.enumerated() { index[Array(link.name.utf8)] = place }
      content = .group(links, index: index)
    case 1: content = .dataset(try dataset())
    case 2: content = .namedType
    case 3: content = .unknown
    case 4:
      let (kind, reason) = try failure()
      let entries: [Group.Entry.Kind] = [.unknown, .group, .dataset]
      let entry = try number()
      guard entry < entries.count else { throw Garbled() }
      content = .broken(entries[entry], kind, reason)
    default: throw Garbled()
    }
    return Catalogue.Node(attributes: attributes, content: content)
  }

  private mutating func link() throws(Garbled) -> Catalogue.Link {
    let name = try text()
    let target: Catalogue.Target
    switch try number() {
    case 0: target = .node(try number())
    case 1: target = .soft(try text())
    case 2: target = .external(try text())
    case 3: target = .unknown
    case 4: target = .again(try text())
    case 5: target = .circle
    case 6: target = .tooDeep
    case 7:
      let (kind, reason) = try failure()
      target = .broken(kind, reason)
    default: throw Garbled()
    }
    return Catalogue.Link(name: name, target: target)
  }

  private mutating func dataset() throws(Garbled) -> StoredDataset {
    var dataset = StoredDataset()
    dataset.shape = try list { decoder throws(Garbled) in try decoder.number() }
    dataset.isNull = try flag()
    dataset.elementType = try type()
    dataset.elementSize = try number()
    try Self.check(dataset.shape, dataset.elementSize)
    if let size = dataset.elementType.byteCount, size != dataset.elementSize { throw Garbled() }
    dataset.isBigEndian = try flag()
    guard let padding = FixedText.Padding(rawValue: try byte()) else { throw Garbled() }
    dataset.padding = padding
    dataset.storage = try storage(rank: dataset.shape.count)
    dataset.fill = Array(try data())
    guard dataset.fill.isEmpty || dataset.fill.count == dataset.elementSize else { throw Garbled() }
    let byteCount = dataset.count * dataset.elementSize
    switch try number() {
    case 0: dataset.source = .file
    case 1:
      let values = Array(try data())
      guard values.count == byteCount else { throw Garbled() }
      dataset.source = .inline(values)
    case 2: dataset.source = .blocks(try blocks(dataset))
    case 3: dataset.source = .reader
    default: throw Garbled()
    }
    if try flag() {
      let texts = try list { decoder throws(Garbled) in try decoder.text() }
      guard texts.count == dataset.count else { throw Garbled() }
      dataset.texts = texts
    }
    return dataset
  }

  private mutating func storage(rank: Int) throws(Garbled) -> Storage {
    let layout: Storage.Layout
    switch try number() {
    case 0: layout = .compact
    case 1: layout = .contiguous
    case 2:
      let extents = try list { decoder throws(Garbled) in try decoder.number() }
      guard extents.count == rank, extents.allSatisfy({ $0 > 0 }) else { throw Garbled() }
      layout = .chunked(extents)
    case 3: layout = .virtual
    case 4: layout = .external
    default: throw Garbled()
    }
    let filters = try list { decoder throws(Garbled) in
      let (number, name) = (try decoder.number(), try decoder.text())
      let settings = try decoder.list { decoder throws(Garbled) in
        UInt32(truncatingIfNeeded: try decoder.bits())
      }
      return Storage.Filter(
        number: number, name: name, settings: settings, isAvailable: try decoder.flag())
    }
    let byteCount = try number()
    let hasOffset = try flag()
    let offset = try number()
    return Storage(
      layout: layout, filters: filters, byteCount: byteCount, offset: hasOffset ? offset : nil)
  }

  private mutating func blocks(_ dataset: StoredDataset) throws(Garbled) -> [StoredBlock] {
    guard case .chunked(let extents) = dataset.storage.layout else { throw Garbled() }
    // So that sizes of blocks can be multiplied later.
    try Self.check(extents, dataset.elementSize)
    let blocks = try list { decoder throws(Garbled) in
      let start = try decoder.list { decoder throws(Garbled) in try decoder.number() }
      return StoredBlock(
        start: start, offset: try decoder.number(), byteCount: try decoder.number(),
        skipped: UInt32(truncatingIfNeeded: try decoder.bits()))
    }
    var starts: Set<[Int]> = []
    for block in blocks {
      guard block.start.count == dataset.shape.count, starts.insert(block.start).inserted else {
        throw Garbled()
      }
      for (axis, start) in block.start.enumerated() {
        guard start < dataset.shape[axis], start % extents[axis] == 0 else { throw Garbled() }
      }
    }
    return blocks
  }
}
