import Checkpoints

/// Layers of Keras that are applied to each step of a value by itself.
extension KerasGraphBuilder {
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
    case "Dense", "Dropout", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Rescaling":
      return try apply(inner, to: KerasValue(node: node))
    case "Activation", "BatchNormalization", "LayerNormalization", "Softmax":
      // Axes are counted without that of the steps; the last one is the last of both.
      let axes = inner.setting("axis")?.wholeNumbers ?? [-1]
      guard axes == [-1] || axes == [shape.count - 1] else { return try eachStep(inner, node) }
      return try apply(inner.setting("axis", to: -1), to: KerasValue(node: node))
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
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2,
        inner.setting("padding")?.string != "causal"
      else { return try eachStep(inner, node) }
      return try activate(
        inner,
        KerasValue(node: try add(name, inner.stepwiseConvolution(), to: node, layer: name)))
    case "MaxPooling2D", "AveragePooling2D", "MaxPooling1D", "AveragePooling1D":
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2 else {
        return try eachStep(inner, node)
      }
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
      guard try !inner.isChannelsFirst(), shape.count == inner.axes + 2 else {
        return try eachStep(inner, node)
      }
      let window = GridWindow([1] + shape[1..<shape.count - 1])
      let pooled = try add(
        "\(name)/windows",
        wrapped.className.contains("Max")
          ? .maximumVolumePooling(window) : .averageVolumePooling(window),
        to: node, layer: name)
      return KerasValue(
        node: try add(
          name, .reshape([shape[0], shape[shape.count - 1]]), to: pooled, layer: name))
    default: return try eachStep(inner, node)
    }
  }

  /// The layer applied to one step after the other, with the same parameters.
  private mutating func eachStep(
    _ layer: KerasLayer, _ node: Int
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let shape = graph.shape(of: node)
    guard shape[0] <= Self.mostSteps else {
      throw layer.error(
        "'\(layer.className)' applied to each of \(shape[0]) steps; up to \(Self.mostSteps) are "
          + "supported")
    }
    var rows: [Int] = []
    for step in 0..<shape[0] {
      var (starts, counts) = ([Int](repeating: 0, count: shape.count), shape)
      (starts[0], counts[0]) = (step, 1)
      let row = try add(
        "\(name)/step\(step)", .slice(starts: starts, counts: counts), to: node, layer: name)
      let value = try add(
        "\(name)/value\(step)", .reshape(Array(shape.dropFirst())), to: row, layer: name)
      let results = try apply(layer, KerasArguments(values: [KerasValue(node: value)]))
      guard results.count == 1 else {
        throw layer.error("a layer of several results applied to each step is not supported")
      }
      let result = try logical(results[0], for: name)
      rows.append(
        try add(
          "\(name)/result\(step)", .reshape([1] + graph.shape(of: result)), to: result,
          layer: name))
    }
    guard rows.count > 1 else { return KerasValue(node: rows[0]) }
    return KerasValue(
      node: try add("\(name)/steps", .concatenate(axis: 0), to: rows, layer: name))
  }

  /// As many steps as a layer is repeated for.
  private static var mostSteps: Int { 512 }
}
