import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file whose structures a reader process described: its catalogue, its bytes in memory, and
/// the process to ask for what this one does not decode.
final class CatalogueFile: Sendable {
  let path: String
  let byteCount: Int
  let catalogue: Catalogue
  let bytes: MappedBytes
  let reader: ReaderProcess
  /// The file itself, for later questions: its name may be gone or mean another by then.
  let descriptor: Int32

  convenience init(_ path: String, _ reader: ReaderProcess) throws(HDF5Error) {
    try self.init(path, reader) { descriptor, byteCount throws(HDF5Error) in
      try reader.catalogue(descriptor, byteCount: byteCount, path: path)
    }
  }

  /// A file that is described by `answer`, and of which nothing can be asked.
  convenience init(_ path: String, answer: [UInt8]) throws(HDF5Error) {
    let nobody = ReaderProcess(executable: "/nonexistent", arguments: [])
    try self.init(path, nobody) { _, byteCount throws(HDF5Error) in
      try ReaderProcess.catalogue(answer, byteCount: byteCount, path: path)
    }
  }

  private init(
    _ path: String, _ reader: ReaderProcess,
    describe: (_ descriptor: Int32, _ byteCount: Int) throws(HDF5Error) -> Catalogue
  ) throws(HDF5Error) {
    let descriptor = try File.descriptor(path)
    do throws(HDF5Error) {
      byteCount = try File.length(of: descriptor, path)
      // Bytes are mapped from the file that the reader sees, whatever the name means later.
      bytes = try MappedBytes(descriptor, count: byteCount, path: path)
      catalogue = try describe(descriptor, byteCount)
    } catch {
      close(descriptor)
      throw error
    }
    (self.path, self.reader, self.descriptor) = (path, reader, descriptor)
  }

  deinit { close(descriptor) }

  /// Refuses what was read from ``bytes`` when another program has made the file shorter meanwhile:
  /// bytes that are gone read as zeros. To be called after reading and before believing.
  func requireWhole() throws(HDF5Error) {
    guard !bytes.hasLost, try File.length(of: descriptor, path) >= byteCount else {
      throw HDF5Error(
        kind: .truncated, path: path, reason: "the file became shorter while it was read")
    }
  }

  /// The object at `path`, which holds no links but hard ones.
  private func index(_ path: String) throws(HDF5Error) -> Int {
    var index = 0
    for component in path.split(separator: "/") {
      guard let target = target(String(component), in: index), case .node(let next) = target else {
        throw HDF5Error(
          kind: .objectNotFound, path: self.path, object: path,
          reason: "no such object in the file")
      }
      index = next
    }
    return index
  }

  private func target(_ name: String, in index: Int) -> Catalogue.Target? {
    guard case .group(let links, let places) = catalogue.nodes[index].content,
      let place = places[Array(name.utf8)]
    else { return nil }
    return links[place].target
  }

  func node(_ path: String) throws(HDF5Error) -> Catalogue.Node {
    catalogue.nodes[try index(path)]
  }

  /// What the name `component` in the group at `parent` leads to.
  func link(
    _ component: String, in parent: String, at path: String
  ) throws(HDF5Error) -> Group.Link {
    func error(_ kind: HDF5Error.Kind, _ reason: String) -> HDF5Error {
      HDF5Error(kind: kind, path: self.path, object: path, reason: reason)
    }
    guard !component.utf8.contains(0) else {
      throw HDF5Error(
        kind: .objectNotFound, path: self.path, object: parent, reason: "a name holds a zero byte")
    }
    switch target(component, in: try index(parent)) {
    case .node: return .hard
    case .soft(let target): return .soft(target)
    case .again(let target): return .soft(target)
    case .external(let target): return .external(target)
    case .unknown: return .userDefined
    case .circle:
      throw error(
        .unsupported,
        "a group that holds itself, which is never followed; save the file without that link")
    case .tooDeep:
      throw error(
        .unsupported, "more than \(Catalogue.deepest) groups deep; save it in fewer")
    case .broken(let kind, let reason): throw error(kind, reason)
    case nil: throw error(.objectNotFound, "no such object in the file")
    }
  }

  /// What is at `path`, which holds no links but hard ones.
  func kind(at path: String) throws(HDF5Error) -> Group.Entry.Kind {
    switch try node(path).content {
    case .group: return .group
    case .dataset: return .dataset
    case .namedType: return .namedType
    case .unknown: return .unknown
    case .broken(.unknown, let kind, let reason):
      throw HDF5Error(kind: kind, path: self.path, object: path, reason: reason)
    case .broken(let kind, _, _): return kind
    }
  }

  /// Refuses what is not of the kind asked for.
  func check(_ path: String, _ kind: H5I_type_t, called name: String) throws(HDF5Error) {
    switch (try node(path).content, kind) {
    case (.group, H5I_GROUP), (.dataset, H5I_DATASET): return
    case (.broken(_, let kind, let reason), _):
      throw HDF5Error(kind: kind, path: self.path, object: path, reason: reason)
    default:
      throw HDF5Error(kind: .wrongType, path: self.path, object: path, reason: "not a \(name)")
    }
  }

  /// The dataset at `path`.
  func dataset(_ path: String) throws(HDF5Error) -> StoredDataset {
    try check(path, H5I_DATASET, called: "dataset")
    guard case .dataset(let dataset) = try node(path).content else {
      throw HDF5Error(kind: .wrongType, path: self.path, object: path, reason: "not a dataset")
    }
    return dataset
  }
}

extension Catalogue.Node {
  func attribute(_ name: String) -> Catalogue.StoredAttribute.Content? {
    attributes.first { $0.name.utf8.elementsEqual(name.utf8) }?.content
  }
}

extension Object {
  /// What a catalogue says of the object, when there is one.
  func catalogueNode() throws(HDF5Error) -> Catalogue.Node? { try file.catalogue?.node(path) }
}

extension Group {
  /// What the group holds, by a catalogue.
  func entries(of catalogue: Catalogue) throws(HDF5Error) -> [Entry] {
    guard case .group(let links, _)? = try catalogueNode()?.content else { return [] }
    return links.map { link in
      let kind: Entry.Kind =
        switch link.target {
        case .node(let index):
          switch catalogue.nodes[index].content {
          case .group: .group
          case .dataset: .dataset
          case .namedType: .namedType
          case .unknown: .unknown
          case .broken(let kind, _, _): kind
          }
        case .soft, .again: .softLink
        case .external: .externalLink
        case .unknown, .circle, .tooDeep, .broken: .unknown
        }
      return Entry(name: link.name, kind: kind)
    }
  }
}
