import CHDF5

/// A small value that a group or dataset carries, already read.
public struct Attribute: Equatable, Sendable {
  /// The values, in the kind the file holds them.
  public enum Values: Equatable, Sendable {
    /// Whole numbers that `Int64` holds.
    case integers([Int64])
    /// Other numbers.
    case numbers([Double])
    /// Texts, decoded as UTF-8 with what is not UTF-8 replaced.
    case strings([String])
    /// A type that is not read.
    case unread
  }

  /// Its name.
  public let name: String
  /// The extent of each axis; empty for one value.
  public let shape: [Int]
  /// What an element is.
  public let elementType: ElementType
  /// The values; none for a null dataspace.
  public let values: Values

  /// The text, if it holds exactly one.
  public var string: String? {
    if case .strings(let texts) = values, texts.count == 1 { texts[0] } else { nil }
  }

  /// The texts; an empty list also when it holds no elements of any type, as Keras writes an
  /// empty list of names as a float64 array of shape (0,).
  public var strings: [String]? {
    switch values {
    case .strings(let texts): texts
    case .integers(let numbers) where numbers.isEmpty: []
    case .numbers(let numbers) where numbers.isEmpty: []
    default: nil
    }
  }

  /// The numbers, whole ones converted, if it holds numbers.
  public var numbers: [Double]? {
    switch values {
    case .integers(let numbers): numbers.map { Double($0) }
    case .numbers(let numbers): numbers
    default: nil
    }
  }

  /// The number, if it holds exactly one.
  public var number: Double? {
    if let numbers, numbers.count == 1 { numbers[0] } else { nil }
  }

  /// The whole number, if it holds exactly one.
  public var integer: Int? {
    if case .integers(let numbers) = values, numbers.count == 1 {
      Int(exactly: numbers[0])
    } else {
      nil
    }
  }

  /// How many elements an attribute may have.
  private static let mostElements = 1 << 20
  /// How many bytes an attribute may have: the longest of checkpoints are configurations of a few
  /// megabytes.
  static let mostBytes = 64 << 20

  /// An attribute that was read elsewhere.
  init(name: String, shape: [Int], elementType: ElementType, values: Values) {
    (self.name, self.shape, self.elementType, self.values) = (name, shape, elementType, values)
  }

  /// Reads the attribute `name` of `object`.
  init(of object: Object, _ name: String) throws(HDF5Error) {
    self.name = name
    let place = "its attribute '\(name)'"
    (shape, elementType, values) = try Library.call { () throws(HDF5Error) in
      guard
        let attribute = Identifier(
          H5Aopen(object.identifier.raw, name, chdf5_default()), closedBy: H5Aclose),
        let space = Identifier(H5Aget_space(attribute.raw), closedBy: H5Sclose),
        let type = Identifier(H5Aget_type(attribute.raw), closedBy: H5Tclose)
      else { throw object.failure("\(place) cannot be opened") }
      let size = H5Tget_size(type.raw)
      guard size > 0 else { throw object.failure("\(place) has a type without size") }
      let extents = try Extents(space.raw, elementSize: size, of: object)
      let elementType = ElementType(type.raw)
      let count = extents.isNull ? 0 : extents.shape.reduce(1, *)
      // Attributes are kept whole, more than once on the way.
      guard count * size <= Self.mostBytes else {
        throw object.error(
          .tooLarge,
          "\(place) has \(count * size) bytes, more than the \(Self.mostBytes) allowed; "
            + "keep what is so long in a dataset")
      }
      // Attributes are never compressed, so they cannot claim more than the file's length.
      guard object.file.byteCount == 0 || count * size <= object.file.byteCount else {
        throw object.error(
          .tooLarge, "\(place) claims more bytes than the file has; download it again")
      }
      // They are kept whole and in wide numbers; those of checkpoints have thousands at most.
      guard count <= Self.mostElements else {
        throw object.error(
          .tooLarge,
          "\(place) has \(count) elements, more than the \(Self.mostElements) allowed; "
            + "keep so many in a dataset")
      }
      let reader = ElementReader(count: count, size: size, type: type.raw) { memory, buffer in
        H5Aread(attribute.raw, memory, buffer) >= 0
      }
      guard let values = try reader.values(elementType, space.raw) else {
        throw object.failure("\(place) cannot be read")
      }
      return (extents.shape, elementType, values)
    }
  }
}

/// Reads the elements of an attribute, whichever their type.
private struct ElementReader {
  let count: Int
  let size: Int
  let type: hid_t
  let read: (hid_t, UnsafeMutableRawPointer) -> Bool

  /// The values, or `nil` when the library failed.
  func values(_ elementType: ElementType, _ space: hid_t) throws(HDF5Error) -> Attribute.Values? {
    switch elementType {
    case .fixedString:
      guard count > 0 else { return .strings([]) }
      let bytes = raw(type, count * size)
      return bytes.map { .strings(FixedText(type).strings($0, size: size)) }
    case .variableString:
      guard count > 0 else { return .strings([]) }
      return VariableText.strings(count: count, type: type, space: space) { read(type, $0) }
        .map { .strings($0) }
    case .integer(64, false):
      let values = numbers(UInt64.self, chdf5_native_uint64())
      return values.map { values in
        let whole = values.compactMap { Int64(exactly: $0) }
        return whole.count == values.count ? .integers(whole) : .numbers(values.map { Double($0) })
      }
    case .integer:
      return numbers(Int64.self, chdf5_native_int64()).map { .integers($0) }
    case .boolean:
      return (count == 0 ? [] : raw(type, count)).map { .integers($0.map { Int64($0) }) }
    case .float16, .float32, .float64:
      return numbers(Double.self, chdf5_native_double()).map { .numbers($0) }
    case .bfloat16, .opaque, .other: return .unread
    }
  }

  private func raw(_ memory: hid_t, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let done = bytes.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { read(memory, $0) } ?? true
    }
    return done ? bytes : nil
  }

  private func numbers<T: Element & ExpressibleByIntegerLiteral>(
    _: T.Type, _ memory: hid_t
  ) -> [T]? {
    guard count > 0 else { return [] }
    var numbers = [T](repeating: 0, count: count)
    let done = numbers.withUnsafeMutableBytes { buffer in
      buffer.baseAddress.map { read(memory, $0) } ?? true
    }
    return done ? numbers : nil
  }
}
