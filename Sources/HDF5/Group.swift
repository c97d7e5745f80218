import CHDF5

/// A folder in a file.
public final class Group: Object, @unchecked Sendable {
  /// Something a group holds.
  public struct Entry: Hashable, Sendable {
    /// What it is.
    public enum Kind: Hashable, Sendable {
      /// A group, reached with ``Group/group(_:)``.
      case group
      /// A dataset, reached with ``Group/dataset(_:)``.
      case dataset
      /// A named type.
      case namedType
      /// Another path in the same file.
      case softLink
      /// A path in another file; always refused.
      case externalLink
      /// A kind of link or object that is not known, or a group that holds itself; always refused.
      case unknown
    }

    /// Its name in the group.
    public var name: String
    /// What it is.
    public var kind: Kind
  }

  init(file: File, path: String) throws(HDF5Error) {
    try super.init(file: file, path: path, kind: H5I_GROUP, called: "group")
  }

  override init(file: File, path: String, identifier: consuming Identifier) {
    super.init(file: file, path: path, identifier: identifier)
  }

  /// What the group holds, by name in the order of the bytes of their names.
  ///
  /// Model order is never this order: checkpoints keep it in attributes.
  ///
  /// - Throws: ``HDF5Error``.
  public func entries() throws(HDF5Error) -> [Entry] {
    if let catalogue = file.catalogue { return try entries(of: catalogue.catalogue) }
    return try links().map { Entry(name: $0.name, kind: kind(of: $0.name, $0.type)) }
  }

  /// The links of the group as the library lists them.
  func links() throws(HDF5Error) -> [(name: String, type: H5L_type_t)] {
    try Library.call { () throws(HDF5Error) in
      var links: [(name: String, type: H5L_type_t)] = []
      let status = withUnsafeMutablePointer(to: &links) { pointer in
        chdf5_each_link(
          identifier.raw,
          { _, name, link, context in
            guard let name, let link, let context else { return 0 }
            context.assumingMemoryBound(to: [(name: String, type: H5L_type_t)].self).pointee
              .append((String(cString: name), link.pointee.type))
            return 0
          }, pointer)
      }
      guard status >= 0 else { throw failure("its members cannot be listed") }
      return links
    }
  }

  /// The group at `name`, a name or a path from here, or from the top if it starts with `/`.
  ///
  /// - Throws: ``HDF5Error`` of kind `.objectNotFound`, `.wrongType`, `.unsupported` when an
  ///   external link, a link of a user-defined kind or a circle is on the way, or `.library`.
  public func group(_ name: String) throws(HDF5Error) -> Group {
    try Group(file: file, path: resolve(name))
  }

  /// The dataset at `name`, a name or a path from here, or from the top if it starts with `/`.
  ///
  /// - Throws: ``HDF5Error``, as ``group(_:)``.
  public func dataset(_ name: String) throws(HDF5Error) -> Dataset {
    try Dataset(file: file, path: resolve(name))
  }

  /// Whether something is at `name`; what an external link points to is not.
  public func contains(_ name: String) -> Bool {
    (try? resolve(name)) != nil
  }

  /// What is at `name`, a name or a path from here, once links inside the file are followed, and
  /// its path without links.
  ///
  /// - Throws: ``HDF5Error``, as ``group(_:)``; also for objects of an unknown kind.
  public func destination(of name: String) throws(HDF5Error) -> (kind: Entry.Kind, path: String) {
    let path = try resolve(name)
    let kind = try file.catalogue?.kind(at: path) ?? kind(of: path, H5L_TYPE_HARD)
    guard kind != .unknown else {
      throw HDF5Error(
        kind: .unsupported, path: file.path, object: path,
        reason: "neither a group nor a dataset, nor anything else that is known")
    }
    return (kind, path)
  }

  private func kind(of name: String, _ type: H5L_type_t) -> Entry.Kind {
    switch type {
    case H5L_TYPE_SOFT: return .softLink
    case H5L_TYPE_EXTERNAL: return .externalLink
    case H5L_TYPE_HARD: break
    default: return .unknown
    }
    return Library.call {
      guard let object = Identifier(chdf5_open_object(identifier.raw, name), closedBy: H5Oclose)
      else { return .unknown }
      return switch H5Iget_type(object.raw) {
      case H5I_GROUP: .group
      case H5I_DATASET: .dataset
      case H5I_DATATYPE: .namedType
      default: .unknown
      }
    }
  }
}
