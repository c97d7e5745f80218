/// Where and why a text is not JSON.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The line, counted from one.
  public var line: Int

  /// What is wrong there.
  public var reason: String

  /// What is wrong in which line.
  public init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }

  /// One line: where, then what.
  public var description: String { "line \(line): \(reason)" }
}

extension JSONText {
  /// Reads `text` as RFC 8259 has it: no comments, no trailing commas, no repeated keys.
  ///
  /// Whole numbers become integers where they fit and real numbers where they do not. Nesting is
  /// followed 256 levels deep, so that no text can exhaust the stack.
  ///
  /// - Throws: ``JSONSyntaxError``.
  public init(parsing text: String) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: Array(text.utf8))
    self = try parser.document()
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSONSyntaxError) -> JSONText {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw wrong("something follows the value") }
    return value
  }

  private func wrong(_ reason: String) -> JSONSyntaxError {
    let before = bytes[..<min(position, bytes.count)]
    return JSONSyntaxError(
      line: 1 + before.count { $0 == UInt8(ascii: "\n") }, reason: reason)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    word.withUTF8Buffer { word in
      guard bytes[position...].starts(with: word) else { return false }
      position += word.count
      return true
    }
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONText {
    guard depth < 256 else { throw wrong("nested more than 256 levels deep") }
    skipSpace()
    switch next {
    case nil: throw wrong("the text ends where a value should be")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t") where takeWord("true"): return .bool(true)
    case UInt8(ascii: "f") where takeWord("false"): return .bool(false)
    case UInt8(ascii: "n") where takeWord("null"): return .null
    default: return try number()
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONText {
    position += 1
    var elements: [JSONText] = []
    skipSpace()
    if take("]") { return .array([]) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw wrong("a comma or ] should follow an element") }
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONText {
    position += 1
    var members: [JSONText.Member] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw wrong("a key in quotes should be here") }
      let name = try string()
      guard names.insert(name).inserted else { throw wrong("the key \"\(name)\" appears twice") }
      skipSpace()
      guard take(":") else { throw wrong("a colon should follow the key \"\(name)\"") }
      members.append(JSONText.Member(name, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw wrong("a comma or } should follow a value") }
    }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &content)
      case 0..<0x20: throw wrong("a control character in a string must be escaped")
      default: content.append(byte)
      }
    }
    throw wrong("a string does not end")
  }

  private mutating func escape(into content: inout [UInt8]) throws(JSONSyntaxError) {
    guard let kind = next else { throw wrong("a string does not end") }
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(kind)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), takeWord("\\u") {
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw wrong("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw wrong("half a surrogate pair") }
      content.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw wrong("an unknown escape in a string")
    }
  }

  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw wrong("\\u needs four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONText {
    let start = position
    _ = take("-")
    let isPadded = next == UInt8(ascii: "0")
    let whole = takeDigits()
    guard whole > 0, !isPadded || whole == 1 else { throw wrong("this is not a value") }
    var isWhole = true
    if take(".") {
      isWhole = false
      guard takeDigits() > 0 else { throw wrong("digits should follow the point") }
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      guard takeDigits() > 0 else { throw wrong("digits should follow the exponent sign") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text), text != "-0" { return .integer(value) }
    if isWhole, !text.hasPrefix("-"), let value = UInt64(text) { return .unsigned(value) }
    guard let value = Double(text), value.isFinite else { throw wrong("\(text) is too large") }
    return .number(value)
  }

  private mutating func takeDigits() -> Int {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }
}
