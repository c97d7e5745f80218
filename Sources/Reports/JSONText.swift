/// A JSON value (RFC 8259) whose objects keep the order of their keys.
///
///     let record: JSONText = ["tool": "anamorph", "seed": 7, "inputs": ["a.h5", "b.h5"]]
///     print(record.rendered())
public indirect enum JSONText: Equatable, Sendable {
  /// Nothing.
  case null

  /// True or false.
  case bool(Bool)

  /// A whole number.
  case integer(Int)

  /// A whole number that may be beyond `Int`, such as a seed.
  case unsigned(UInt64)

  /// A real number, written with the digits that read back to the same bits; null if not finite.
  case number(Double)

  /// The same in single precision.
  case single(Float)

  /// Words.
  case text(String)

  /// Values in order.
  case array([JSONText])

  /// Named values in order.
  case object([Member])

  /// One named value of an object.
  public struct Member: Equatable, Sendable {
    /// The key.
    public var name: String

    /// The value.
    public var value: JSONText

    /// `name` and its value.
    public init(_ name: String, _ value: JSONText) {
      self.name = name
      self.value = value
    }
  }
}

extension JSONText: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Null.
  public init(nilLiteral: ()) { self = .null }

  /// True or false.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }

  /// A real number.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// Words.
  public init(stringLiteral value: String) { self = .text(value) }

  /// Values in order.
  public init(arrayLiteral elements: JSONText...) { self = .array(elements) }

  /// Named values in the order written.
  public init(dictionaryLiteral elements: (String, JSONText)...) {
    self = .object(elements.map { Member($0, $1) })
  }
}

extension JSONText {
  /// The value named `name`, when this is an object that has it.
  public subscript(name: String) -> JSONText? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The words, when this is text.
  public var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// The values, when this is an array.
  public var elements: [JSONText]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The named values, when this is an object.
  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The number, when this is one of any kind.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    case .single(let value): Double(value)
    default: nil
    }
  }

  /// The whole number, when this is one that fits.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .unsigned(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    case .single(let value): Int(exactly: value)
    default: nil
    }
  }

  /// True or false, when this is one of them.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// This object with `value` under `name`, in place when the name is there, at the end if not.
  ///
  /// - Precondition: this is an object.
  public func setting(_ name: String, to value: JSONText) -> JSONText {
    guard var members else { preconditionFailure("only an object has named values") }
    if let index = members.firstIndex(where: { $0.name == name }) {
      members[index].value = value
    } else {
      members.append(Member(name, value))
    }
    return .object(members)
  }
}

extension JSONText {
  /// The text, with two spaces per level; arrays of plain values stay on one line.
  ///
  /// - Parameter isCompact: Puts everything on one line instead.
  public func rendered(isCompact: Bool = false) -> String {
    var text = ""
    write(to: &text, indentation: isCompact ? nil : 0)
    return text
  }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .single(let value): text += value.isFinite ? value.description : "null"
    case .text(let value): JSONText.quote(value, to: &text)
    case .array(let elements):
      let isFlat = elements.allSatisfy { !$0.isContainer }
      JSONText.write(elements, in: "[", "]", to: &text, indentation, isFlat: isFlat) {
        $0.write(to: &$1, indentation: $2)
      }
    case .object(let members):
      JSONText.write(members, in: "{", "}", to: &text, indentation, isFlat: false) {
        JSONText.quote($0.name, to: &$1)
        $1 += $2 == nil ? ":" : ": "
        $0.value.write(to: &$1, indentation: $2)
      }
    }
  }

  private var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  private static func write<Element>(
    _ elements: [Element], in open: String, _ close: String, to text: inout String,
    _ indentation: Int?, isFlat: Bool, _ writeElement: (Element, inout String, Int?) -> Void
  ) {
    text += open
    let inner = indentation.map { $0 + 2 }
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      if let inner {
        if !isFlat { text += "\n" + String(repeating: " ", count: inner) }
        if isFlat, index > 0 { text += " " }
      }
      writeElement(element, &text, inner)
    }
    if let indentation, !isFlat, !elements.isEmpty {
      text += "\n" + String(repeating: " ", count: indentation)
    }
    text += close
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{00}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
