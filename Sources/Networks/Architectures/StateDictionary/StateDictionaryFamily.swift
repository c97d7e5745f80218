import Checkpoints

/// A family of networks that a state dictionary's names and shapes tell.
struct StateDictionaryFamily: Sendable {
  /// What users call it: `torchvision-resnet`.
  let name: String

  /// Names that show the family when all of one list are there, with one and the same prefix.
  let signatures: [[String]]

  /// The modules that have arrays, a # for each number in their names, as far as most networks of
  /// the family have them; for telling which family other names are near.
  let modules: Set<String>

  /// Other ways in which files name the arrays.
  let spellings: [Spelling]

  /// Builds the graph.
  let build:
    @Sendable (NamedShapes, StateDictionaryArchitecture.Options) throws(NetworkError) ->
      RecognizedNetwork

  /// What to say of arrays that have no place, by a part of their names.
  let reasons: [(part: String, reason: String)]

  /// Beginnings of names of arrays that no layer of the features needs, with what they are.
  let ignored: [(part: String, what: String)]

  /// The same of arrays outside the network's prefix.
  let beside: [(part: String, what: String)]

  init(
    _ name: String, signatures: [[String]], modules: [String], spellings: [Spelling] = [],
    reasons: [(part: String, reason: String)] = [],
    ignored: [(part: String, what: String)] = [], beside: [(part: String, what: String)] = [],
    build:
      @escaping @Sendable (
        NamedShapes, StateDictionaryArchitecture.Options
      ) throws(NetworkError) -> RecognizedNetwork
  ) {
    self.name = name
    self.signatures = signatures
    self.modules = Set(modules)
    self.spellings = spellings
    self.build = build
    self.reasons = reasons
    self.ignored = ignored
    self.beside = beside
  }

  /// All that are known, those with the more particular names first.
  static let all: [StateDictionaryFamily] = [
    .clipVisionTransformer, .clipVisionTransformerGELU, .clipResNet, .torchvisionVisionTransformer,
    .timmVisionTransformer, .transformersCLIP, .transformersVisionTransformer, .torchvisionResNet,
    .torchvisionConvNeXt, .torchvisionEfficientNet, .torchvisionMobileNetV3,
    .torchvisionMobileNetV2, .torchvisionDenseNet, .torchvisionVGG,
  ]

  /// What stands before the names of this family's arrays, wherever they are found, and how they
  /// are spelled where that is not the family's own way.
  func found(in shapes: NamedShapes) -> (prefixes: [String], spelling: Spelling?) {
    for spelling in spellings {
      let found = Self.prefixes(of: spelling.signature, in: shapes)
        .filter { spelling.accepts(shapes.split(at: $0).inside) }
      if !found.isEmpty { return (found, spelling) }
    }
    for signature in signatures {
      // Names with `vit.` before them also look like a prefix before those without.
      let found = Self.prefixes(of: signature, in: shapes)
      if !found.isEmpty { return (found, nil) }
    }
    return ([], nil)
  }

  /// What stands before all names of a signature, wherever they are found together.
  static func prefixes(of signature: [String], in shapes: NamedShapes) -> [String] {
    guard let anchor = signature.first else { return [] }
    var found: [String] = []
    for name in shapes.names where name.hasSuffix(anchor) {
      let prefix = String(name.dropLast(anchor.count))
      guard prefix.isEmpty || prefix.hasSuffix("."), !found.contains(prefix),
        signature.allSatisfy({ shapes.contains(prefix + $0) })
      else { continue }
      found.append(prefix)
    }
    return found
  }
}

/// What a family's names and shapes came to.
struct RecognizedNetwork: Sendable {
  /// What it is, in a few words: `torchvision ResNet-50`.
  var title: String
  var graph: Graph
  var bindings: [ParameterBinding]
  /// The arrays that were used.
  var used: Set<String>
  /// The module that a classifier head is called in this family.
  var head: String
  /// How examples are prepared for networks of this kind.
  var preprocessing: PreprocessingHint?
  /// What a reader should know of how it was understood, one sentence each.
  var notes: [String] = []

  /// What `builder` has built, up to `output`.
  ///
  /// - Parameter features: The node of the features, when there is no classifier head after it.
  init(
    _ builder: StateDictionaryBuilder, output: Int, features: Int?, head: String,
    preprocessing: PreprocessingHint?
  ) {
    title = builder.title
    graph = builder.graph(output: output, features: features)
    bindings = builder.bindings
    used = builder.used
    self.head = head
    self.preprocessing = preprocessing
  }
}
