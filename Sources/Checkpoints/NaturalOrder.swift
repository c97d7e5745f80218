/// The order of names in which `layer2` comes before `layer10`.
enum NaturalOrder {
  /// Whether `a` comes before `b`, component by component.
  static func precedes(_ a: [String], _ b: [String]) -> Bool {
    for (x, y) in zip(a, b) where x != y { return precedes(x, y) }
    return a.count < b.count
  }

  /// Whether `a` comes before `b`: runs of digits by their number, the rest by its bytes.
  static func precedes(_ a: String, _ b: String) -> Bool {
    let (x, y) = (Array(a.utf8), Array(b.utf8))
    var (i, j) = (0, 0)
    while i < x.count, j < y.count {
      if isDigit(x[i]), isDigit(y[j]) {
        let (m, n) = (digits(x, &i), digits(y, &j))
        if m.count != n.count { return m.count < n.count }
        if m != n { return m.lexicographicallyPrecedes(n) }
      } else if x[i] != y[j] {
        return x[i] < y[j]
      } else {
        i += 1
        j += 1
      }
    }
    // Names that differ only in leading zeros still need an order.
    return x.count - i != y.count - j ? x.count - i < y.count - j : x.lexicographicallyPrecedes(y)
  }

  /// The run of digits at `position` without leading zeros.
  private static func digits(_ bytes: [UInt8], _ position: inout Int) -> ArraySlice<UInt8> {
    while position < bytes.count, bytes[position] == UInt8(ascii: "0") { position += 1 }
    let start = position
    while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    return bytes[start..<position]
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
