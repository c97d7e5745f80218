import CHDF5

// Every stored property is constant and the library is called under its lock, which the compiler
// cannot see through a class that has subclasses.

/// A group or a dataset: something in a file with a path and attributes.
public class Object: @unchecked Sendable {
  /// The file it is in.
  public let file: File

  /// Where in the file, from the top: `/model_weights/dense`.
  public let path: String

  let identifier: Identifier

  init(file: File, path: String, identifier: consuming Identifier) {
    self.file = file
    self.path = path
    self.identifier = identifier
  }

  /// Opens what `path`, which holds no links but hard ones, leads to.
  init(
    file: File, path: String, kind: H5I_type_t, called name: String
  ) throws(HDF5Error) {
    self.file = file
    self.path = path
    if let catalogue = file.catalogue {
      try catalogue.check(path, kind, called: name)
      self.identifier = .none
      return
    }
    self.identifier = try Library.call { () throws(HDF5Error) in
      guard
        let object = Identifier(
          chdf5_open_object(file.identifier.raw, path), closedBy: H5Oclose)
      else { throw .library(path: file.path, object: path, "cannot be opened") }
      guard H5Iget_type(object.raw) == kind else {
        throw HDF5Error(kind: .wrongType, path: file.path, object: path, reason: "not a \(name)")
      }
      return object
    }
  }

  /// Another hold on what ``identifier`` is of.
  func identifierAgain() throws(HDF5Error) -> Identifier {
    try Library.call { () throws(HDF5Error) in
      guard H5Iinc_ref(identifier.raw) >= 0,
        let again = Identifier(identifier.raw, closedBy: H5Oclose)
      else { throw failure("cannot be opened") }
      return again
    }
  }

  /// An error about this object.
  func error(_ kind: HDF5Error.Kind, _ reason: String) -> HDF5Error {
    HDF5Error(kind: kind, path: file.path, object: path, reason: reason)
  }

  /// The failure on the library's error stack as one about this object; under `Library.call`.
  func failure(_ action: String) -> HDF5Error {
    .library(path: file.path, object: path, action)
  }
}

extension Object {
  /// The names of the attributes, in alphabetical order.
  ///
  /// - Throws: ``HDF5Error``.
  public func attributeNames() throws(HDF5Error) -> [String] {
    if let node = try catalogueNode() { return node.attributes.map(\.name) }
    try requireReadableAttributes()
    return try listedAttributeNames()
  }

  /// The names of the attributes as the library lists them.
  func listedAttributeNames() throws(HDF5Error) -> [String] {
    try Library.call { () throws(HDF5Error) in
      var names: [String] = []
      let status = withUnsafeMutablePointer(to: &names) { pointer in
        chdf5_each_attribute(
          identifier.raw,
          { _, name, _, context in
            if let name, let context {
              context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
            }
            return 0
          }, pointer)
      }
      guard status >= 0 else { throw failure("its attributes cannot be listed") }
      return names
    }
  }

  /// Whether there is an attribute called `name`.
  ///
  /// - Throws: ``HDF5Error``.
  public func hasAttribute(_ name: String) throws(HDF5Error) -> Bool {
    if let node = try catalogueNode() { return node.attribute(name) != nil }
    return try Library.call { () throws(HDF5Error) in
      let found = H5Aexists(identifier.raw, name)
      guard found >= 0 else { throw failure("its attributes cannot be read") }
      return found > 0
    }
  }

  /// The attribute called `name`, read, or `nil` when there is none.
  ///
  /// - Throws: ``HDF5Error``.
  public func attribute(_ name: String) throws(HDF5Error) -> Attribute? {
    if let node = try catalogueNode() {
      switch node.attribute(name) {
      case .read(let attribute): return attribute
      case .broken(let kind, let reason): throw error(kind, reason)
      case nil: return nil
      }
    }
    guard try hasAttribute(name) else { return nil }
    try requireReadableAttributes()
    return try Attribute(of: self, name)
  }

  /// Refuses attributes that no checkpoint has, before the library reads any: it keeps them whole, all
  /// of them to list their names.
  func requireReadableAttributes() throws(HDF5Error) {
    var bytes: UInt64 = 0
    let status = Library.call { chdf5_attribute_bytes(identifier.raw, &bytes) }
    guard status < 0 || bytes <= UInt64(Attribute.mostBytes) else {
      throw error(
        .tooLarge,
        "its attributes take \(bytes) bytes, more than the \(Attribute.mostBytes) allowed; "
          + "keep what is so long in a dataset")
    }
  }
}
