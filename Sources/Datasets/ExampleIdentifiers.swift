/// What the examples of a set are called, so that the same example is known again elsewhere.
public enum ExampleIdentifiers: Equatable, Sendable {
  /// The set names none: an example is its row number, counted from zero.
  case rowNumbers(Int)

  /// Numbers.
  case numbers([Int])

  /// Words.
  case names([String])

  /// How many there are.
  public var count: Int {
    switch self {
    case .rowNumbers(let count): count
    case .numbers(let numbers): numbers.count
    case .names(let names): names.count
    }
  }

  /// The identifier of the example in `row`, as text.
  public subscript(row: Int) -> String {
    switch self {
    case .rowNumbers: String(row)
    case .numbers(let numbers): String(numbers[row])
    case .names(let names): names[row]
    }
  }

  /// The identifiers of `rows`, in that order; row numbers become the numbers of those rows.
  public func selected(_ rows: some Collection<Int>) -> ExampleIdentifiers {
    switch self {
    case .rowNumbers: .numbers(Array(rows))
    case .numbers(let numbers): .numbers(rows.map { numbers[$0] })
    case .names(let names): .names(rows.map { names[$0] })
    }
  }

  /// An identifier that more than one example has, or `nil` when all differ.
  public var firstRepeated: String? {
    switch self {
    case .rowNumbers: return nil
    case .numbers(let numbers):
      var seen: Set<Int> = []
      return numbers.first { !seen.insert($0).inserted }.map(String.init)
    case .names(let names):
      var seen: Set<String> = []
      return names.first { !seen.insert($0).inserted }
    }
  }
}
