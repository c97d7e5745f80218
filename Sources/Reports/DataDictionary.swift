/// What every column of every table means, made from the columns themselves.
public struct DataDictionary: Equatable, Sendable {
  /// The tables described, in order; their rows do not matter here.
  public let tables: [Table]

  /// The dictionary of `tables`.
  public init(_ tables: [Table]) { self.tables = tables }

  /// One row per field of each table, the fields for reasons included.
  public var table: Table {
    var dictionary = Table(
      "dictionary", caption: "What every column of every table means.",
      columns: [
        Column("table", meaning: "The table, which is the file's name without .csv."),
        Column("column", meaning: "The name of the field in CSV and JSON."),
        Column("type", meaning: "What the field holds; an empty field is an undefined value."),
        Column("unit", meaning: "The unit, or nothing where the quantity has none."),
        Column("convention", meaning: "The definition, where more than one is in use."),
        Column("meaning", meaning: "What the value says."),
      ])
    for table in tables {
      for column in table.columns {
        dictionary.append([
          .text(table.name), .text(column.name), .text(column.kind.name), .text(column.unit),
          .text(column.convention), .text(column.meaning),
        ])
        guard column.hasReason else { continue }
        dictionary.append([
          .text(table.name), .text(column.reasonName), "text", "", "",
          .text("Why \(column.name) is undefined; empty where it is defined."),
        ])
      }
    }
    return dictionary
  }

  /// A page with one section per table, in GitHub's Markdown.
  public var markdown: String {
    var lines = ["# Data dictionary", "", "An empty field is an undefined value."]
    let entries = table.rows
    for table in tables {
      lines += ["", "## \(table.name).csv"]
      if !table.caption.isEmpty { lines += ["", table.caption] }
      lines += [
        "", "| column | type | unit | convention | meaning |", "| --- | --- | --- | --- | --- |",
      ]
      for entry in entries where entry[0] == .text(table.name) {
        let fields = entry.dropFirst().map { DataDictionary.escaped($0.field) }
        lines.append("| `\(fields[0])` | \(fields.dropFirst().joined(separator: " | ")) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "|": result += "\\|"
      case let character where character.isNewline: result += " "
      default: result.append(character)
      }
    }
    return result
  }
}
