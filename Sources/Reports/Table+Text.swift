extension Table {
  /// Aligned columns: words to the left, numbers to the right, two spaces between.
  ///
  /// The heading is bold where `style` allows. Where the lines would be wider than `style.width`,
  /// the widest columns of words are cut, with `…` at the cut; numbers never are. Undefined values
  /// are shown as `–`, and the reasons follow the table.
  public func text(style: Style = .plain) -> String {
    let shown = rows.map { row in
      zip(row, columns).map { cell, column in TextWidth.oneLine(cell.shown(as: column.kind)) }
    }
    var widths = columns.indices.map { index in
      shown.reduce(TextWidth.of(columns[index].title)) { max($0, TextWidth.of($1[index])) }
    }
    fit(&widths, to: style.width)

    var lines = [style.bold(line(columns.map(\.title), widths))]
    lines += shown.map { line($0, widths) }
    lines += reasons().map { style.faint($0) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let text = TextWidth.cut(cell, to: widths[index])
      let padding = String(repeating: " ", count: widths[index] - TextWidth.of(text))
      if index > 0 { line += "  " }
      let isLast = index == cells.count - 1
      line += columns[index].kind.isRightAligned ? padding + text : isLast ? text : text + padding
    }
    while line.hasSuffix(" ") { line.removeLast() }
    return line
  }

  /// Takes room from the widest columns of words until the line fits, leaving each at least eight.
  private func fit(_ widths: inout [Int], to limit: Int?) {
    guard let limit else { return }
    var excess = widths.reduce(2 * (widths.count - 1), +) - limit
    while excess > 0 {
      let words = columns.indices.filter { columns[$0].kind == .text && widths[$0] > 8 }
      guard let widest = words.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
      excess -= 1
    }
  }

  private func reasons() -> [String] {
    var lines: [String] = []
    var seen: Set<String> = []
    for (index, column) in columns.enumerated() {
      for row in rows {
        guard let reason = row[index].reason, !reason.isEmpty else { continue }
        let line = TextWidth.oneLine("– \(column.title): undefined: \(reason)")
        if seen.insert(line).inserted { lines.append(line) }
      }
    }
    return lines
  }
}
