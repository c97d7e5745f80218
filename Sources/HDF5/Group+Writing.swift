import CHDF5

extension Group {
  /// Makes the group at `name`, and the groups on the way that are missing.
  ///
  /// - Throws: ``HDF5Error`` of kind `.alreadyExists`, `.cannotWrite` or `.library`.
  @discardableResult
  public func createGroup(_ name: String) throws(HDF5Error) -> Group {
    let path = self.path == "/" ? "/" + name : self.path + "/" + name
    let created = try Library.call { () throws(HDF5Error) in
      guard let link = Self.linkProperties(),
        let properties = Identifier(H5Pcreate(chdf5_group_create()), closedBy: H5Pclose),
        H5Pset_obj_track_times(properties.raw, false) >= 0,
        let group = Identifier(
          H5Gcreate2(identifier.raw, name, link.raw, properties.raw, chdf5_default()),
          closedBy: H5Gclose)
      else { throw HDF5Error.library(path: file.path, object: path, "cannot be created") }
      return group
    }
    return Group(file: file, path: path, identifier: created)
  }

  /// Writes `values` as the dataset at `name`, the last axis running fastest.
  ///
  /// - Parameters:
  ///   - shape: The extent of each axis; empty for one value.
  ///   - deflate: A level from 1 to 9 to compress in chunks of rows, with the bytes shuffled;
  ///     `nil` to store the values in one piece.
  /// - Precondition: there are as many values as the shape says.
  /// - Throws: ``HDF5Error`` of kind `.alreadyExists`, `.cannotWrite` or `.library`.
  @discardableResult
  public func write<T: Element>(
    _ name: String, shape: [Int], _ values: [T], deflate: Int? = nil
  ) throws(HDF5Error) -> Dataset {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values for the shape \(shape)")
    let dataset = try create(name, shape: shape, of: T.self, deflate: deflate)
    try dataset.write(values, rows: nil)
    return dataset
  }

  /// Makes a dataset whose rows, the first axis, are written later in blocks.
  ///
  /// Rows never written read as zeros.
  ///
  /// - Parameters:
  ///   - shape: The extent of each axis.
  ///   - deflate: As for ``write(_:shape:_:deflate:)``.
  /// - Throws: ``HDF5Error``.
  public func create<T: Element>(
    _ name: String, shape: [Int], of: T.Type, deflate: Int? = nil
  ) throws(HDF5Error) -> Dataset {
    try make(name, shape: shape, deflate: deflate, rowBytes: MemoryLayout<T>.stride) {
      T.elementType.fileType
    }
    return try dataset(name)
  }

  /// Writes texts as a dataset of one axis, in UTF-8 of any length.
  ///
  /// - Throws: ``HDF5Error`` of kind `.wrongType` when a text holds a zero byte, and as
  ///   ``write(_:shape:_:deflate:)``.
  @discardableResult
  public func write(_ name: String, _ texts: [String]) throws(HDF5Error) -> Dataset {
    try checkNoZeroBytes(texts)
    let type = try Library.call { () throws(HDF5Error) in
      guard let type = Identifier(chdf5_create_text(), closedBy: H5Tclose) else {
        throw failure("text cannot be written")
      }
      return type
    }
    try make(name, shape: [texts.count], deflate: nil, rowBytes: 16) { type.raw }
    let dataset = try dataset(name)
    guard !texts.isEmpty else { return dataset }
    try Library.call { () throws(HDF5Error) in
      let status = VariableText.withPointers(texts) { pointers in
        H5Dwrite(
          dataset.identifier.raw, type.raw, chdf5_all(), chdf5_all(), chdf5_default(), pointers)
      }
      guard status >= 0 else { throw dataset.failure("cannot be written") }
    }
    return dataset
  }

  /// Creates the dataset; `type` is called under the lock.
  private func make(
    _ name: String, shape: [Int], deflate: Int?, rowBytes: Int, _ type: () -> hid_t?
  ) throws(HDF5Error) {
    precondition(
      shape.count <= 32 && shape.allSatisfy { $0 >= 0 }, "no dataset has the shape \(shape)")
    precondition(deflate.map { (1...9).contains($0) } ?? true, "levels of deflate are 1 to 9")
    let path = self.path == "/" ? "/" + name : self.path + "/" + name
    let extents = shape.map { hsize_t($0) }
    try Library.call { () throws(HDF5Error) in
      guard let type = type(), let link = Self.linkProperties(),
        let space = Identifier(
          shape.isEmpty
            ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), extents, nil),
          closedBy: H5Sclose),
        let properties = Identifier(H5Pcreate(chdf5_dataset_create()), closedBy: H5Pclose),
        H5Pset_obj_track_times(properties.raw, false) >= 0
      else { throw HDF5Error.library(path: file.path, object: path, "cannot be created") }
      if let deflate, !shape.isEmpty, !shape.contains(0) {
        let chunk = Self.chunk(of: shape, elementBytes: rowBytes)
        guard H5Pset_chunk(properties.raw, Int32(shape.count), chunk) >= 0,
          H5Pset_shuffle(properties.raw) >= 0,
          H5Pset_deflate(properties.raw, UInt32(deflate)) >= 0
        else { throw HDF5Error.library(path: file.path, object: path, "cannot be compressed") }
      }
      guard
        Identifier(
          H5Dcreate2(
            identifier.raw, name, type, space.raw, link.raw, properties.raw, chdf5_default()),
          closedBy: H5Dclose) != nil
      else { throw HDF5Error.library(path: file.path, object: path, "cannot be created") }
    }
  }

  /// Blocks of whole rows of about a megabyte, or of one row's first part if it is longer.
  private static func chunk(of shape: [Int], elementBytes: Int) -> [hsize_t] {
    var chunk = shape
    var axis = 0
    while axis < chunk.count, chunk.reduce(elementBytes, *) > 1 << 20 {
      let rest = chunk[(axis + 1)...].reduce(elementBytes, *)
      chunk[axis] = max(1, min(chunk[axis], (1 << 20) / rest))
      axis += 1
    }
    return chunk.map { hsize_t($0) }
  }

  /// Names in UTF-8, and groups on the way made when missing; under `Library.call`.
  private static func linkProperties() -> Identifier? {
    guard let link = Identifier(H5Pcreate(chdf5_link_create()), closedBy: H5Pclose),
      H5Pset_create_intermediate_group(link.raw, 1) >= 0,
      H5Pset_char_encoding(link.raw, H5T_CSET_UTF8) >= 0
    else { return nil }
    return link
  }
}

extension Dataset {
  /// Writes `values` into `rows` of the first axis.
  ///
  /// - Precondition: `rows` lie in the first axis and `values` fill them.
  /// - Throws: ``HDF5Error`` of kind `.cannotWrite` or `.library`.
  public func write<T: Element>(_ values: [T], rows: Range<Int>?) throws(HDF5Error) {
    try Library.call { () throws(HDF5Error) in
      let selection = try Selection(self, rows)
      precondition(
        values.count == selection.count, "\(values.count) values for \(selection.count) elements")
      guard selection.count > 0 else { return }
      guard let type = T.elementType.memoryType else { throw failure("cannot be written") }
      let status = values.withUnsafeBytes { buffer in
        H5Dwrite(
          identifier.raw, type, selection.memory.raw, selection.file.raw, chdf5_default(),
          buffer.baseAddress)
      }
      guard status >= 0 else { throw failure("cannot be written") }
    }
  }
}
