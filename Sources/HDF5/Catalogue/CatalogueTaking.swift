import CHDF5

/// Describes a file with the library, in a reader process.
struct CatalogueTaking {
  private let file: File
  private let limit: Int
  private let send: ([UInt8]) -> Void
  private var sent = 0
  /// What is sent next: many records at once, since the other process wakes for each piece.
  private var waiting: [UInt8] = []
  private static let pieceByteCount = 1 << 16
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
    send(waiting)
  }

  private mutating func emit(_ encoder: CatalogueEncoder) throws(HDF5Error) {
    sent += encoder.bytes.count
    guard sent <= limit, pending.count <= Catalogue.mostNodes else {
      throw HDF5Error(
        kind: .tooLarge, path: file.path,
        reason: "describes more than a file of its size can hold; refused as damaged or hostile; "
          + "download it again")
    }
    waiting += encoder.bytes
    guard waiting.count >= Self.pieceByteCount else { return }
    send(waiting)
    waiting.removeAll(keepingCapacity: true)
  }

  private mutating func describe(
    _ path: String, _ index: Int, _ depth: Int, _ encoder: inout CatalogueEncoder
  ) {
    do throws(HDF5Error) {
      let object = try opened(path)
      var body = CatalogueEncoder()
      try object?.requireReadableAttributes()
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
    try Library.call { () throws(HDF5Error) in
      guard
        let identifier = Identifier(
          chdf5_open_object(file.identifier.raw, path), closedBy: H5Oclose)
      else { throw .library(path: file.path, object: path, "cannot be opened") }
      switch H5Iget_type(identifier.raw) {
      case H5I_GROUP: return Group(file: file, path: path, identifier: identifier)
      case H5I_DATASET:
        return try Dataset(describing: Object(file: file, path: path, identifier: identifier))
      case H5I_DATATYPE: return nil
      default:
        throw HDF5Error(kind: .wrongType, path: file.path, object: path, reason: "not a group")
      }
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
    guard let object, let names = try? object.listedAttributeNames() else {
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
    case H5L_TYPE_SOFT, H5L_TYPE_EXTERNAL:
      do throws(HDF5Error) {
        let link = try Library.call { () throws(HDF5Error) in try group.link(at: path) }
        switch link {
        case .soft(let target):
          encoder.number(1)
          encoder.text(target)
        case .external(let target):
          encoder.number(2)
          encoder.text(target)
        case .hard, .userDefined: encoder.number(3)
        }
      } catch {
        encoder.number(7)
        encoder.failure(error.kind, error.reason)
      }
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
