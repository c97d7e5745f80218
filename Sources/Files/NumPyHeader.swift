/// The start of a `.npy` file: what the numbers after it are.
///
/// Format versions 1 to 3: `\x93NUMPY`, two bytes of version, the length of the dictionary (two bytes
/// in version 1, four later), and a Python dictionary with `descr`, `fortran_order` and `shape`. It is
/// read by hand, never by a Python evaluator; anything but those three keys is refused, as are Python
/// objects, records and text.
package struct NumPyHeader: Equatable, Sendable {
  /// Why a header is not taken.
  package struct Problem: Error {
    package var reason: String
    /// Whether the array may be sound but holds something else than numbers.
    package var isOtherContent: Bool
    /// Whether that is text.
    package var isText: Bool

    package init(reason: String, isOtherContent: Bool = false, isText: Bool = false) {
      (self.reason, self.isOtherContent, self.isText) = (reason, isOtherContent, isText)
    }
  }

  /// What a number is, apart from its size.
  package enum Kind: Sendable {
    case boolean
    case signed
    case unsigned
    case floatingPoint
  }

  /// What the numbers are.
  package private(set) var kind = Kind.floatingPoint
  /// How many bytes one takes.
  package private(set) var elementByteCount = 8
  /// Whether their highest byte comes first.
  package private(set) var isBigEndian = false
  /// Whether the first axis runs fastest, as Fortran and MATLAB have it.
  package private(set) var isColumnMajor = false
  /// The extent of each axis, none of them negative; their product is not checked.
  package private(set) var shape: [Int] = []
  /// The bytes before the numbers.
  package let byteCount: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// NumPy itself warns above 10,000 characters.
  private static let longestDictionary = 1 << 16

  /// How many bytes of a file are looked at.
  package static let longest = 12 + longestDictionary

  /// Whether `start` begins as such files do.
  package static func isNumPy(_ start: [UInt8]) -> Bool { start.starts(with: magic) }

  /// The header at the beginning of `start`, which is the file or its first ``longest`` bytes.
  package init(_ start: [UInt8]) throws(Problem) {
    guard Self.isNumPy(start) else { throw Problem(reason: "it does not begin as such files do") }
    guard start.count >= 10 else { throw Problem(reason: "it ends inside its header") }
    let version = start[6]
    guard (1...3).contains(version) else {
      throw Problem(reason: "format version \(version) is unknown")
    }
    let width = version == 1 ? 2 : 4
    guard start.count >= 8 + width else { throw Problem(reason: "it ends inside its header") }
    let length = start[8..<8 + width].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longestDictionary else {
      throw Problem(reason: "a header of \(length) bytes")
    }
    byteCount = 8 + width + length
    guard byteCount <= start.count else { throw Problem(reason: "it ends inside its header") }
    try read(dictionary: Array(start[8 + width..<byteCount]))
  }

  private mutating func read(dictionary bytes: [UInt8]) throws(Problem) {
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
    let kinds: [String: (Kind, Int)] = [
      "b1": (.boolean, 1), "i1": (.signed, 1), "u1": (.unsigned, 1), "i2": (.signed, 2),
      "u2": (.unsigned, 2), "i4": (.signed, 4), "u4": (.unsigned, 4), "i8": (.signed, 8),
      "u8": (.unsigned, 8), "f2": (.floatingPoint, 2), "f4": (.floatingPoint, 4),
      "f8": (.floatingPoint, 8),
    ]
    let name = elementType.dropFirst()
    guard let (kind, size) = kinds[String(name)] else {
      let reason =
        switch name.first {
        case "O":
          "it holds Python objects, which are never loaded; save its arrays with numpy.savez"
        case "U", "S", "a": "it holds text, not numbers"
        case "c": "it holds complex numbers"
        default: "the element type \(elementType.prefix(20)) is unknown"
        }
      let isText = ["U", "S", "a"].contains(name.first)
      throw Problem(reason: reason, isOtherContent: true, isText: isText)
    }
    guard order != "|" || size == 1 else {
      throw Problem(reason: "the element type \(elementType.prefix(20)) has no byte order")
    }
    (self.kind, elementByteCount) = (kind, size)
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
        throw Problem(reason: "it holds records, not numbers", isOtherContent: true)
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
