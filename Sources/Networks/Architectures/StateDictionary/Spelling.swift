/// Another way in which files name the arrays of a family: each name has one in the family's own
/// spelling, and the network is built from those.
struct Spelling: Sendable {
  /// Names that show it when all are there, with one and the same prefix.
  let signature: [String]
  /// What is said of a network that is spelled so.
  let note: String
  /// Whether the arrays are those of the family, where names alone do not tell.
  let accepts: @Sendable (NamedShapes) -> Bool
  /// The family's own name for an array.
  let canonical: @Sendable (_ name: String, _ all: NamedShapes) -> String

  init(
    _ signature: [String], note: String,
    accepts: @escaping @Sendable (NamedShapes) -> Bool = { _ in true },
    canonical: @escaping @Sendable (_ name: String, _ all: NamedShapes) -> String
  ) {
    self.signature = signature
    self.note = note
    self.accepts = accepts
    self.canonical = canonical
  }
}

/// The arrays of a network under the names of its family, with those that the file has for them.
struct SpelledShapes: Sendable {
  let shapes: NamedShapes
  private let stored: [String: String]

  /// Arrays that are spelled as the family does.
  init(_ shapes: NamedShapes) {
    self.shapes = shapes
    stored = [:]
  }

  /// Arrays that are spelled in another way. An array whose name another one has already keeps its
  /// own, and has no place then.
  init(_ found: NamedShapes, _ spelling: Spelling) {
    var stored: [String: String] = [:]
    var entries: [(name: String, shape: [Int])] = []
    for name in found.names {
      var canonical = spelling.canonical(name, found)
      if stored[canonical] != nil { canonical = name }
      stored[canonical] = name
      entries.append((canonical, found[name] ?? []))
    }
    self.stored = stored
    shapes = NamedShapes(entries)
  }

  /// What the file calls the array that the family calls `name`; of one that it has not, what it
  /// would be called beside the others of its module.
  func stored(_ name: String) -> String {
    if let found = stored[name] { return found }
    guard let dot = name.lastIndex(of: ".") else { return name }
    let (module, last) = (name[...dot], name[name.index(after: dot)...])
    let beside = stored.first { canonical, _ in
      canonical.hasPrefix(module) && !canonical.dropFirst(module.count).contains(".")
    }
    guard let stored = beside?.value, let end = stored.lastIndex(of: ".") else { return name }
    return String(stored[...end]) + last
  }
}

extension String {
  /// The first component and what follows it, when it is one of `names`, with the new name in its
  /// place.
  func replacingFirstComponent(_ names: [String: String]) -> String {
    let first = prefix { $0 != "." }
    return names[String(first)].map { $0 + dropFirst(first.count) } ?? self
  }
}
