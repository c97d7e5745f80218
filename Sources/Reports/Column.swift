/// One column of a table, and everything a reader of the numbers needs to know about it.
///
/// The same value titles the printed column, names the CSV field and the JSON key, and becomes the
/// column's entry in the ``DataDictionary``, so the three cannot disagree.
public struct Column: Equatable, Sendable {
  /// What a column holds, and how people are shown it.
  public enum Kind: Equatable, Sendable {
    /// Words.
    case text

    /// Whole numbers.
    case integer

    /// Real numbers, shown to people with this many significant digits.
    case number(significantDigits: Int)

    /// Shares of one, shown to people as percentages with this many decimals; files keep the share.
    case percent(decimals: Int)

    /// Yes or no.
    case truth
  }

  /// The name in CSV and JSON: lower case, words joined by underscores.
  public var name: String

  /// The heading people see.
  public var title: String

  /// What the column holds.
  public var kind: Kind

  /// The unit, or the empty string where the quantity has none.
  public var unit: String

  /// How the number is defined where more than one definition is in use.
  public var convention: String

  /// What the number says, in a sentence.
  public var meaning: String

  /// Whether CSV and JSON carry a second field, `NAME_reason`, that says why a value is undefined.
  public var hasReason: Bool

  /// A column; `title` is made from `name` when it is not given.
  ///
  /// - Precondition: `name` and `meaning` are not empty.
  public init(
    _ name: String, _ kind: Kind = .text, title: String? = nil, unit: String = "",
    convention: String = "", meaning: String, hasReason: Bool = false
  ) {
    precondition(!name.isEmpty, "a column needs a name")
    precondition(!meaning.isEmpty, "column \(name) needs a meaning for the data dictionary")
    self.name = name
    self.title = title ?? String(name.map { $0 == "_" ? " " : $0 })
    self.kind = kind
    self.unit = unit
    self.convention = convention
    self.meaning = meaning
    self.hasReason = hasReason
  }

  /// The name of the field that says why a value is undefined.
  public var reasonName: String { "\(name)_reason" }
}

extension Column.Kind {
  /// The word for the kind in a data dictionary.
  public var name: String {
    switch self {
    case .text: "text"
    case .integer: "integer"
    case .number: "number"
    case .percent: "fraction"
    case .truth: "true or false"
    }
  }

  var isRightAligned: Bool {
    switch self {
    case .integer, .number, .percent: true
    case .text, .truth: false
    }
  }
}
