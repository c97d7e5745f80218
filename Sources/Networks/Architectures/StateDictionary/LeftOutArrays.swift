/// The arrays of a state dictionary that no layer of the network uses: those that are known to be
/// of no use for it, and those that show it is something else.
struct LeftOutArrays {
  let family: StateDictionaryFamily
  let title: String
  /// The module that a classifier head is called, and whether there is one.
  let head: String
  let hasHead: Bool
  private var known: [(what: String, names: [String])] = []
  private var unknown: [String] = []

  init(family: StateDictionaryFamily, _ network: RecognizedNetwork) {
    self.family = family
    title = network.title
    head = network.head
    hasHead = network.used.contains(network.head + ".weight")
  }

  /// Buffers that are computed anew, or that count.
  private static let buffers = ["num_batches_tracked", "relative_position_index", "position_ids"]

  /// The last products of networks of CLIP, which may be left out.
  private static let projections = ["proj", "attnpool.c_proj.", "visual_projection."]

  /// Takes an array of the projection that was not wanted; false for any other.
  mutating func addProjection(_ name: String, stored: String) -> Bool {
    guard Self.projections.contains(where: { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 })
    else { return false }
    add(stored, to: "the projection")
    return true
  }

  /// Takes an array with the network's prefix: its name in the family's spelling, and in the file.
  mutating func addInside(_ name: String, stored: String) {
    if Self.isBuffer(name) { return }
    if let entry = family.ignored.first(where: { name.hasPrefix($0.part) }) {
      add(stored, to: entry.what)
    } else if isPartOfHead(name) {
      add(stored, to: "the head of several layers")
    } else if let kind = BesideNetwork.kind(inside: name) {
      add(stored, to: kind)
    } else {
      unknown.append(stored)
    }
  }

  /// Takes an array with another prefix than the network's.
  ///
  /// - Parameter networks: The prefixes of this network and of others in the file.
  mutating func addOutside(_ name: String, prefix: String, otherNetworks: [String]) {
    if Self.isBuffer(name) { return }
    if let other = otherNetworks.first(where: name.hasPrefix) {
      add(name, to: "the other network '\(other)'")
    } else if let entry = family.beside.first(where: { Self.part($0.part, isIn: name) }) {
      add(name, to: entry.what)
    } else if let kind = BesideNetwork.kind(outside: name, networks: [prefix] + otherNetworks) {
      add(name, to: kind)
    } else {
      unknown.append(name)
    }
  }

  /// Takes an array that the user wants left out.
  mutating func addAsked(_ name: String) { add(name, to: "what was asked for") }

  /// Whether an array belongs to a head that is not one dense layer: `fc.0.weight` where a
  /// classifier is `fc.weight`, or a layer in place of a list of them.
  private func isPartOfHead(_ name: String) -> Bool {
    guard name.hasPrefix(head + ".") else {
      // `classifier.weight` where the family has `classifier.1.weight`, and this network has not.
      let root = head.prefix { $0 != "." }
      return root != head && !hasHead && ["weight", "bias"].contains { name == "\(root).\($0)" }
    }
    let next = name.dropFirst(head.count + 1).prefix { $0 != "." }
    let members = ["mlp", "layers", "net", "fc", "linear", "last_layer", "projection", "model"]
    return Int(next) != nil || members.contains(String(next))
  }

  /// Refuses the network when an array has no place in it.
  func check() throws(NetworkError) {
    guard let first = unknown.first else { return }
    let known = family.reasons.first { first.contains($0.part) }?.reason
    let reason = known ?? "\(title) has no place for it"
    let advice =
      known == nil ? "; --leave-out \(Self.module(of: first)) if it is no part of the network" : ""
    let others = unknown.dropFirst().prefix(3).joined(separator: ", ")
    let more = unknown.count > 4 ? ", … (\(unknown.count) in all)" : ""
    throw NetworkError(
      parameter: first,
      reason: reason + (others.isEmpty ? "" : "; nor for \(others)\(more)") + advice)
  }

  /// What was left out, one sentence for each kind.
  var notes: [String] {
    known.map { what, names in
      "\(what) is left out: \(names[0])" + (names.count > 1 ? " … (\(names.count) arrays)" : "")
    }
  }

  private mutating func add(_ name: String, to what: String) {
    if let index = known.firstIndex(where: { $0.what == what }) {
      known[index].names.append(name)
    } else {
      known.append((what, [name]))
    }
  }

  /// The name of an array without its last component.
  private static func module(of name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  private static func isBuffer(_ name: String) -> Bool {
    buffers.contains { name == $0 || name.hasSuffix("." + $0) }
  }

  /// Whether a component of `name` begins with `part`.
  private static func part(_ part: String, isIn name: String) -> Bool {
    name.hasPrefix(part) || name.contains("." + part)
  }
}
