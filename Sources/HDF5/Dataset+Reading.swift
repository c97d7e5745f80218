import CHDF5

extension Dataset {
  /// Every value as single precision, the last axis running fastest.
  ///
  /// Half precision and bfloat16 are exact; wider numbers are rounded to the nearest. Truth values
  /// are 0 and 1.
  ///
  /// - Parameter rows: Only these indices of the first axis; all when `nil`.
  /// - Precondition: `rows` lie in the first axis.
  /// - Throws: ``HDF5Error`` of kind `.wrongType` when the elements are not numbers, `.tooLarge`,
  ///   `.unsupported`, `.truncated`, `.damaged` or `.library`.
  public func read(as: Float.Type, rows: Range<Int>? = nil) throws(HDF5Error) -> [Float] {
    if let stored { return try numbers(stored, rows) { $0.floats() } }
    switch elementType {
    case .bfloat16 where try isOpaque():
      return try bits(rows).map { Float(bitPattern: UInt32($0) << 16) }
    case .boolean: return try bytes(rows).map { $0 == 0 ? 0 : 1 }
    default:
      try checkNumeric()
      return try converted(Float.self, rows)
    }
  }

  /// Every value as double precision, which holds every floating-point value exactly, and whole
  /// numbers up to 2⁵³; otherwise as the reading in single precision.
  ///
  /// - Throws: ``HDF5Error``.
  public func read(as: Double.Type, rows: Range<Int>? = nil) throws(HDF5Error) -> [Double] {
    if let stored { return try numbers(stored, rows) { $0.doubles() } }
    switch elementType {
    case .bfloat16 where try isOpaque():
      return try bits(rows).map { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .boolean: return try bytes(rows).map { $0 == 0 ? 0 : 1 }
    default:
      try checkNumeric()
      return try converted(Double.self, rows)
    }
  }

  /// Every value as a whole number of the type asked for, exactly.
  ///
  /// - Throws: ``HDF5Error`` of kind `.wrongType` when the elements are not whole numbers or one
  ///   does not fit, and as for the other readings.
  public func read<T: Element & FixedWidthInteger>(
    as: T.Type, rows: Range<Int>? = nil
  ) throws(HDF5Error) -> [T] {
    switch elementType {
    case T.elementType: return try numbers(T.self, rows)
    case .boolean: return try bytes(rows).map { $0 == 0 ? 0 : 1 }
    case .integer(_, signed: true): return try narrowed(numbers(Int64.self, rows))
    case .integer(_, signed: false): return try narrowed(numbers(UInt64.self, rows))
    default: throw error(.wrongType, "holds \(elementType), not whole numbers")
    }
  }

  /// Every text, padding removed, decoded as UTF-8 with what is not UTF-8 replaced.
  ///
  /// - Throws: ``HDF5Error`` of kind `.wrongType` when the elements are not texts, and as for the
  ///   other readings.
  public func readStrings(rows: Range<Int>? = nil) throws(HDF5Error) -> [String] {
    if case .fixedString(let size) = elementType, size > Self.longestText {
      throw error(
        .tooLarge,
        "texts of \(size) bytes each, more than the \(Self.longestText) allowed; save shorter ones")
    }
    if let stored, elementType.isString { return try texts(stored, rows) }
    switch elementType {
    case .fixedString:
      let bytes = try bytes(rows)
      return try Library.call { () throws(HDF5Error) in
        guard let type = Identifier(H5Dget_type(identifier.raw), closedBy: H5Tclose) else {
          throw failure("cannot be described")
        }
        return FixedText(type.raw).strings(bytes, size: elementSize)
      }
    case .variableString:
      try checkStorage()
      return try Library.call { () throws(HDF5Error) in
        let selection = try Selection(self, rows)
        try checkMemory(selection.count, 32)
        guard selection.count > 0 else { return [] }
        guard let type = Identifier(H5Dget_type(identifier.raw), closedBy: H5Tclose),
          let texts = VariableText.strings(
            count: selection.count, type: type.raw, space: selection.memory.raw,
            read: { buffer in
              H5Dread(
                identifier.raw, type.raw, selection.memory.raw, selection.file.raw,
                chdf5_default(), buffer) >= 0
            })
        else { throw failure("cannot be read") }
        return texts
      }
    default: throw error(.wrongType, "holds \(elementType), not text")
    }
  }

  /// How many bytes a text of fixed length may have: names and configurations are far shorter.
  private static let longestText = 64 << 20

  func checkNumeric() throws(HDF5Error) {
    guard elementType.isNumeric else {
      throw error(.wrongType, "holds \(elementType), not numbers")
    }
  }

  private func isOpaque() throws(HDF5Error) -> Bool {
    Library.call {
      guard let type = Identifier(H5Dget_type(identifier.raw), closedBy: H5Tclose) else {
        return false
      }
      return H5Tget_class(type.raw) == H5T_OPAQUE
    }
  }

  private func narrowed<S: FixedWidthInteger, T: FixedWidthInteger>(
    _ values: [S]
  ) throws(HDF5Error) -> [T] {
    var result: [T] = []
    result.reserveCapacity(values.count)
    for value in values {
      guard let value = T(exactly: value) else {
        throw error(.wrongType, "holds \(value), which \(T.self) cannot")
      }
      result.append(value)
    }
    return result
  }

  /// Whole numbers of the type in the file.
  private func numbers<T: Element & FixedWidthInteger>(
    _: T.Type, _ rows: Range<Int>?
  ) throws(HDF5Error) -> [T] {
    if let stored { return try numbers(stored, rows) { $0.integers() } }
    return try converted(T.self, rows)
  }

  /// The values converted by the library to a number in memory.
  func converted<T: Element>(_: T.Type, _ rows: Range<Int>?) throws(HDF5Error) -> [T] {
    try elements(rows, size: MemoryLayout<T>.stride) { () -> hid_t? in T.elementType.memoryType }
  }

  /// The values as the bytes in the file.
  func bytes(_ rows: Range<Int>?) throws(HDF5Error) -> [UInt8] {
    if let stored { return try storedBytes(stored, rows) }
    return try elements(rows, size: elementSize) { () -> hid_t? in nil }
  }

  /// Values of two opaque bytes, lowest first.
  private func bits(_ rows: Range<Int>?) throws(HDF5Error) -> [UInt16] {
    let bytes = try bytes(rows)
    return (0..<bytes.count / 2).map { UInt16(bytes[2 * $0]) | UInt16(bytes[2 * $0 + 1]) << 8 }
  }

  /// Reads `rows` into an array whose elements fill `size` bytes each; `memoryType` is called
  /// under the lock and gives `nil` for the type of the file itself.
  private func elements<T: Sendable>(
    _ rows: Range<Int>?, size: Int, memoryType: () -> hid_t?
  ) throws(HDF5Error) -> [T] {
    try checkStorage()
    return try Library.call { () throws(HDF5Error) in
      let selection = try Selection(self, rows)
      try checkMemory(selection.count, size)
      guard selection.count > 0 else { return [] }
      guard let fileType = Identifier(H5Dget_type(identifier.raw), closedBy: H5Tclose) else {
        throw failure("cannot be described")
      }
      let type = memoryType() ?? fileType.raw
      let count = selection.count * size / MemoryLayout<T>.stride
      var status: herr_t = -1
      let values = [T](unsafeUninitializedCapacity: count) { buffer, initialized in
        status = H5Dread(
          identifier.raw, type, selection.memory.raw, selection.file.raw, chdf5_default(),
          buffer.baseAddress)
        initialized = status < 0 ? 0 : count
      }
      guard status >= 0 else { throw failure("cannot be read") }
      return values
    }
  }
}

/// The part of a dataset that is read or written: all of it, or a range of its first axis.
struct Selection: ~Copyable {
  let memory: Identifier
  let file: Identifier
  let count: Int

