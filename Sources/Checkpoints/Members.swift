import HDF5

/// The datasets of an HDF5 file below a group, in the order of their names, numbers counted as
/// numbers.
struct Members {
  /// A dataset of numbers.
  struct Member {
    /// The names from the group to the dataset.
    var components: [String]
    var dataset: Dataset
  }

  /// The datasets of numbers.
  private(set) var numbers: [Member] = []
  /// How many other datasets there are: texts, records, datasets without values.
  private(set) var otherCount = 0

  /// Walks everything below `root`; links are not followed, so no walk is endless.
  ///
  /// - Throws: `HDF5Error`; also for more objects than any checkpoint has.
  init(of root: Group) throws(HDF5Error) {
    var pending: [(components: [String], group: Group)] = [([], root)]
    var seen = 0
    while let (components, group) = pending.popLast() {
      guard components.count <= 64 else {
        throw HDF5Error(
          kind: .unsupported, path: root.file.path, object: group.path,
          reason: "groups nested deeper than 64")
      }
      for entry in try group.entries() {
        seen += 1
        guard seen <= 1_000_000 else {
          throw HDF5Error(
            kind: .tooLarge, path: root.file.path,
            reason: "more than a million objects, or groups that hold themselves")
        }
        switch entry.kind {
        case .group: pending.append((components + [entry.name], try group.group(entry.name)))
        case .dataset:
          let dataset = try group.dataset(entry.name)
          if dataset.elementType.isNumeric, !dataset.isNull {
            numbers.append(Member(components: components + [entry.name], dataset: dataset))
          } else {
            otherCount += 1
          }
        default: otherCount += 1
        }
      }
    }
    numbers.sort { NaturalOrder.precedes($0.components, $1.components) }
  }
}

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
