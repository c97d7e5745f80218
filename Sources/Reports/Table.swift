/// Rows of values under described columns: one value, rendered for people, data frames or programs.
///
///     var table = Table(
///       "layers", caption: "Change per layer.",
///       columns: [
///         Column("layer", meaning: "The layer's name in the checkpoint."),
///         Column("relative_change", .number(significantDigits: 3), meaning: "‖ΔW‖ / ‖W‖.",
///           hasReason: true),
///       ])
///     table.append(["conv1", 0.0312])
///     table.append(["conv2", .undefined("the kernel is zero")])
///     print(table.rendered(as: .text))
public struct Table: Equatable, Sendable {
  /// The name of the table's file, without `.csv`.
  public let name: String

  /// What the table is about, in a sentence; the data dictionary shows it.
  public let caption: String

  /// The columns, first to last.
  public let columns: [Column]

  /// The rows, each with one cell per column.
  public private(set) var rows: [[Cell]] = []

  /// An empty table.
  ///
  /// - Precondition: the fields' names, with those of the reasons, are all different.
  public init(_ name: String, caption: String = "", columns: [Column]) {
    self.name = name
    self.caption = caption
    self.columns = columns
    var seen: Set<String> = []
    for field in fieldNames {
      precondition(seen.insert(field).inserted, "table \(name) has two fields named \(field)")
    }
  }

  /// Adds a row.
  ///
  /// - Precondition: there is one cell for each column, of a kind that the column holds.
  public mutating func append(_ row: [Cell]) {
    precondition(
      row.count == columns.count,
      "\(row.count) cells in a row of table \(name), which has \(columns.count) columns")
    for (cell, column) in zip(row, columns) {
      precondition(
        cell.fits(column.kind), "\(cell) in column \(column.name), which holds \(column.kind.name)")
    }
    rows.append(row)
  }

  /// The table in `format`; `style` only matters for text.
  ///
  /// Text ends in a line feed, CSV in a carriage return and line feed, JSON in a line feed.
  public func rendered(as format: OutputFormat, style: Style = .plain) -> String {
    switch format {
    case .text: text(style: style)
    case .csv: csv
    case .json: json.rendered() + "\n"
    }
  }

  /// The names of the fields in CSV and JSON, the reasons' fields included.
  public var fieldNames: [String] {
    columns.flatMap { $0.hasReason ? [$0.name, $0.reasonName] : [$0.name] }
  }

  /// Tidy CSV: a header, one row per row, round-trip digits, an empty field where undefined.
  public var csv: String {
    var csv = CSV(header: fieldNames)
    for row in rows {
      csv.append(
        zip(row, columns).flatMap { cell, column in
          column.hasReason ? [cell.field, cell.reason ?? ""] : [cell.field]
        })
    }
    return csv.text
  }

  /// An array with one object per row, keys in the order of the columns.
  public var json: JSONText {
    .array(
      rows.map { row in
        .object(
          zip(row, columns).flatMap { cell, column in
            let member = JSONText.Member(column.name, cell.json)
            guard column.hasReason else { return [member] }
            let reason = cell.reason.map(JSONText.text) ?? .null
            return [member, JSONText.Member(column.reasonName, reason)]
          })
      })
  }
}
