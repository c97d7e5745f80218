import Checkpoints

/// A network found in a state dictionary by the names and shapes of its arrays alone.
///
/// PyTorch's `state_dict` holds arrays and no architecture. For the families listed in
/// `Documentation/networks.md` the names tell the modules, and the shapes their widths, windows and
/// groups; what neither tells (epsilons, activations, strides) is as the framework defines it for
/// that family. Every array must have a place: a network with something more is not taken for one
/// without it.
public struct StateDictionaryArchitecture: Sendable {
  /// What the names and shapes leave open.
  public struct Options: Hashable, Sendable {
    /// The size of the images; by default the one the family is trained with.
    public var imageSize: Extent?
    /// The family to take the names for, instead of the first that fits; see ``familyNames``.
    public var family: String?
    /// Whether a network of CLIP ends with its projection into the space shared with texts.
    public var includesProjection = true
    /// Whether position embeddings of another image size are interpolated to the one asked for,
    /// instead of refused.
    public var interpolatesPositions = false

    /// Arrays that are no part of the network, by the beginnings of their names: whole components,
    /// such as `module.head`.
    public var leavesOut: [String] = []

    /// All as the names and shapes say.
    public init() {}
  }

  /// What it is, in a few words: `torchvision ResNet-50`.
  public var title: String { network.title }
  /// The name of its family: `torchvision-resnet`.
  public let family: String
  /// What stands before every name, such as `module.encoder_q.`.
  public let prefix: String
  /// The operations.
  public var graph: Graph { network.graph }
  /// How examples are prepared for it, where that is known.
  public var preprocessing: PreprocessingHint? { network.preprocessing }
  /// How it was understood and what was left out, one sentence each.
  public let notes: [String]
  /// Those of the ``notes`` that say what was left out.
  public let leftOut: [String]

  let network: RecognizedNetwork
  private let spelled: SpelledShapes
  let shapes: NamedShapes
  let options: Options

  /// What the file calls the array that a binding of the network names.
  func stored(_ name: String) -> String { prefix + spelled.stored(name) }

  /// The names of the families there are.
  public static var familyNames: [String] { StateDictionaryFamily.all.map(\.name) }

  /// The network that arrays of these names and shapes make.
  ///
  /// - Returns: `nil` when they are of no known family.
  /// - Throws: ``NetworkError`` naming the array: one is missing, of another shape, or has no place.
  public init?(
    _ arrays: [(name: String, shape: [Int])], options: Options = Options()
  ) throws(NetworkError) {
    let named = arrays.map { array in
      (name: String(array.name.map { $0 == "/" ? "." : $0 }), shape: array.shape)
    }
    let all = NamedShapes(named.filter { !options.leavesOut($0.name) })
    guard let (family, prefixes, spelling) = try Self.family(of: all, options) else { return nil }
    let (prefix, others) = try Self.chosen(prefixes, family)
    let (inside, outside) = all.split(at: prefix)
    let spelled = spelling.map { SpelledShapes(inside, $0) } ?? SpelledShapes(inside)
    let shapes = spelled.shapes
    let network = try Self.renaming({ prefix + spelled.stored($0) }) { () throws(NetworkError) in
      try family.build(shapes, options)
    }
    var leftOut = LeftOutArrays(family: family, network)
    for (name, _) in named where options.leavesOut(name) { leftOut.addAsked(name) }
    for name in shapes.names where !network.used.contains(name) {
      let stored = prefix + spelled.stored(name)
      if !options.includesProjection, leftOut.addProjection(name, stored: stored) { continue }
      leftOut.addInside(name, stored: stored)
    }
    for name in outside { leftOut.addOutside(name, prefix: prefix, otherNetworks: others) }
    try leftOut.check()
    self.family = family.name
    self.prefix = prefix
    self.spelled = spelled
    self.shapes = NamedShapes(
      shapes.names.filter(network.used.contains).map { ($0, shapes[$0] ?? []) })
    self.network = network
    self.options = options
    self.leftOut = leftOut.notes
    notes =
      (prefix.isEmpty ? [] : ["every name of the network begins with \(prefix)"])
      + (spelling.map { [$0.note] } ?? []) + network.notes + leftOut.notes
  }

  init(
    family: StateDictionaryFamily, _ shapes: NamedShapes, options: Options
  ) throws(NetworkError) {
    network = try family.build(shapes, options)
    self.family = family.name
    self.prefix = ""
    spelled = SpelledShapes(shapes)
    self.shapes = shapes
    self.options = options
    leftOut = []
    notes = network.notes
  }

  /// The first family whose names are there, or the one that was asked for.
  private static func family(
    of shapes: NamedShapes, _ options: Options
  ) throws(NetworkError) -> (StateDictionaryFamily, prefixes: [String], Spelling?)? {
    guard let name = options.family else {
      for family in StateDictionaryFamily.all {
        let found = family.found(in: shapes)
        if !found.prefixes.isEmpty { return (family, found.prefixes, found.spelling) }
      }
      return nil
    }
    guard let family = StateDictionaryFamily.all.first(where: { $0.name == name }) else {
      throw NetworkError(
        reason: "there is no family '\(name)'; there are "
          + familyNames.joined(separator: ", "))
    }
    let found = family.found(in: shapes)
    guard !found.prefixes.isEmpty else {
      throw UnknownNetwork(shapes).refusal(of: family)
    }
    return (family, found.prefixes, found.spelling)
  }

  /// Runs `body`; what it says of an array is said with the array's name in the file.
  private static func renaming<T>(
    _ stored: (String) -> String, _ body: () throws(NetworkError) -> T
  ) throws(NetworkError) -> T {
    do throws(NetworkError) { return try body() } catch {
      var error = error
      error.parameter = error.parameter.map(stored)
      throw error
    }
  }

  /// Which of several networks in one file is meant: not the moving average of another, except
  /// where that one is the result.
  private static func chosen(
    _ prefixes: [String], _ family: StateDictionaryFamily
  ) throws(NetworkError) -> (prefix: String, others: [String]) {
    let secondary = ["encoder_k.", "momentum_encoder.", "student.", "target_", "momentum."]
    let first = prefixes.filter { prefix in !secondary.contains { prefix.contains($0) } }
    let left = first.isEmpty ? prefixes : first
    guard left.count == 1 else {
      throw NetworkError(
        reason: "holds \(left.count) networks, with names beginning with "
          + left.map { "'\($0)'" }.joined(separator: ", ")
          + "; --leave-out the others, or save the one that is meant alone")
    }
    return (left[0], prefixes.filter { $0 != left[0] })
  }
}

extension StateDictionaryArchitecture.Options {
  /// Whether the array called `name` is to be left out.
  func leavesOut(_ name: String) -> Bool {
    leavesOut.contains { prefix in
      name == prefix || name.hasPrefix(prefix.hasSuffix(".") ? prefix : prefix + ".")
    }
  }
}
