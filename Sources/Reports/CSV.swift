/// Rows of fields, written and read as RFC 4180 asks.
///
/// Fields with a comma, a quote or a line break are put in quotes, quotes in them doubled; every
/// row ends in a carriage return and a line feed.
public struct CSV: Equatable, Sendable {
  /// What has been written so far.
  public private(set) var text = ""

  /// Starts with a row of names.
  public init(header: [String]) { append(header) }

  /// Adds a row.
  public mutating func append(_ row: [String]) {
    // A row that is one empty field would otherwise be an empty line, which readers skip.
    text += row == [""] ? "\"\"" : row.map(CSV.quoted).joined(separator: ",")
    text += "\r\n"
  }

  private static func quoted(_ field: String) -> String {
    // By scalars: a carriage return and a line feed together are one character.
    guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
      return field
    }
    var result = "\"".unicodeScalars
    for scalar in field.unicodeScalars {
      if scalar == "\"" { result.append("\"") }
      result.append(scalar)
    }
    result.append("\"")
    return String(result)
  }
}

extension CSV {
  /// The rows of `text`, the header first.
  ///
  /// Line feeds alone are accepted as row ends too. Quotes inside an unquoted field stand for
  /// themselves, and a quoted field that never ends runs to the end of the text.
  public static func rows(of text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field = String.UnicodeScalarView()
    var (isQuoted, wasQuoted) = (false, false)
    var scalars = text.unicodeScalars.makeIterator()
    var next = scalars.next()

    func finishField() {
      row.append(String(field))
      field = String.UnicodeScalarView()
      wasQuoted = false
    }
    while let scalar = next {
      next = scalars.next()
      if isQuoted {
        if scalar != "\"" {
          field.append(scalar)
        } else if next == "\"" {
          field.append(scalar)
          next = scalars.next()
        } else {
          isQuoted = false
        }
      } else if scalar == "\"", field.isEmpty, !wasQuoted {
        (isQuoted, wasQuoted) = (true, true)
      } else if scalar == "," {
        finishField()
      } else if scalar == "\n" || (scalar == "\r" && next == "\n") {
        if scalar == "\r" { next = scalars.next() }
        if row.isEmpty, field.isEmpty, !wasQuoted { continue }
        finishField()
        rows.append(row)
        row = []
      } else {
        field.append(scalar)
      }
    }
    if !row.isEmpty || !field.isEmpty || wasQuoted {
      finishField()
      rows.append(row)
    }
    return rows
  }
}
