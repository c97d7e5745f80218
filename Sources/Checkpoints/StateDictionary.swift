import HDF5

/// Parameters that are known by name alone, as in PyTorch's `state_dict`: `layer1.0.conv1.weight`.
///
/// The order of the model is not recorded in such files (HDF5 and safetensors sort names), so
/// layers come in the order of their names, numbers counted as numbers: the same parameters have
/// the same order, and so the same digest, whatever the file.
struct StateDictionary {
  /// A named array.
  struct Entry {
    /// Its name as the file gives it.
    var name: String
    /// Where its values are in the file.
    var path: String
    var shape: [Int]
    var elementType: ElementType
  }

  /// What wrappers put in front of every name: data parallelism, checkpoints of training loops,
  /// compiled modules.
  private static let wrappers: Set<String> = [
    "module", "model", "state_dict", "model_state_dict", "_orig_mod",
  ]

  /// The layers, in the order of their names.
  private(set) var layers: [Checkpoint.Layer] = []
  /// What was taken off the front of every name.
  private(set) var prefix = ""

  /// Whether some name ends as names of parameters do, so that these are parameters.
  static func isLikely(_ names: [String]) -> Bool {
    names.contains { name in
      guard let last = components(name).last else { return false }
      return ["weight", "bias", "running_mean", "kernel", "gamma", "scale", "embedding"]
        .contains { last == $0 || last.hasSuffix("_" + $0) }
    }
  }

  init(_ entries: [Entry]) {
    var named = entries.map { (components: Self.components($0.name), entry: $0) }
    while let first = named.first?.components.first, Self.wrappers.contains(first),
      named.allSatisfy({ $0.components.first == first && $0.components.count > 2 })
    {
      for index in named.indices { named[index].components.removeFirst() }
      prefix += first + "."
    }
    named.sort { a, b in
      let (x, y) = (a.components.dropLast(), b.components.dropLast())
      if x != y { return NaturalOrder.precedes(Array(x), Array(y)) }
      let (p, q) = (Self.rank(a.components.last ?? ""), Self.rank(b.components.last ?? ""))
      if p != q { return p < q }
      let (last, other) = (a.components.last ?? "", b.components.last ?? "")
      return last != other ? last < other : a.entry.name < b.entry.name
    }
    for (components, entry) in named {
      let layer = components.dropLast().joined(separator: ".")
      let parameter = Checkpoint.Parameter(
        layer: layer, role: .other(components.last ?? entry.name), name: entry.name,
        path: entry.path, shape: entry.shape, elementType: entry.elementType)
      if layers.last?.name == layer {
        layers[layers.count - 1].parameters.append(parameter)
      } else {
        layers.append(Checkpoint.Layer(name: layer, className: nil, parameters: [parameter]))
      }
    }
    for index in layers.indices { Self.nameRoles(&layers[index]) }
  }

  /// The parts of a name, between dots or slashes, the last without the `:0` of TensorFlow.
  private static func components(_ name: String) -> [String] {
    var parts = name.split { $0 == "." || $0 == "/" }
    let last = parts.popLast()
    return parts.map(String.init) + (last.map { [Role.withoutNumber($0)] } ?? [])
  }

  /// Weights first, then biases, then statistics, as PyTorch registers them and Keras creates them;
  /// others by name.
  private static func rank(_ name: String) -> Int { ranks[name] ?? ranks.count }

  private static let ranks = Dictionary(
    uniqueKeysWithValues: [
      ["embedding", "embeddings"], ["depthwise_kernel"], ["weight"], ["kernel"],
      ["scale", "gamma"],
      ["pointwise_kernel"], ["recurrent_kernel"], ["bias", "beta"],
      ["running_mean", "moving_mean"],
      ["running_var", "moving_variance"],
    ].enumerated().flatMap { rank, names in names.map { ($0, rank) } })

