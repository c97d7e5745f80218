import Checkpoints
import Randomness

extension Network {
  /// The same network with a new classifier head for `classes` classes; everything else stays.
  ///
  /// A network that was built from a state dictionary without a head gets one behind its features.
  ///
  /// The architecture is changed with it.
  ///
  /// - Parameters:
  ///   - initializer: How the new kernel is drawn; the bias is 0.
  ///   - seed: The seed of the draw.
  /// - Throws: ``NetworkError`` when there is no classifier head, or the layers behind it cannot
  ///   have so many classes.
  public func replacingHead(
    classes: Int, initializer: Initializer = .uniform, seed: UInt64
  ) throws(NetworkError) -> Network {
    if architecture["format"]?.string == StateDictionaryArchitecture.format {
      let resized = try StateDictionaryArchitecture(architecture).settingClasses(classes)
      return try replacingHead(resized, initializer: initializer, seed: seed)
    }
    let head = try graph.head
    let resized = try graph.resizingHead(head, to: classes)
    let slots = graph.nodes[head].parameters
    var tensors = parameters
    for slot in slots {
      let place = resized.parameters[slot]
      var generator = SeededGenerator(seed: seed, "head \(place.layer)/\(place.role)")
      tensors[slot] = initializer.tensor(for: place, using: &generator)
    }
    var architecture = architecture
    if !architecture.isNull {
      architecture = architecture.settingOutputs(of: graph.nodes[head].layer, to: classes)
      let described = try Graph(architecture: architecture, inputShape: graph.inputShape)
      guard described == resized else {
        throw NetworkError(
          layer: graph.nodes[head].layer,
          reason: "the architecture cannot be rewritten for \(classes) classes")
      }
    }
    return Network(resized, parameters: tensors, architecture: architecture)
  }
}

extension Network {
  /// The network of `resized`, which differs from this one in its head alone.
  private func replacingHead(
    _ resized: StateDictionaryArchitecture, initializer: Initializer, seed: UInt64
  ) throws(NetworkError) -> Network {
    let head = resized.graph.nodes[try resized.graph.head].parameters
    let known = Dictionary(zip(graph.parameters.map(SlotName.init), parameters)) { first, _ in first
    }
    let tensors = resized.graph.parameters.enumerated().map { index, slot in
      if !head.contains(index), let tensor = known[SlotName(slot)] { return tensor }
      var generator = SeededGenerator(seed: seed, "head \(slot.layer)/\(slot.role)")
      return initializer.tensor(for: slot, using: &generator)
    }
    return Network(resized.graph, parameters: tensors, architecture: resized.json)
  }

  private struct SlotName: Hashable {
    let layer: String
    let role: Role

    init(_ slot: ParameterSlot) {
      layer = slot.layer
      role = slot.role
    }
  }
}

extension Graph {
  /// The graph with another number of outputs of its head; the shapes behind it follow.
  fileprivate func resizingHead(_ head: Int, to classes: Int) throws(NetworkError) -> Graph {
    var builder = GraphBuilder(beginning: self)
    var users: [Int: Int] = [:]
    for (index, node) in nodes.enumerated().dropFirst() {
      var operation = node.operation
      switch operation {
      case .dense(_, let hasBias) where index == head:
        operation = .dense(outputs: classes, hasBias: hasBias)
      case .convolution(var convolution) where index == head:
        convolution.filters = classes
        operation = .convolution(convolution)
      case .reshape(let shape) where shape.count == 1:
        operation = .reshape([builder.shape(of: node.inputs[0]).reduce(1, *)])
      default: break
      }
      _ = try builder.add(
        node.name, operation, to: node.inputs, layer: node.layer,
        sharing: node.parameters.first.flatMap { users[$0] })
      if let slot = node.parameters.first { users[slot] = users[slot] ?? index }
    }
    return builder.graph(outputs: outputs)
  }
}

extension JSON {
  /// The architecture with another number of outputs of the layer called `layer`, which may be
  /// `model/layer` inside a nested model.
  fileprivate func settingOutputs(of layer: String, to count: Int) -> JSON {
    switch self {
    case .array(let elements):
      return .array(elements.map { $0.settingOutputs(of: layer, to: count) })
    case .object(var members):
      let name = members["name"]?.string ?? members["config"]?["name"]?.string
      if name == layer {
        for key in ["outputs", "filters", "units", "output_dim", "nb_filter"]
        where members[key]?.double != nil {
          members[key] = .number(Double(count))
        }
      }
      let inner = name.flatMap { layer.hasPrefix($0 + "/") ? $0 : nil }
      let rest = inner.map { String(layer.dropFirst($0.count + 1)) } ?? layer
      return .object(members.mapValues { $0.settingOutputs(of: rest, to: count) })
    default: return self
    }
  }
}
