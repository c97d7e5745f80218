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

  let network: RecognizedNetwork
  let shapes: NamedShapes
  let options: Options

  /// The names of the families there are.
  public static var familyNames: [String] { StateDictionaryFamily.all.map(\.name) }

  /// The network that arrays of these names and shapes make.
  ///
  /// - Returns: `nil` when they are of no known family.
  /// - Throws: ``NetworkError`` naming the array: one is missing, of another shape, or has no place.
  public init?(
    _ arrays: [(name: String, shape: [Int])], options: Options = Options()
  ) throws(NetworkError) {
    let all = NamedShapes(
      arrays.map { (name: String($0.name.map { $0 == "/" ? "." : $0 }), shape: $0.shape) })
    guard let (family, prefixes) = try Self.family(of: all, options) else { return nil }
    let (prefix, others) = try Self.chosen(prefixes, family)
    let (shapes, outside) = all.split(at: prefix)
    let network = try family.build(shapes, options)
    var leftOut = LeftOutArrays(family: family, title: network.title)
    for name in shapes.names where !network.used.contains(name) {
      if !options.includesProjection, leftOut.addProjection(name, prefix) { continue }
      leftOut.addInside(name, prefix)
    }
    for name in outside { leftOut.addOutside(name, otherNetworks: others) }
    try leftOut.check()
    self.family = family.name
    self.prefix = prefix
    self.shapes = NamedShapes(
      shapes.names.filter(network.used.contains).map { ($0, shapes[$0] ?? []) })
    self.network = network
    self.options = options
    notes =
      (prefix.isEmpty ? [] : ["every name of the network begins with \(prefix)"])
      + network.notes + leftOut.notes
  }

  init(
    family: StateDictionaryFamily, _ shapes: NamedShapes, options: Options
  ) throws(NetworkError) {
    network = try family.build(shapes, options)
    self.family = family.name
    self.prefix = ""
    self.shapes = shapes
    self.options = options
    notes = network.notes
  }

  /// The first family whose names are there, or the one that was asked for.
  private static func family(
    of shapes: NamedShapes, _ options: Options
  ) throws(NetworkError) -> (StateDictionaryFamily, prefixes: [String])? {
    guard let name = options.family else {
      for family in StateDictionaryFamily.all {
        let prefixes = family.prefixes(in: shapes)
        if !prefixes.isEmpty { return (family, prefixes) }
      }
      return nil
    }
    guard let family = StateDictionaryFamily.all.first(where: { $0.name == name }) else {
      throw NetworkError(
        reason: "there is no family '\(name)'; there are "
          + familyNames.joined(separator: ", "))
    }
    let prefixes = family.prefixes(in: shapes)
    guard !prefixes.isEmpty else {
      let wanted = family.signatures.map { $0.joined(separator: ", ") }.joined(separator: "; or ")
      throw NetworkError(
        reason: "not a network of the kind \(name): that has arrays named \(wanted)")
    }
    return (family, prefixes)
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
          + left.map { "'\($0)'" }.joined(separator: ", ") + "; save the one that is meant alone")
    }
    return (left[0], prefixes.filter { $0 != left[0] })
  }
}
