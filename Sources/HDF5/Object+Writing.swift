import CHDF5

extension Object {
  /// Writes a text as the attribute `name`, in UTF-8 of any length; the name must be free.
  ///
  /// - Throws: ``HDF5Error`` of kind `.wrongType` when the text holds a zero byte,
  ///   `.alreadyExists`, `.cannotWrite` or `.library`.
  public func setAttribute(_ name: String, _ text: String) throws(HDF5Error) {
    try write(name, [text], shape: [])
  }

  /// Writes texts as the attribute `name`, of one axis.
  ///
  /// The library keeps up to 64 KiB in an attribute, which is some 4,000 texts; longer lists
  /// belong in a dataset.
  ///
  /// - Throws: ``HDF5Error``, as for one text.
  public func setAttribute(_ name: String, _ texts: [String]) throws(HDF5Error) {
    try write(name, texts, shape: [texts.count])
  }

  /// Writes a number as the attribute `name`.
  ///
  /// - Throws: ``HDF5Error``, as for a text.
  public func setAttribute<T: Element>(_ name: String, _ number: T) throws(HDF5Error) {
    try write(name, [number], shape: [])
  }

  /// Writes a whole number as the attribute `name`.
  ///
  /// - Throws: ``HDF5Error``, as for a text.
  public func setAttribute(_ name: String, _ number: Int) throws(HDF5Error) {
    try write(name, [Int64(number)], shape: [])
  }

  /// Writes numbers as the attribute `name`, of one axis.
  ///
  /// - Throws: ``HDF5Error``, as for a text.
  public func setAttribute<T: Element>(_ name: String, _ numbers: [T]) throws(HDF5Error) {
    try write(name, numbers, shape: [numbers.count])
  }

  func checkNoZeroBytes(_ texts: [String]) throws(HDF5Error) {
    guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw error(.wrongType, "a text to be written holds a zero byte")
    }
  }

  private func write(_ name: String, _ texts: [String], shape: [Int]) throws(HDF5Error) {
    try checkNoZeroBytes(texts)
    try Library.call { () throws(HDF5Error) in
      guard let type = Identifier(chdf5_create_text(), closedBy: H5Tclose) else {
        throw failure("text cannot be written")
      }
      try write(name, shape: shape, fileType: type.raw) { attribute in
        VariableText.withPointers(texts) { H5Awrite(attribute, type.raw, $0) }
      }
    }
  }

  private func write<T: Element>(
    _ name: String, _ numbers: [T], shape: [Int]
  ) throws(HDF5Error) {
    try Library.call { () throws(HDF5Error) in
      guard let fileType = T.elementType.fileType, let memoryType = T.elementType.memoryType else {
        throw failure("the attribute '\(name)' cannot be written")
      }
      try write(name, shape: shape, fileType: fileType) { attribute in
        numbers.withUnsafeBytes { H5Awrite(attribute, memoryType, $0.baseAddress) }
      }
    }
  }

  private func write(
    _ name: String, shape: [Int], fileType: hid_t, _ write: (hid_t) -> herr_t
  ) throws(HDF5Error) {
    let extents = shape.map { hsize_t($0) }
    guard
      let space = Identifier(
        shape.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.count), extents, nil),
        closedBy: H5Sclose),
      let attribute = Identifier(
        H5Acreate2(
          identifier.raw, name, fileType, space.raw, chdf5_default(), chdf5_default()),
        closedBy: H5Aclose),
      shape.contains(0) || write(attribute.raw) >= 0
    else { throw failure("the attribute '\(name)' cannot be written") }
  }
}