  /// Selects `rows` of `dataset`; under `Library.call`.
  init(_ dataset: Dataset, _ rows: Range<Int>?) throws(HDF5Error) {
    var count = dataset.count
    var rowCount = 0
    if let rows {
      let extent = dataset.shape.first ?? 0
      precondition(
        rows.lowerBound >= 0 && rows.upperBound <= extent,
        "rows \(rows) of a dataset with \(extent)")
      count = rows.count * dataset.shape.dropFirst().reduce(1, *)
      rowCount = rows.count
    }
    // The same extents as in the file: between unlike extents the library maps chunked data one
    // element at a time, some twenty times slower.
    var extents = dataset.shape.enumerated().map { hsize_t(rows != nil && $0 == 0 ? rowCount : $1) }
    if extents.isEmpty { extents = [hsize_t(count)] }
    guard let file = Identifier(H5Dget_space(dataset.identifier.raw), closedBy: H5Sclose),
      let memory = Identifier(
        H5Screate_simple(Int32(extents.count), extents, nil), closedBy: H5Sclose)
    else { throw dataset.failure("cannot be selected from") }
    if let rows, count > 0 {
      let start = dataset.shape.indices.map { hsize_t($0 == 0 ? rows.lowerBound : 0) }
      guard H5Sselect_hyperslab(file.raw, H5S_SELECT_SET, start, nil, extents, nil) >= 0 else {
        throw dataset.failure("cannot be selected from")
      }
    }
    self.memory = memory
    self.file = file
    self.count = count
  }
}
