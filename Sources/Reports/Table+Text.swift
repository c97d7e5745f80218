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

/// How many columns of a terminal a text takes.
enum TextWidth {
  static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

  /// `text` cut to `width` columns, the last of them `…` when something was lost.
  static func cut(_ text: String, to width: Int) -> String {
    guard of(text) > width else { return text }
    var (result, used) = ("", 0)
    for character in text {
      guard used + of(character) < width else { break }
      result.append(character)
      used += of(character)
    }
    return result + "…"
  }

  /// `text` with every control character shown as `�`, so that names from files cannot move the
  /// cursor, colour the screen or break the table.
  static func oneLine(_ text: String) -> String {
    let isControl = { (scalar: Unicode.Scalar) in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
    return String(result)
  }

  private static func of(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // Blocks that the East Asian Width property calls wide.
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
      0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
