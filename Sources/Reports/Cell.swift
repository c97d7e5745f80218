/// One value in a table.
public enum Cell: Equatable, Sendable {
  /// Words.
  case text(String)

  /// A whole number.
  case integer(Int)

  /// A real number; one that is not finite is shown as undefined.
  case number(Double)

  /// A real number that was stored in single precision, and is written with the digits of one.
  case single(Float)

  /// Yes or no.
  case truth(Bool)

  /// A value that does not exist, and why; an empty reason says that none is needed.
  case undefined(String)

  /// Nothing to say here.
  public static let none = Cell.undefined("")

  /// `value`, or why there is none.
  public static func number(_ value: Double?, otherwise reason: String) -> Cell {
    value.map(Cell.number) ?? .undefined(reason)
  }

  /// Why the value is undefined, or `nil` when it is defined.
  public var reason: String? {
    switch self {
    case .undefined(let reason): reason
    case .number(let value) where !value.isFinite: value.isNaN ? "not a number" : "infinite"
    case .single(let value) where !value.isFinite: value.isNaN ? "not a number" : "infinite"
    default: nil
    }
  }
}

extension Cell: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral
{
  /// A text cell.
  public init(stringLiteral value: String) { self = .text(value) }

  /// An integer cell.
  public init(integerLiteral value: Int) { self = .integer(value) }

  /// A number cell.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// A cell that says yes or no.
  public init(booleanLiteral value: Bool) { self = .truth(value) }
}

extension Cell {
  func fits(_ kind: Column.Kind) -> Bool {
    switch (self, kind) {
    case (.undefined, _), (.text, .text), (.truth, .truth), (.integer, .integer): true
    case (.integer, .number), (.integer, .percent): true
    case (.number, .number), (.number, .percent), (.single, .number), (.single, .percent): true
    default: false
    }
  }

  /// The cell as CSV writes it: every digit, nothing where it is undefined.
  var field: String {
    if reason != nil { return "" }
    return switch self {
    case .text(let text): text
    case .integer(let value): String(value)
    case .number(let value): value.description
    case .single(let value): value.description
    case .truth(let value): value ? "true" : "false"
    case .undefined: ""
    }
  }

  /// The cell as JSON writes it: every digit, null where it is undefined.
  var json: JSONText {
    if reason != nil { return .null }
    return switch self {
    case .text(let text): .text(text)
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .single(let value): .single(value)
    case .truth(let value): .bool(value)
    case .undefined: .null
    }
  }

  /// The cell as people see it in a column of `kind`.
  package func shown(as kind: Column.Kind) -> String {
    if let reason { return reason.isEmpty ? "" : "–" }
    switch self {
    case .text(let text): return text
    case .truth(let value): return value ? "yes" : "no"
    case .undefined: return ""
    case .integer(let value):
      switch kind {
      case .percent(let decimals): return NumberText.percent(Double(value), decimals: decimals)
      default: return String(value)
      }
    case .number(let value): return Cell.shown(value, as: kind)
    case .single(let value): return Cell.shown(Double(value), as: kind)
    }
  }

  private static func shown(_ value: Double, as kind: Column.Kind) -> String {
    switch kind {
    case .percent(let decimals): NumberText.percent(value, decimals: decimals)
    case .number(let digits): NumberText.significant(value, digits: digits)
    case .text, .integer, .truth: value.description
    }
  }
}
