/// Why a text is not JSON.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Where, in bytes from the start.
  public var offset: Int
  /// What was expected there.
  public var reason: String
  /// The name that an object has twice, where that is what is wrong.
  public var repeatedName: String?
  /// One line: what and where.
  public var description: String { "not JSON: \(reason) at byte \(offset)" }
}

extension JSON {
  /// Parses `text`.
  ///
  /// Accepts what Python's `json` module writes, that is RFC 8259 and the words `NaN`, `Infinity`
  /// and `-Infinity`. The last of equal names counts, unless `namesOnce`, when they are refused:
  /// readers that count the first would see another text. Nesting deeper than 512 is refused, as are
  /// more than 2,000,000 values: a value takes many times the memory of its text.
  ///
  /// - Throws: ``JSONError``.
  public init(parsing text: String, namesOnce: Bool = false) throws(JSONError) {
    var parser = Parser(bytes: Array(text.utf8), namesOnce: namesOnce)
    self = try parser.document()
  }

  /// The value as text, members sorted by name: equal values give equal texts.
  ///
  /// Numbers are written with the fewest digits that read back to the same Float64; NaN and
  /// infinities as Python writes them. With `indented`, one member or element per line.
  public func text(indented: Bool = false) -> String {
    var text = ""
    write(to: &text, indented: indented, depth: 0)
    return text
  }

  private func write(to text: inout String, indented: Bool, depth: Int) {
    func breakLine(_ depth: Int) {
      if indented { text += "\n" + String(repeating: "  ", count: depth) }
    }
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += Self.text(of: value)
    case .string(let value): text += Self.quoted(value)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        breakLine(depth + 1)
        element.write(to: &text, indented: indented, depth: depth + 1)
      }
      if !elements.isEmpty { breakLine(depth) }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text += "," }
        breakLine(depth + 1)
        text += Self.quoted(member.key) + (indented ? ": " : ":")
        member.value.write(to: &text, indented: indented, depth: depth + 1)
      }
      if !members.isEmpty { breakLine(depth) }
      text += "}"
    }
  }

  private static func text(of number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
    if let whole = Int(exactly: number), abs(number) < 0x1p53, number.sign == .plus || whole != 0 {
      return String(whole)
    }
    return String(number)
  }

  private static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

private struct Parser {
  let bytes: [UInt8]
  let namesOnce: Bool
  var offset = 0
  var depth = 0
  var valuesLeft = 2_000_000

  init(bytes: [UInt8], namesOnce: Bool) { (self.bytes, self.namesOnce) = (bytes, namesOnce) }

  mutating func document() throws(JSONError) -> JSON {
    let value = try value()
    skipSpace()
    guard offset == bytes.count else { throw error("something after the end of the value") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSON {
    skipSpace()
    valuesLeft -= 1
    guard valuesLeft >= 0 else { throw error("more than 2,000,000 values") }
    guard offset < bytes.count else { throw error("the text ends where a value should be") }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    default: return try word()
    }
  }

  private mutating func object() throws(JSONError) -> JSON {
    try enter()
    var members: [String: JSON] = [:]
    if !skip("}") {
      repeat {
        skipSpace()
        let name = try string()
        guard skip(":") else { throw error("a colon is missing") }
        let earlier = members.updateValue(try value(), forKey: name)
        if namesOnce, earlier != nil {
          var error = self.error("a name twice")
          error.repeatedName = name
          throw error
        }
      } while skip(",")
      guard skip("}") else { throw error("a comma or closing brace is missing") }
    }
    depth -= 1
    return .object(members)
  }

  private mutating func array() throws(JSONError) -> JSON {
    try enter()
    var elements: [JSON] = []
    if !skip("]") {
      repeat { elements.append(try value()) } while skip(",")
      guard skip("]") else { throw error("a comma or closing bracket is missing") }
    }
    depth -= 1
    return .array(elements)
  }

  private mutating func enter() throws(JSONError) {
    offset += 1
    depth += 1
    guard depth <= 512 else { throw error("values nested deeper than 512") }
  }

  private mutating func string() throws(JSONError) -> String {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
      throw error("a quoted text is missing")
    }
    offset += 1
    var units: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
      case UInt8(ascii: "\\"): units.append(contentsOf: Array(String(try escape()).utf8))
      case 0..<0x20: throw error("a control character in a text")
      default: units.append(byte)
      }
    }
    throw error("a text without its closing quote")
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard offset < bytes.count else { throw error("a text without its closing quote") }
    defer { offset += 1 }
    switch bytes[offset] {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "u"):
      let high = try hexadecimal(at: offset + 1)
      offset += 4
      guard (0xD800..<0xDC00).contains(high) else {
        return Unicode.Scalar(high) ?? "\u{FFFD}"
      }
      guard offset + 2 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\\"),
        bytes[offset + 2] == UInt8(ascii: "u")
      else { return "\u{FFFD}" }
      let low = try hexadecimal(at: offset + 3)
      guard (0xDC00..<0xE000).contains(low) else { return "\u{FFFD}" }
      offset += 6
      return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    default: throw error("an unknown escape")
    }
  }

  private func hexadecimal(at start: Int) throws(JSONError) -> UInt32 {
    guard start + 4 <= bytes.count,
      bytes[start..<start + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: bytes[start..<start + 4], as: UTF8.self), radix: 16)
    else { throw error("four hexadecimal digits are missing") }
    return value
  }

  private mutating func word() throws(JSONError) -> JSON {
    let start = offset
    let ends: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")]
    while offset < bytes.count, !Self.isSpace(bytes[offset]), !ends.contains(bytes[offset]),
      offset - start < 400
    {
      offset += 1
    }
    let word = String(decoding: bytes[start..<offset], as: UTF8.self)
    switch word {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "NaN": return .number(.nan)
    case "Infinity": return .number(.infinity)
    case "-Infinity": return .number(-.infinity)
    default:
      let allowed = Array("0123456789+-.eE".utf8)
      guard bytes[start..<offset].allSatisfy(allowed.contains), let number = Double(word) else {
        offset = start
        throw error("neither a value nor a number")
      }
      return .number(number)
    }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpace() {
    while offset < bytes.count, Self.isSpace(bytes[offset]) { offset += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  private func error(_ reason: String) -> JSONError { JSONError(offset: offset, reason: reason) }
}