  private static func nameRoles(_ layer: inout Checkpoint.Layer) {
    let isNormalization = layer.parameters.contains {
      ["weight", "scale"].contains($0.role.name) && $0.shape.count == 1
    }
    let place = layer.name.split(separator: ".").last?.lowercased() ?? ""
    let isEmbedding = ["embed", "wte", "wpe"].contains { place.contains($0) }
    for index in layer.parameters.indices {
      let parameter = layer.parameters[index]
      let (name, rank) = (parameter.role.name, parameter.shape.count)
      var role = Role(weightName: name)
      switch name {
      case "weight" where rank == 1, "scale" where rank == 1: role = .gamma
      case "weight" where rank == 2 && isEmbedding, "embedding": role = .embeddings
      case "bias" where isNormalization: role = .beta
      case _ where role == .kernel && rank < 2, _ where role != .other(name) && name.contains("_"):
        // `in_proj_weight` beside `out_proj.weight`: a name of its own.
        if ![.movingMean, .movingVariance, .depthwiseKernel, .pointwiseKernel, .recurrentKernel]
          .contains(role)
        {
          role = .other(name)
        }
      default: break
      }
      layer.parameters[index].role = role
      layer.parameters[index].isTrainable = role.isStatistic ? false : nil
      if role.isKernel || rank >= 2 && name.hasSuffix("weight") && role != .embeddings {
        layer.parameters[index].kernelOrder =
          name.hasSuffix("weight") ? .outputsFirst : .inputsFirst
      }
    }
  }
}

extension Checkpoint {
  /// Takes the layers of `dictionary` over, and says what follows from names alone.
  mutating func take(_ dictionary: StateDictionary) {
    layers = dictionary.layers
    orderIsRecorded = false
    if !dictionary.prefix.isEmpty {
      notes.append("every name begins with \(dictionary.prefix), which layers leave out")
    }
    noteOutputsFirst()
  }

  /// Says that kernels are not as networks here want them, if there are such.
  mutating func noteOutputsFirst() {
    guard let first = parameters.first(where: { $0.kernelOrder == .outputsFirst }) else { return }
    conversionNeeded =
      "kernels are outputs first, \(KernelOrder.outputsFirst.title(rank: first.shape.count)), "
      + "as PyTorch and Caffe have them (layer \(first.layer)), where networks are run with inputs "
      + "first"
  }

  /// A state dictionary in an HDF5 file, flat with dots or in groups, or `nil` when the names are
  /// not those of parameters.
  static func stateDictionary(_ file: File, _ members: Members) throws(HDF5Error) -> Checkpoint? {
    var chosen = members.numbers
    var outside: (name: String, members: [Members.Member])?
    // Checkpoints of a training loop keep the model beside the optimizer.
    for name in ["state_dict", "model_state_dict", "model"] {
      let inside = chosen.filter { $0.components.first == name && $0.components.count > 1 }
      guard !inside.isEmpty else { continue }
      outside = (name, (chosen + members.others).filter { $0.components.first != name })
      chosen = inside
      break
    }
    let names = chosen.map { $0.components.joined(separator: "/") }
    guard StateDictionary.isLikely(names) else { return nil }
    var entries: [StateDictionary.Entry] = []
    for (member, name) in zip(chosen, names) {
      try member.dataset.requireReadable()
      entries.append(
        StateDictionary.Entry(
          name: name, path: member.dataset.path, shape: member.dataset.shape,
          elementType: member.dataset.elementType))
    }
    let isFlat = chosen.allSatisfy { $0.components.count == 1 }
    let example = names.first { StateDictionary.isLikely([$0]) } ?? ""
    var checkpoint = Checkpoint(
      file, layout: .stateDictionary,
      evidence: (isFlat ? "datasets at the top" : "datasets in groups") + " named as \(example)")
    checkpoint.take(StateDictionary(entries))
    if let outside {
      checkpoint.leaveOut(outside.members, because: "is outside \(outside.name)")
      checkpoint.leaveOut(members.others.filter { $0.components.first == outside.name })
    } else {
      checkpoint.leaveOut(members.others)
    }
    checkpoint.noteOmissions()
    return checkpoint
  }
}
