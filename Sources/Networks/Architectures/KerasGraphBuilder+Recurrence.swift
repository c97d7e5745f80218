import Checkpoints

/// Recurrent layers of Keras and what wraps them.
extension KerasGraphBuilder {
  mutating func recurrence(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let node = try logical(value, for: name)
    guard layer.className == "Bidirectional" else {
      return KerasValue(
        node: try add(name, .recurrence(try layer.recurrence()), to: node, layer: name))
    }
    guard let wrapped = layer.wrapped else { throw layer.error("it wraps no layer") }
    let forward = try KerasLayer(wrapped, named: name, isKeras3: layer.isKeras3).recurrence()
    var backward = forward
    var backwardName = "backward_" + wrapped.name
    if let given = layer.json["config"]?["backward_layer"], !given.isNull {
      let other = KerasLayer(given, isKeras3: layer.isKeras3)
      backward = try KerasLayer(other, named: name, isKeras3: layer.isKeras3).recurrence()
      backwardName = other.name
    } else {
      backward.goesBackwards.toggle()
    }
    // Keras 2.1 and later add the direction to a name that does not have it.
    let forwardName =
      wrapped.name.hasPrefix("forward_") ? wrapped.name : "forward_" + wrapped.name
    if wrapped.name.hasPrefix("forward_"), layer.json["config"]?["backward_layer"] == nil {
      backwardName = "backward_" + wrapped.name.dropFirst("forward_".count)
    }
    let inner = "\(name)/\(forwardName)"
    let first = try add(inner, .recurrence(forward), to: node, layer: inner)
    let second = "\(name)/\(backwardName)"
    var last = try add(second, .recurrence(backward), to: node, layer: second)
    if backward.returnsSequences {
      last = try add("\(second)/reversed", .reverse(axis: 0), to: last, layer: second)
    }
    let values = [KerasValue(node: first), KerasValue(node: last)]
    switch layer.json["config"]?["merge_mode"]?.string ?? "none" {
    case "concat": return try concatenate(name, values, axis: -1)
    case "sum": return try join(.addition, name, values)
    case "mul": return try join(.multiplication, name, values)
    case "ave": return try join(.average, name, values)
    case let mode:
      throw layer.error("the merge mode '\(mode)' is not supported; concat, sum, mul and ave are")
    }
  }

  /// A layer applied to each step by itself: what works on the last axis alone is the layer itself,
  /// and windows over images become windows over steps and images.
  mutating func timeDistributed(
    _ wrapper: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    guard let wrapped = wrapper.wrapped else { throw wrapper.error("it wraps no layer") }
    let name = wrapper.name
    let inner = KerasLayer(wrapped, named: name, isKeras3: wrapper.isKeras3)
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    guard shape.count >= 2 else { throw wrapper.error("it is applied to the shape \(shape)") }
    func refused() -> NetworkError {
      wrapper.error("'\(wrapped.className)' applied to each step is not supported")
    }
    switch wrapped.className {
    case "Dense", "Dropout", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Rescaling",
      "EinsumDense":
      return try apply(inner, to: KerasValue(node: node))
    case "Activation", "BatchNormalization", "LayerNormalization", "Softmax":
      guard inner.axis == nil || inner.axis == -1 || inner.axis == shape.count - 1 else {
        throw refused()
      }
      guard shape.count == 2 || inner.axis == nil || inner.axis == -1 else { throw refused() }
      return try apply(inner, to: KerasValue(node: node))
    case "Flatten":
      return KerasValue(
        node: try add(
          name, .reshape([shape[0], shape.dropFirst().reduce(1, *)]), to: node, layer: name))
    case "Reshape":
      guard let target = wrapped.setting("target_shape")?.array?.compactMap(\.int) else {
        throw refused()
      }
      let filled = try wrapper.fill(target, Array(shape.dropFirst()))
      return KerasValue(
        node: try add(name, .reshape([shape[0]] + filled), to: node, layer: name))
    case "Conv1D", "Conv2D", "Convolution1D", "Convolution2D":
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2 else { throw refused() }
      return try stepwiseConvolution(inner, node)
    case "MaxPooling2D", "AveragePooling2D", "MaxPooling1D", "AveragePooling1D":
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2 else { throw refused() }
      let size = try inner.extents(
        "pool_size", axes: inner.axes, otherwise: [Int](repeating: 2, count: inner.axes))
      let strides = try inner.extents("strides", axes: inner.axes, otherwise: size)
      let window = GridWindow(
        [1] + size, strides: [1] + strides, padding: try inner.isPaddedSame() ? .same : .valid)
      return KerasValue(
        node: try add(
          name,
          wrapped.className.hasPrefix("Max")
            ? .maximumVolumePooling(window) : .averageVolumePooling(window),
          to: node, layer: name))
    case "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling1D",
      "GlobalMaxPooling1D":
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2 else { throw refused() }
      let window = GridWindow([1] + shape[1..<shape.count - 1])
      let pooled = try add(
        "\(name)/windows",
        wrapped.className.contains("Max")
          ? .maximumVolumePooling(window) : .averageVolumePooling(window),
        to: node, layer: name)
      return KerasValue(
        node: try add(
          name, .reshape([shape[0], shape[shape.count - 1]]), to: pooled, layer: name))
    default: throw refused()
    }
  }

  /// A convolution over images, applied to each step: over one axis it is one over two, over two one
  /// over three, with a window of one step. Its kernel's shape has that axis too.
  private mutating func stepwiseConvolution(
    _ layer: KerasLayer, _ node: Int
  ) throws(NetworkError) -> KerasValue {
    let plain = try layer.gridWindow(layer.axes)
    let window = GridWindow(
      [1] + plain.kernel, strides: [1] + plain.strides, dilation: [1] + plain.dilation,
      padding: plain.padding)
    let operation = Operation.volumeConvolution(
      VolumeConvolution(
        window, filters: try layer.int("filters", "nb_filter"),
        groups: layer.setting("groups")?.int ?? 1,
        hasBias: layer.bool("use_bias", "bias", otherwise: true)))
    return try activate(
      layer, KerasValue(node: try add(layer.name, operation, to: node, layer: layer.name)))
  }
}

extension KerasLayer {
  /// What a recurrent layer computes.
  fileprivate func recurrence() throws(NetworkError) -> Recurrence {
    let cell: Recurrence.Cell
    switch className {
    case "LSTM": cell = .longShortTermMemory
    case "GRU": cell = .gatedUnit(resetsAfter: bool("reset_after", otherwise: isKeras3))
    case "SimpleRNN": cell = .simple
    default: throw error("a bidirectional '\(className)' is not supported")
    }
    guard !bool("return_state", otherwise: false) else {
      throw error("it also gives its state, which is not supported")
    }
    guard !bool("time_major", otherwise: false) else {
      throw error("steps before examples are not supported")
    }
    // Keras 1 called the gates' function `inner_activation`; the default was a hard sigmoid until
    // Keras 2.3's GRU and LSTM of version 2.
    let gates =
      json["config"]?["recurrent_activation"] == nil
      ? "inner_activation" : "recurrent_activation"
    return Recurrence(
      cell, units: try int("units", "output_dim"),
      activation: try activation("activation", otherwise: .tanh),
      recurrentActivation: try activation(
        gates, otherwise: isKeras3 ? .sigmoid : .kerasHardSigmoid),
      hasBias: bool("use_bias", otherwise: true),
      goesBackwards: bool("go_backwards", otherwise: false),
      returnsSequences: bool("return_sequences", otherwise: false))
  }
}
