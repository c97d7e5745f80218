/// What is said of a state dictionary whose names are of no known family: what it looks like, which
/// family is nearest, and where it is another network.
struct UnknownNetwork {
  private let shapes: NamedShapes

  init(_ shapes: NamedShapes) { self.shapes = shapes }

  /// Networks that are not supported, with names that show them.
  private static let others: [(title: String, signature: [String])] = [
    ("SqueezeNet", ["features.3.squeeze.weight", "features.3.expand1x1.weight"]),
    ("Inception V3", ["Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch1x1.conv.weight"]),
    ("GoogLeNet", ["inception3a.branch1.conv.weight"]),
    ("torchvision's MNASNet", ["layers.0.weight", "layers.8.0.layers.0.weight"]),
    ("torchvision's Swin transformer", ["features.1.0.attn.relative_position_bias_table"]),
    ("a Swin transformer", ["layers.0.blocks.0.attn.relative_position_bias_table"]),
    ("torchvision's RegNet", ["stem.0.weight", "trunk_output.block1.block1-0.proj.0.weight"]),
    ("timm's RegNet", ["s1.b1.conv1.conv.weight"]),
    ("ShuffleNet V2", ["stage2.0.branch1.0.weight"]),
    ("MLP-Mixer", ["blocks.0.mlp_tokens.fc1.weight"]),
    ("timm's EfficientNet or kin", ["conv_stem.weight", "blocks.0.0.bn1.weight"]),
    ("ConvNeXt V2", ["stages.0.blocks.0.mlp.grn.weight"]),
    ("ConvNeXt under its authors' names", ["downsample_layers.0.0.weight"]),
  ]

  /// What a network of these names cannot be run for.
  var refusal: NetworkError {
    var reason = "its names are of no known family (\(firstNames))"
    let known = Self.others.first {
      !StateDictionaryFamily.prefixes(of: $0.signature, in: shapes).isEmpty
    }
    if let known {
      reason += "; they are those of \(known.title), which is not supported"
    } else if let near = nearest {
      reason += "; nearest is \(near.family.name), where " + difference(near)
      reason += "; --family \(near.family.name) lists what it needs"
    } else {
      reason += "; --family NAME takes one of "
      reason += StateDictionaryArchitecture.familyNames.joined(separator: ", ")
    }
    return NetworkError(reason: reason)
  }

  /// Why it is not a network of `family`, which was asked for.
  func refusal(of family: StateDictionaryFamily) -> NetworkError {
    let wanted = family.signatures.map { $0.joined(separator: ", ") }.joined(separator: "; or ")
    var reason = "not a network of the kind \(family.name): that has arrays named \(wanted)"
    if let near = match(family) { reason += "; here " + difference(near) }
    return NetworkError(reason: reason)
  }

  private struct Nearness {
    var family: StateDictionaryFamily
    var prefix: String
    /// How many names have a place in the family.
    var count: Int
  }

  private var firstNames: String {
    shapes.names.prefix(3).joined(separator: ", ") + (shapes.names.count > 3 ? ", …" : "")
  }

  /// The family in which the most names have a place, when that is a fifth of them.
  private var nearest: Nearness? {
    let all = StateDictionaryFamily.all.compactMap(match)
    // Of families that fit alike, the first.
    let best = all.reduce(nil as Nearness?) { best, one in
      one.count > (best?.count ?? 0) ? one : best
    }
    guard let best, best.count >= 4, 5 * best.count >= shapes.names.count else { return nil }
    return best
  }

  /// How many names have a place in `family`, with the prefix that gives the most.
  private func match(_ family: StateDictionaryFamily) -> Nearness? {
    var best: Nearness?
    for prefix in prefixes {
      let count = shapes.names.count { name in
        name.hasPrefix(prefix)
          && family.modules.contains(Self.pattern(String(name.dropFirst(prefix.count))))
      }
      if count > best?.count ?? 0 { best = Nearness(family: family, prefix: prefix, count: count) }
    }
    return best
  }

  /// What may stand before all names of a network: up to three components that hold no digits.
  private var prefixes: [String] {
    var found = [""]
    for name in shapes.names {
      var prefix = ""
      for component in name.split(separator: ".").dropLast().prefix(3) {
        if component.contains(where: \.isNumber) { break }
        prefix += component + "."
        if !found.contains(prefix) { found.append(prefix) }
      }
      if found.count > 32 { break }
    }
    return found
  }

  /// `the first name without a place is …, and … is missing`.
  private func difference(_ near: Nearness) -> String {
    let stranger = shapes.names.first { name in
      name.hasPrefix(near.prefix)
        && !near.family.modules.contains(Self.pattern(String(name.dropFirst(near.prefix.count))))
    }
    let signature = near.family.signatures.max { a, b in
      present(a, near.prefix) < present(b, near.prefix)
    }
    let missing = signature?.first { !shapes.contains(near.prefix + $0) }
    var parts: [String] = []
    if let stranger { parts.append("the first name without a place is \(stranger)") }
    if let missing { parts.append("\(near.prefix)\(missing) is missing") }
    return parts.joined(separator: " and ")
  }

  private func present(_ signature: [String], _ prefix: String) -> Int {
    signature.count { shapes.contains(prefix + $0) }
  }

  /// The module of an array, with a # for each number: `layer#.#.conv#`.
  private static func pattern(_ name: String) -> String {
    var result = ""
    for character in name.split(separator: ".").dropLast().joined(separator: ".") {
      if character.isNumber {
        if result.last != "#" { result.append("#") }
      } else {
        result.append(character)
      }
    }
    return result
  }
}

extension StateDictionaryArchitecture {
  /// Why arrays of these names and shapes, which are of no known family, are no network.
  public static func refusal(_ arrays: [(name: String, shape: [Int])]) -> NetworkError {
    UnknownNetwork(
      NamedShapes(
        arrays.map { (name: String($0.name.map { $0 == "/" ? "." : $0 }), shape: $0.shape) })
    ).refusal
  }
}
