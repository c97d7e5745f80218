/// Reads what a ``CatalogueEncoder`` wrote and believes nothing: the process that sent it may
/// have been taken over by the file it read.
struct CatalogueDecoder {
  /// Why bytes are not what an encoder writes.
  struct Garbled: Error {}

  private let bytes: ArraySlice<UInt8>
  private var position: Int
  /// How many more elements its lists may have, which bounds the memory they take.
  var elementsLeft: Int

  init(_ bytes: ArraySlice<UInt8>, elementsLeft: Int = .max) {
    self.bytes = bytes
    self.elementsLeft = elementsLeft
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }
  private var remaining: Int { bytes.endIndex - position }

  mutating func byte() throws(Garbled) -> UInt8 {
    guard position < bytes.endIndex else { throw Garbled() }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func bits() throws(Garbled) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let byte = try byte()
      let part = UInt64(byte & 0x7F)
      guard shift < 63 || part <= 1 else { throw Garbled() }
      value |= part << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw Garbled()
  }

  /// A number that is not negative.
  mutating func number() throws(Garbled) -> Int {
    guard let value = Int(exactly: try bits()) else { throw Garbled() }
    return value
  }

  mutating func flag() throws(Garbled) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw Garbled()
    }
  }

  mutating func data() throws(Garbled) -> ArraySlice<UInt8> {
    let count = try number()
    guard count <= remaining else { throw Garbled() }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func text() throws(Garbled) -> String { String(decoding: try data(), as: UTF8.self) }

  mutating func list<T>(
    _ element: (inout CatalogueDecoder) throws(Garbled) -> T
  ) throws(Garbled) -> [T] {
    let count = try number()
    // Every element takes a byte at least.
    guard count <= remaining, count <= elementsLeft else { throw Garbled() }
    elementsLeft -= count
    var values: [T] = []
    for _ in 0..<count { values.append(try element(&self)) }
    return values
  }

  mutating func failure() throws(Garbled) -> (kind: HDF5Error.Kind, reason: String) {
    let index = try number()
    guard index < HDF5Error.Kind.allCases.count else { throw Garbled() }
    return (HDF5Error.Kind.allCases[index], try text())
  }

  mutating func type() throws(Garbled) -> ElementType {
    switch try number() {
    case 0: return .float16
    case 1: return .bfloat16
    case 2: return .float32
    case 3: return .float64
    case 4:
      let bits = try number()
      guard [8, 16, 32, 64].contains(bits) else { throw Garbled() }
      return .integer(bits: bits, signed: try flag())
    case 5: return .boolean
    case 6: return .fixedString(bytes: try number())
    case 7: return .variableString
    case 8: return .opaque(bytes: try number(), tag: try text())
    case 9: return .other(try text())
    default: throw Garbled()
    }
  }

  /// Extents whose product, times `elementSize`, fits in `Int`.
  mutating func shape(elementSize: Int) throws(Garbled) -> [Int] {
    let shape = try list { decoder throws(Garbled) in try decoder.number() }
    try Self.check(shape, elementSize)
    return shape
  }

  static func check(_ shape: [Int], _ elementSize: Int) throws(Garbled) {
    guard shape.count <= 32, elementSize > 0 else { throw Garbled() }
    var bytes = elementSize
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { throw Garbled() }
      bytes = product
    }
  }

  mutating func attribute(_ name: String) throws(Garbled) -> Attribute {
    let shape = try shape(elementSize: 1)
    let type = try type()
    let values: Attribute.Values
    var count: Int?
    switch try number() {
    case 0:
      let numbers = try list { decoder throws(Garbled) in
        Int64(bitPattern: try decoder.bits())
      }
      (values, count) = (.integers(numbers), numbers.count)
    case 1:
      let numbers = try list { decoder throws(Garbled) in
        Double(bitPattern: try decoder.bits())
      }
      (values, count) = (.numbers(numbers), numbers.count)
    case 2:
      let texts = try list { decoder throws(Garbled) in try decoder.text() }
      (values, count) = (.strings(texts), texts.count)
    case 3: values = .unread
    default: throw Garbled()
    }
    // None at all for a null space, whose shape is that of one value.
    guard count == nil || count == 0 || count == shape.reduce(1, *) else { throw Garbled() }
    return Attribute(name: name, shape: shape, elementType: type, values: values)
  }
}
