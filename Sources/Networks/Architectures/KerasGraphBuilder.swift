import Checkpoints

/// A value on the way through a Keras model.
struct KerasValue {
  var node: Int
  /// Whether Keras has channels before positions here, and the node has them last.
  var isTurned = false
}

/// Adds Keras's layers to a graph.
struct KerasGraphBuilder {
  var graph: GraphBuilder
  /// The first node of each name: whoever comes under the same name again is applied again.
  private var first: [String: Int] = [:]
  private var applications: [String: Int] = [:]

  private let isKeras3: Bool

  /// - Parameter isKeras3: Whether the configuration is of Keras 3.
  init(_ graph: GraphBuilder, isKeras3: Bool) {
    self.graph = graph
    self.isKeras3 = isKeras3
  }

  // MARK: Nodes

  /// Adds an operation of `layer`; where it was added before, its parameters are used again.
  mutating func add(
    _ name: String, _ operation: Operation, to inputs: [Int], layer: String
  ) throws(NetworkError) -> Int {
    guard let owner = first[name] else {
      let node = try graph.add(name, operation, to: inputs, layer: layer)
      first[name] = node
      return node
    }
    let number = applications[name, default: 1] + 1
    applications[name] = number
    return try graph.add("\(name)@\(number)", operation, to: inputs, layer: layer, sharing: owner)
  }

  mutating func add(
    _ name: String, _ operation: Operation, to input: Int, layer: String
  ) throws(NetworkError) -> Int {
    try add(name, operation, to: [input], layer: layer)
  }

  func shape(_ value: KerasValue) -> [Int] {
    let shape = graph.shape(of: value.node)
    guard value.isTurned, let channels = shape.last else { return shape }
    return [channels] + shape.dropLast()
  }

  /// The node of a value as Keras has it.
  mutating func logical(_ value: KerasValue, for name: String) throws(NetworkError) -> Int {
    guard value.isTurned else { return value.node }
    let rank = graph.shape(of: value.node).count
    return try add(
      "\(name)/channels_first", .permute([rank - 1] + Array(0..<rank - 1)), to: value.node,
      layer: name)
  }

  /// The node of a value with channels last, for a layer that has them first or last.
  mutating func channelsLast(
    _ value: KerasValue, isChannelsFirst: Bool, for name: String
  ) throws(NetworkError) -> Int {
    guard isChannelsFirst else { return try logical(value, for: name) }
    let rank = graph.shape(of: value.node).count
    guard !value.isTurned, rank > 1 else { return value.node }
    return try add(
      "\(name)/channels_last", .permute(Array(1..<rank) + [0]), to: value.node, layer: name)
  }

  /// An operation on the last axis of a node, for a layer that wants axis number `axis`, counted as
  /// Keras does (0 is that of the examples, −1 the last).
  mutating func onAxis(
    _ axis: Int, _ operation: Operation, _ name: String, to value: KerasValue,
    layer: String? = nil
  ) throws(NetworkError) -> KerasValue {
    let layer = layer ?? name
    let rank = graph.shape(of: value.node).count
    let axis = axis < 0 ? axis + rank + 1 : axis
    guard 1...rank ~= axis else {
      throw NetworkError(layer: name, reason: "its axis \(axis) is none of a value of rank \(rank)")
    }
    let place = value.isTurned ? (axis == 1 ? rank - 1 : axis - 2) : axis - 1
    guard place != rank - 1 else {
      return KerasValue(
        node: try add(name, operation, to: value.node, layer: layer), isTurned: value.isTurned)
    }
    let order = (0..<rank).filter { $0 != place } + [place]
    var node = try add("\(name)/last", .permute(order), to: value.node, layer: layer)
    node = try add("\(name)/values", operation, to: node, layer: layer)
    let back = (0..<rank).map { axis in order.firstIndex(of: axis) ?? axis }
    return KerasValue(
      node: try add(name, .permute(back), to: node, layer: layer), isTurned: value.isTurned)
  }

  /// An operation on several last axes of a node, for a layer that wants the given axes, counted as
  /// Keras does and in their order; a softmax has them as one.
  mutating func onAxes(
    _ axes: [Int], _ operation: Operation, _ name: String, to value: KerasValue, layer: String
  ) throws(NetworkError) -> KerasValue {
    if axes.count == 1 { return try onAxis(axes[0], operation, name, to: value, layer: layer) }
    var node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    let places = axes.map { ($0 < 0 ? $0 + shape.count + 1 : $0) - 1 }
    guard !places.isEmpty, places == Set(places).sorted(),
      places.allSatisfy({ shape.indices ~= $0 })
    else {
      throw NetworkError(
        layer: name,
        reason: "its axes \(axes) are not some of a value of rank \(shape.count), in order")
    }
    let order = shape.indices.filter { !places.contains($0) } + places
    let isLast = order == Array(shape.indices)
    let moved = order.map { shape[$0] }
    if !isLast { node = try add("\(name)/last", .permute(order), to: node, layer: layer) }
    if operation == .softmax {
      let width = places.map { shape[$0] }.reduce(1, *)
      node = try add(
        "\(name)/rows", .reshape(moved.dropLast(places.count) + [width]), to: node, layer: layer)
      node = try add("\(name)/values", operation, to: node, layer: layer)
      node = try add(isLast ? name : "\(name)/axes", .reshape(moved), to: node, layer: layer)
    } else {
      node = try add(isLast ? name : "\(name)/values", operation, to: node, layer: layer)
    }
    guard !isLast else { return KerasValue(node: node) }
    let back = shape.indices.map { axis in order.firstIndex(of: axis) ?? axis }
    return KerasValue(node: try add(name, .permute(back), to: node, layer: layer))
  }

