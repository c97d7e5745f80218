import Checkpoints

/// The names and shapes of the arrays of a state dictionary, in the order of their names.
///
/// Names are joined by dots whatever the file does, and stand without what wrappers put before
/// them.
struct NamedShapes: Sendable {
  /// The names, numbers in them counted as numbers.
  let names: [String]
  private let shapes: [String: [Int]]

  init(_ entries: [(name: String, shape: [Int])]) {
    // Of two arrays with one name, which no sound file holds, the first counts.
    shapes = Dictionary(entries.map { ($0.name, $0.shape) }) { first, _ in first }
    names = shapes.keys.sorted(by: Self.precedes)
  }

  /// The shape of the array called `name`.
  subscript(name: String) -> [Int]? { shapes[name] }

  /// Whether there is an array called `name`.
  func contains(_ name: String) -> Bool { shapes[name] != nil }

  /// Whether some name begins with `prefix`.
  func containsPrefix(_ prefix: String) -> Bool { names.contains { $0.hasPrefix(prefix) } }

  /// How many members a list called `list` has: `layer1.0…`, `layer1.1…` without a gap.
  func count(of list: String) -> Int {
    let depth = list.utf8.count + 1
    var found: Set<Int> = []
    for name in names where name.hasPrefix(list + ".") {
      if let index = Int(name.utf8.dropFirst(depth).prefix { $0 != UInt8(ascii: ".") }.text) {
        found.insert(index)
      }
    }
    var count = 0
    while found.contains(count) { count += 1 }
    return count
  }

  /// Those names that begin with `prefix`, without it; and those that do not.
  func split(at prefix: String) -> (inside: NamedShapes, outside: [String]) {
    guard !prefix.isEmpty else { return (self, []) }
    var inside: [(String, [Int])] = []
    var outside: [String] = []
    for name in names {
      if name.hasPrefix(prefix) {
        inside.append((String(name.dropFirst(prefix.count)), shapes[name] ?? []))
      } else {
        outside.append(name)
      }
    }
    return (NamedShapes(inside), outside)
  }

  /// Whether `a` comes before `b` when runs of digits are compared as numbers.
  private static func precedes(_ a: String, _ b: String) -> Bool {
    var (x, y) = (Array(a.utf8)[...], Array(b.utf8)[...])
    while let p = x.first, let q = y.first {
      if p.isDigit, q.isDigit {
        let (m, n) = (x.prefix(while: \.isDigit), y.prefix(while: \.isDigit))
        let (s, t) = (m.drop { $0 == 0x30 }, n.drop { $0 == 0x30 })
        if s.count != t.count { return s.count < t.count }
        if !s.elementsEqual(t) { return s.lexicographicallyPrecedes(t) }
        x = x.dropFirst(m.count)
        y = y.dropFirst(n.count)
      } else {
        if p != q { return p < q }
        x = x.dropFirst()
        y = y.dropFirst()
      }
    }
    return x.count != y.count ? x.count < y.count : a < b
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}

extension Sequence<UInt8> {
  fileprivate var text: String { String(decoding: Array(self), as: UTF8.self) }
}
