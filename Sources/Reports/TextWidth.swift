/// How many columns of a terminal a text takes.
package enum TextWidth {
  /// The columns of a whole text.
  package static func of(_ text: String) -> Int {
    // Every printable byte of ASCII takes a column; most texts have no others.
    if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text.utf8.count }
    return text.reduce(0) { $0 + of($1) }
  }

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

  /// `text` in lines of at most `width` columns, broken between words; a longer word stays whole.
  package static func lines(of text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, of(last) + 1 + of(String(word)) <= width {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  /// `text` with every control character shown as `�`, so that names from files cannot move the
  /// cursor, colour the screen or break the table.
  package static func oneLine(_ text: String) -> String {
    let isControl = { (scalar: Unicode.Scalar) in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
    // Control characters are single bytes below 0x20, 0x7F, and two that begin with 0xC2.
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }),
      text.unicodeScalars.contains(where: isControl)
    else { return text }
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
