import Files

/// Arrays saved by NumPy, format versions 1 to 3.
///
/// The file is `\x93NUMPY`, two bytes of version, the length of the header (two bytes in version 1,
/// four later), and the header: a Python dictionary with `descr`, `fortran_order` and `shape`. It is
/// read by hand, never by a Python evaluator; anything but those three keys is refused, as are
/// Python objects, records and text.
enum NumPyFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// NumPy itself warns above 10,000 characters.
  private static let longestHeader = 1 << 16

  static func isNumPy(_ start: [UInt8]) -> Bool { start.starts(with: magic) }

  static func array(in bytes: any ByteSource) throws(FileError) -> NumberArray {
    func wrong(_ reason: String) -> FileError {
      FileError(path: bytes.path, reason: "not a readable .npy file: \(reason)")
    }
    let start = try bytes.bytes(in: 0..<12)
    guard start.count >= 10, isNumPy(start) else { throw wrong("it ends inside its header") }
    let version = start[6]
    guard (1...3).contains(version) else { throw wrong("format version \(version) is unknown") }
    let lengthBytes = version == 1 ? 2 : 4
    guard start.count >= 8 + lengthBytes else { throw wrong("it ends inside its header") }
    let length = start[8..<8 + lengthBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= longestHeader else { throw wrong("a header of \(length) bytes") }
    let offset = 8 + lengthBytes + length
    guard offset <= bytes.count else { throw wrong("it ends inside its header") }

    let dictionary = try bytes.bytes(in: 8 + lengthBytes..<offset)
    let header: NumPyHeader
    do throws(NumPyHeader.Problem) {
      header = try NumPyHeader(parsing: dictionary)
    } catch {
      throw wrong(error.reason)
    }
    return try NumberArray(
      bytes, offset: offset, kind: header.kind, isBigEndian: header.isBigEndian,
      isColumnMajor: header.isColumnMajor, shape: header.shape)
  }
}

/// What the dictionary at the start of a `.npy` file says.
struct NumPyHeader: Equatable {
  struct Problem: Error { var reason: String }

  var kind = ElementKind.float64
  var isBigEndian = false
  var isColumnMajor = false
  var shape: [Int] = []

  init(parsing bytes: [UInt8]) throws(Problem) {
    var reader = Reader(bytes: bytes)
    var found: Set<String> = []
    try reader.expect("{")
    while !reader.take("}") {
      let key = try reader.string()
      guard found.insert(key).inserted else { throw Problem(reason: "\(key) appears twice") }
      try reader.expect(":")
      switch key {
      case "descr": try read(elementType: try reader.elementType())
      case "fortran_order": isColumnMajor = try reader.truth()
      case "shape": shape = try reader.extents()
      default: throw Problem(reason: "its header has an unknown key")
      }
      if !reader.take(",") {
        try reader.expect("}")
        break
      }
    }
    guard reader.isAtEnd else { throw Problem(reason: "something follows its header") }
    guard found.count == 3 else {
      throw Problem(reason: "its header lacks descr, fortran_order or shape")
    }
  }

  private mutating func read(elementType: String) throws(Problem) {
    let order = elementType.first.map(String.init) ?? ""
    guard ["<", ">", "|", "="].contains(order) else {
      throw Problem(reason: "the element type \(elementType.prefix(20)) is unknown")
    }
    let kinds: [String: ElementKind] = [
      "b1": .bool, "i1": .int8, "u1": .uint8, "i2": .int16, "u2": .uint16, "i4": .int32,
      "u4": .uint32, "i8": .int64, "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
    ]
    let name = elementType.dropFirst()
    guard let kind = kinds[String(name)] else {
      switch name.first {
      case "O": throw Problem(reason: "it holds Python objects, which are never loaded")
      case "U", "S", "a": throw Problem(reason: "it holds text, not numbers")
      case "c": throw Problem(reason: "it holds complex numbers")
      default: throw Problem(reason: "the element type \(elementType.prefix(20)) is unknown")
      }
    }
    guard order != "|" || kind.byteCount == 1 else {
      throw Problem(reason: "the element type \(elementType.prefix(20)) has no byte order")
    }
    self.kind = kind
    isBigEndian = order == ">"
  }
}

extension NumPyHeader {
  /// Reads the few Python literals that a header may hold.
  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return position == bytes.count
      }
    }

    private mutating func skipSpace() {
      while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
        position += 1
      }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
      guard take(character) else { throw Problem(reason: "its header lacks \(character)") }
    }

    private mutating func take(word: String) -> Bool {
      skipSpace()
      guard bytes[position...].starts(with: word.utf8) else { return false }
      position += word.utf8.count
      return true
    }

    mutating func string() throws(Problem) -> String {
      skipSpace()
      guard position < bytes.count,
        bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"")
      else { throw Problem(reason: "its header lacks a quoted word") }
      let quote = bytes[position]
      let rest = bytes[(position + 1)...]
      guard let end = rest.firstIndex(of: quote), !rest[..<end].contains(UInt8(ascii: "\\")) else {
        throw Problem(reason: "a word in its header does not end")
      }
      position = end + 1
      return String(decoding: rest[..<end], as: UTF8.self)
    }

    mutating func elementType() throws(Problem) -> String {
      skipSpace()
      if position < bytes.count, bytes[position] == UInt8(ascii: "[") {
        throw Problem(reason: "it holds records, not numbers")
      }
      return try string()
    }

    mutating func truth() throws(Problem) -> Bool {
      if take(word: "True") { return true }
      if take(word: "False") { return false }
      throw Problem(reason: "fortran_order is neither True nor False")
    }

    mutating func extents() throws(Problem) -> [Int] {
      try expect("(")
      var extents: [Int] = []
      while !take(")") {
        guard extents.count < 32 else { throw Problem(reason: "more than 32 axes") }
        extents.append(try extent())
        if !take(",") {
          try expect(")")
          break
        }
      }
      return extents
    }

    private mutating func extent() throws(Problem) -> Int {
      skipSpace()
      let digits = bytes[position...].prefix {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
      guard !digits.isEmpty, let extent = Int(String(decoding: digits, as: UTF8.self)) else {
        throw Problem(reason: "an axis in its header has no usable length")
      }
      position += digits.count
      // Python 2 marked long integers.
      _ = take("L")
      return extent
    }
  }
}
