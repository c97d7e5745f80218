/// The arrays of a state dictionary that no layer of the network uses: those that are known to be
/// of no use for it, and those that show it is something else.
struct LeftOutArrays {
  let family: StateDictionaryFamily
  let title: String
  private var known: [(what: String, names: [String])] = []
  private var unknown: [String] = []

  init(family: StateDictionaryFamily, title: String) {
    self.family = family
    self.title = title
  }

  /// Buffers that are computed anew, or that count.
  private static let buffers = ["num_batches_tracked", "relative_position_index", "position_ids"]

  /// Parts of names beside the network in checkpoints of self-supervised training.
  private static let beside: [(part: String, what: String)] = [
    ("queue", "the queue of keys"), ("projector", "the projection head"),
    ("projection_head", "the projection head"), ("contrastive_head", "the projection head"),
    ("predictor", "the prediction head"), ("prediction_head", "the prediction head"),
    ("prototypes", "the prototypes"), ("teacher.head", "the projection head"),
    ("student", "the student"), ("center", "the centre of the teacher"),
  ]

  /// The last products of networks of CLIP, which may be left out.
  private static let projections = ["proj", "attnpool.c_proj.", "visual_projection."]

  /// Takes an array of the projection that was not wanted; false for any other.
  mutating func addProjection(_ name: String, _ prefix: String) -> Bool {
    guard Self.projections.contains(where: { $0.hasSuffix(".") ? name.hasPrefix($0) : name == $0 })
    else { return false }
    add(prefix + name, to: "the projection")
    return true
  }

  /// Takes an array with the network's prefix.
  mutating func addInside(_ name: String, _ prefix: String) {
    if Self.isBuffer(name) { return }
    if let entry = family.ignored.first(where: { name.hasPrefix($0.part) }) {
      add(prefix + name, to: entry.what)
    } else if let entry = Self.beside.first(where: { name.hasPrefix($0.part) }) {
      add(prefix + name, to: entry.what)
    } else {
      unknown.append(prefix + name)
    }
  }

  /// Takes an array with another prefix.
  mutating func addOutside(_ name: String, otherNetworks: [String]) {
    if Self.isBuffer(name) { return }
    if let other = otherNetworks.first(where: name.hasPrefix) {
      add(name, to: "the other network '\(other)'")
    } else if let entry = family.beside.first(where: { Self.part($0.part, isIn: name) }) {
      add(name, to: entry.what)
    } else if let entry = Self.beside.first(where: { Self.part($0.part, isIn: name) }) {
      add(name, to: entry.what)
    } else {
      unknown.append(name)
    }
  }

  /// Refuses the network when an array has no place in it.
  func check() throws(NetworkError) {
    guard let first = unknown.first else { return }
    let reason =
      family.reasons.first { first.contains($0.part) }?.reason
      ?? "\(title) has no place for it"
    let others = unknown.dropFirst().prefix(3).joined(separator: ", ")
    let more = unknown.count > 4 ? ", … (\(unknown.count) in all)" : ""
    throw NetworkError(
      parameter: first, reason: reason + (others.isEmpty ? "" : "; nor for \(others)\(more)"))
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

  private static func isBuffer(_ name: String) -> Bool {
    buffers.contains { name == $0 || name.hasSuffix("." + $0) }
  }

  /// Whether a component of `name` begins with `part`.
  private static func part(_ part: String, isIn name: String) -> Bool {
    name.hasPrefix(part) || name.contains("." + part)
  }
}