  // MARK: Models

  /// Adds all layers of a model that is applied to `inputs`.
  mutating func apply(
    model: JSON, to inputs: [KerasValue], prefix: String
  ) throws(NetworkError) -> [KerasValue] {
    let layers = KerasModel.layers(of: model)
    var names: Set<String> = []
    if let twice = layers.first(where: { !names.insert($0.name).inserted }) {
      throw NetworkError(layer: prefix + twice.name, reason: "there are two layers of this name")
    }
    switch model["class_name"]?.string {
    case "Sequential":
      var values = inputs
      for layer in layers {
        var call = KerasCall()
        call.positional = values.indices.map { position in
          .value(KerasCall.Reference(layer: "", application: 0, result: position))
        }
        let given = KerasArguments(call) { values[$0.result] }
        values = try apply(KerasLayer(layer, named: prefix + layer.name, isKeras3: isKeras3), given)
      }
      return values
    case "Functional", "Model":
      return try applyFunctional(model, layers, to: inputs, prefix: prefix)
    case let name:
      throw NetworkError(
        reason: "Keras model class '\(name ?? "")' is not supported (Sequential and Functional are)"
      )
    }
  }

  private mutating func applyFunctional(
    _ model: JSON, _ layers: [KerasLayer], to inputs: [KerasValue], prefix: String
  ) throws(NetworkError) -> [KerasValue] {
    let names = KerasModel.references(model["config"]?["input_layers"])
    let outputs = KerasModel.references(model["config"]?["output_layers"])
    guard names.count == inputs.count, !outputs.isEmpty else {
      throw NetworkError(
        reason: "the Keras model has \(names.count) inputs and \(outputs.count) outputs, and is "
          + "given \(inputs.count) values")
    }
    var values: [KerasCall.Reference: KerasValue] = [:]
    for (name, value) in zip(names, inputs) { values[name] = value }
    var waiting: [(layer: KerasLayer, number: Int, call: KerasCall)] = []
    for layer in layers where !names.contains(where: { $0.layer == layer.name }) {
      for (number, call) in try layer.calls().enumerated() { waiting.append((layer, number, call)) }
    }
    let shifts = Self.shifts(waiting, outputs)
    // Layers usually stand after those they read, but nothing promises it.
    while !waiting.isEmpty {
      var later: [(layer: KerasLayer, number: Int, call: KerasCall)] = []
      for application in waiting {
        let (layer, number, call) = application
        guard call.references.allSatisfy({ values[$0] != nil }) else {
          later.append(application)
          continue
        }
        let given = KerasArguments(call) { values[$0] ?? KerasValue(node: 0) }
        let results = try apply(
          KerasLayer(layer, named: prefix + layer.name, isKeras3: isKeras3), given)
        for (position, result) in results.enumerated() {
          let place = KerasCall.Reference(
            layer: layer.name, application: number + shifts[layer.name, default: 0],
            result: position)
          values[place] = result
        }
      }
      guard later.count < waiting.count else {
        throw NetworkError(
          layer: prefix + later[0].layer.name,
          reason: "it reads layers that are not in the model, or itself, or a second result of a "
            + "layer that has one here")
      }
      waiting = later
    }
    return try outputs.map { output throws(NetworkError) in
      guard let value = values[output] else {
        throw NetworkError(
          layer: output.layer, reason: "the model's output is not among its layers")
      }
      return value
    }
  }
}

extension KerasGraphBuilder {
  /// From which number on the applications of a layer are counted: for models inside models Keras
  /// counts their own making as number 0, so that the last application has their count as its number.
  private static func shifts(
    _ applications: [(layer: KerasLayer, number: Int, call: KerasCall)],
    _ outputs: [KerasCall.Reference]
  ) -> [String: Int] {
    var last: [String: Int] = [:]
    for reference in applications.flatMap(\.call.references) + outputs {
      last[reference.layer] = max(last[reference.layer, default: 0], reference.application)
    }
    var count: [String: Int] = [:]
    for application in applications { count[application.layer.name, default: 0] += 1 }
    return count.reduce(into: [:]) { result, entry in
      if last[entry.key, default: 0] == entry.value { result[entry.key] = 1 }
    }
  }
}

/// What a layer is given, with values in place of references.
struct KerasArguments {
  enum Argument {
    case value(KerasValue)
    case constant(JSON)
  }

  var positional: [Argument]
  var named: [String: Argument]

  init(_ call: KerasCall, _ value: (KerasCall.Reference) -> KerasValue) {
    func resolve(_ argument: KerasCall.Argument) -> Argument {
      switch argument {
      case .value(let reference): .value(value(reference))
      case .constant(let json): .constant(json)
      }
    }
    positional = call.positional.map(resolve)
    named = call.named.mapValues(resolve)
  }

  init(values: [KerasValue]) {
    positional = values.map(Argument.value)
    named = [:]
  }

  /// The values given without a name.
  var values: [KerasValue] {
    positional.compactMap { if case .value(let value) = $0 { value } else { nil } }
  }

  /// The value given under a name.
  func value(_ name: String) -> KerasValue? {
    if case .value(let value) = named[name] { value } else { nil }
  }

  /// The argument at a place, or under a name.
  func argument(_ position: Int, _ name: String) -> Argument? {
    positional.indices ~= position ? positional[position] : named[name]
  }
}
