import Checkpoints

/// Activations and normalisations of Keras.
extension KerasGraphBuilder {
  /// The activation that a layer applies to its own result.
  mutating func activate(
    _ layer: KerasLayer, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    guard let function = try layer.function(layer.setting("activation") ?? .null) else {
      return value
    }
    return try apply(function, "\(layer.name)/activation", layer: layer.name, to: value)
  }

  private mutating func apply(
    _ function: KerasFunction, _ name: String, layer: String, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    switch function {
    case .activation(let activation):
      return KerasValue(
        node: try add(name, .activation(activation), to: value.node, layer: layer),
        isTurned: value.isTurned)
    case .softmax(let axes):
      return try onAxes(axes, .softmax, name, to: value, layer: layer)
    }
  }

  /// The layers that are an activation.
  mutating func activation(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    switch layer.className {
    case "PReLU":
      var shape = self.shape(value)
      for axis in layer.setting("shared_axes")?.array?.compactMap(\.int) ?? []
      where 1...shape.count ~= axis { shape[axis - 1] = 1 }
      // The slopes have the shape that Keras has.
      let node = try logical(value, for: name)
      return KerasValue(node: try add(name, .parametricRelu(shape: shape), to: node, layer: name))
    default:
      guard let function = try layer.functionOfClass() else {
        // The identity; its name may be asked for.
        return KerasValue(
          node: try add(name, .reshape(graph.shape(of: value.node)), to: value.node, layer: name),
          isTurned: value.isTurned)
      }
      return try apply(function, name, layer: name, to: value)
    }
  }

  /// Normalisations, and layers that scale.
  mutating func normalization(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let axis = layer.axis ?? -1
    let hasScale = layer.bool("scale", otherwise: true)
    let hasShift = layer.bool("center", otherwise: true)
    let epsilon = layer.float("epsilon", otherwise: 0.001)
    switch layer.className {
    case "LayerNormalization":
      guard !layer.bool("rms_scaling", otherwise: false) else {
        throw layer.error("rms_scaling is not supported")
      }
      let many = (layer.setting("axis")?.array ?? []).compactMap(\.int)
      guard many.count > 1 else {
        let operation = Operation.layerNormalization(
          LayerNormalization(epsilon: epsilon, hasScale: hasScale, hasShift: hasShift))
        return try onAxis(axis, operation, name, to: value)
      }
      let operation = Operation.layerNormalization(
        LayerNormalization(
          axes: many.count, epsilon: epsilon, hasScale: hasScale, hasShift: hasShift))
      return try onAxes(many, operation, name, to: value, layer: name)
    case "GroupNormalization":
      let groups = layer.setting("groups")?.int ?? 32
      let rank = shape(value).count
      let channels = shape(value)[min(max((axis < 0 ? axis + rank + 1 : axis) - 1, 0), rank - 1)]
      let operation = Operation.groupNormalization(
        GroupNormalization(
          groups: groups == -1 ? channels : groups, epsilon: epsilon, hasScale: hasScale,
          hasShift: hasShift))
      return try onAxis(axis, operation, name, to: value)
    case "Rescaling":
      let operation = Operation.affine(
        scale: layer.floats("scale") ?? [1], offset: layer.floats("offset") ?? [0])
      return KerasValue(
        node: try add(name, operation, to: logical(value, for: name), layer: name))
    case "LayerScale":
      let operation = Operation.multiplyParameter(
        .gamma, shape: [try layer.int("projection_dim")])
      return KerasValue(
        node: try add(name, operation, to: logical(value, for: name), layer: name))
    case "Normalization": return try standardization(layer, to: value)
    default: return try onAxis(axis, try layer.batchNormalization(), name, to: value)
    }
  }

  /// Keras's Normalization: with statistics among its settings, or learned ones in the file.
  private mutating func standardization(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let node = try logical(value, for: name)
    let rank = graph.shape(of: node).count
    let inverts = layer.bool("invert", otherwise: false)
    if let mean = layer.floats("mean", "input_mean"),
      let variance = layer.floats("variance", "input_variance")
    {
      let deviation = variance.map { max($0.squareRoot(), 1e-7) }
      let scale = inverts ? deviation : deviation.map { 1 / $0 }
      let many = max(mean.count, scale.count)
      func all(_ numbers: [Float]) -> [Float] {
        numbers.count == many ? numbers : [Float](repeating: numbers[0], count: many)
      }
      let offset = zip(all(mean), all(scale)).map { inverts ? $0 : -$0 * $1 }
      return KerasValue(
        node: try add(name, .affine(scale: scale, offset: offset), to: node, layer: name))
    }
    guard !inverts else {
      throw layer.error("an inverted normalization by learned statistics is not supported")
    }
    var shape: [Int] = []
    if let axes = layer.setting("axis") {
      let places = Set(
        (axes.int.map { [$0] } ?? axes.array?.compactMap(\.int) ?? []).map {
          $0 < 0 ? $0 + rank + 1 : $0
        })
      shape = (1...rank).map { places.contains($0) ? graph.shape(of: node)[$0 - 1] : 1 }
    } else if layer.json["config"]?["axis"] == nil {
      shape = [Int](repeating: 1, count: rank - 1) + [graph.shape(of: node)[rank - 1]]
    }
    while shape.count > 1, shape[0] == 1 { shape.removeFirst() }
    return KerasValue(
      node: try add(
        name, .standardization(shape: shape.isEmpty ? [1] : shape), to: node, layer: name))
  }
}

extension KerasLayer {
  /// The axis, where there is one.
  var axis: Int? {
    setting("axis").flatMap { $0.int ?? ($0.array?.count == 1 ? $0[0]?.int : nil) }
  }

  fileprivate func batchNormalization() throws(NetworkError) -> Operation {
    guard (setting("mode")?.int ?? 0) == 0 else {
      throw error("its mode is not 0; normalization of each channel is supported")
    }
    guard setting("renorm")?.bool != true else { throw error("renorm is not supported") }
    return .batchNormalization(
      BatchNormalization(
        epsilon: float("epsilon", otherwise: 0.001), momentum: float("momentum", otherwise: 0.99),
        hasScale: bool("scale", otherwise: true), hasShift: bool("center", otherwise: true)))
  }
}
