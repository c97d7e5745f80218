import COneDNN
import Checkpoints

/// Operations without kernels.
extension InferenceCompiler {
  /// The value as it was written, or channels-last where that was in another type.
  func present(_ node: Int) throws(NetworkError) -> (MemoryDescriptor, region: Int) {
    let descriptor = try current(node)
    let wanted =
      descriptor == (try plainImage(node, .float32)) ? try plainImage(node, type) : descriptor
    return (wanted, try image(node, wanted))
  }

  /// Adds a step from one value to another of the same arrangement, in place where nobody reads the
  /// first one later.
  private func replace(
    _ index: Int, _ data: (MemoryDescriptor, region: Int), _ descriptor: PrimitiveDescriptor,
    absorbing members: [Int] = [],
    _ others: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = []
  ) throws(NetworkError) {
    let input = graph.nodes[index].inputs[0]
    let isInPlace = isLastUse(input)
    let output = isInPlace ? data.region : region(data.0)
    plan([data.region, output]) { [engine] memory throws(NetworkError) in
      try PrimitiveStep(
        descriptor, engine: engine,
        [
          (DNNL_ARG_SRC, data.0, memory(data.region)), (DNNL_ARG_DST, data.0, memory(output)),
        ] + others)
    }
    consume([input])
    if isInPlace { forget(input) }
    define(
      index, Form(arrangement: try arrangement(data.0, of: index), region: output),
      absorbing: members)
  }

  func activate(_ index: Int, _ activation: Activation) throws(NetworkError) {
    let layer = name(index)
    let data = try present(graph.nodes[index].inputs[0])
    let attributes = try Attributes(layer: layer)
    guard let function = activation.function else {
      throw NetworkError(layer: layer, reason: "oneDNN has no \(activation)")
    }
    let descriptor = try PrimitiveDescriptor(layer: layer, "apply \(activation)") { result in
      conednn_elementwise_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_inference, function.algorithm,
        data.0.handle, function.alpha, function.beta)
    }
    try replace(index, data, descriptor)
  }

  func normalize(_ index: Int, _ normalization: BatchNormalization) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let data = try present(node.inputs[0])
    var rectified: [Int] = []
    if let next = onlyConsumer(of: index), case .activation(.relu) = graph.nodes[next].operation {
      rectified = [next]
    }
    var flags = conednn_normalization_flags(
      1, normalization.hasScale ? 1 : 0, normalization.hasShift ? 1 : 0)
    if !rectified.isEmpty { flags |= UInt32(dnnl_fuse_norm_relu.rawValue) }
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "normalize") { result in
      conednn_normalization_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_inference, data.0.handle,
        normalization.epsilon, flags)
    }
    let perChannel = try MemoryDescriptor([node.shape.last ?? 1], dnnl_a, layer: layer)
    var parameters: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = []
    for slot in node.parameters {
      let argument: Int32? =
        switch graph.parameters[slot].role {
        case .gamma: DNNL_ARG_SCALE
        case .beta: DNNL_ARG_SHIFT
        case .movingMean: DNNL_ARG_MEAN
        case .movingVariance: DNNL_ARG_VARIANCE
        default: nil
        }
      if let argument { parameters.append((argument, perChannel, weights.copy(of: slot))) }
    }
    try replace(index, data, descriptor, absorbing: rectified, parameters)
  }

  func pool(
    _ index: Int, _ algorithm: dnnl_alg_kind_t, _ window: Window
  ) throws(NetworkError) {
    let input = graph.nodes[index].inputs[0]
    let target = try pool(
      name(index), try present(input), inputShape(index), extents(index), algorithm, window)
    consume([input])
    define(
      index, Form(arrangement: try arrangement(target.0, of: index), region: target.region))
  }

  /// The mean over all positions. A kernel adds up a window in one Float32 sum, which loses digits
  /// with its length, so that means over large images are those of their rows' means: 2 √p additions
  /// for each channel in place of p, where the squeezes of a deep EfficientNet need it.
  func average(_ index: Int) throws(NetworkError) {
    let shape = inputShape(index)
    guard shape[0] * shape[1] > 1024, shape[0] > 1, shape[1] > 1, type == .float32 else {
      return try pool(index, dnnl_pooling_avg_exclude_padding, wholeImage(index))
    }
    let layer = name(index)
    let input = graph.nodes[index].inputs[0]
    let rows = try pool(
      layer, try present(input), shape, [count, shape[2], shape[0], 1],
      dnnl_pooling_avg_exclude_padding, Window(Extent(1, shape[1])))
    let target = try pool(
      layer, rows, [shape[0], 1, shape[2]], extents(index), dnnl_pooling_avg_exclude_padding,
      Window(Extent(shape[0], 1)))
    consume([input])
    define(
      index, Form(arrangement: try arrangement(target.0, of: index), region: target.region))
  }

  private func pool(
    _ layer: String, _ source: (MemoryDescriptor, region: Int), _ image: [Int],
    _ extents: [Int], _ algorithm: dnnl_alg_kind_t, _ window: Window
  ) throws(NetworkError) -> (MemoryDescriptor, region: Int) {
    var placed = try window.placed(on: Extent(image[0], image[1]), layer: layer).forOneDNN
    let attributes = try Attributes(layer: layer)
    // In the type that is there, which may still be Float32.
    let free = try MemoryDescriptor(
      extents, dnnl_format_tag_any, source.0.elementType, layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "pool") { result in
      conednn_pooling_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_inference, algorithm,
        source.0.handle, free.handle, &placed)
    }
    let target = try descriptor.destination
    let output = region(target)
    plan([source.region, output]) { [engine] memory throws(NetworkError) in
      try PrimitiveStep(
        descriptor, engine: engine,
        [
          (DNNL_ARG_SRC, source.0, memory(source.region)), (DNNL_ARG_DST, target, memory(output)),
        ])
    }
    return (target, output)
  }

  func concatenate(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    var sources: [(descriptor: MemoryDescriptor, region: Int)] = []
    for input in node.inputs {
      let wanted = try blocked(extents(input), type, layer)
      sources.append((wanted, try image(input, wanted)))
    }
    let target = try blocked(extents(index), type, layer)
    let attributes = try Attributes(layer: layer)
    let handles = sources.map { Optional($0.descriptor.handle) }
    let descriptor = try PrimitiveDescriptor(layer: layer, "put channels together") { result in
      conednn_concatenate(
        &result, engine.handle, attributes.handle, Int32(handles.count), 1, handles, target.handle)
    }
    let output = region(target)
    plan(sources.map(\.region) + [output]) { [engine, sources] memory throws(NetworkError) in
      var bindings = [(argument: DNNL_ARG_DST, descriptor: target, buffer: memory(output))]
      for (position, source) in sources.enumerated() {
        bindings.append(
          (DNNL_ARG_MULTIPLE_SRC + Int32(position), source.descriptor, memory(source.region)))
      }
      return try PrimitiveStep(descriptor, engine: engine, bindings)
    }
    consume(node.inputs)
    define(index, Form(arrangement: try arrangement(target, of: index), region: output))
  }

  func add(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let first = try present(node.inputs[0])
    var sources = [first.region]
    for input in node.inputs.dropFirst() { sources.append(try image(input, first.0)) }
    let array = first.0
    let attributes = try Attributes(layer: node.name)
    let descriptor = try PrimitiveDescriptor(layer: node.name, "add values") { result in
      conednn_sum(
        &result, engine.handle, attributes.handle, Int32(node.inputs.count), array.handle,
        array.handle)
    }
    let output = region(array)
    plan(sources + [output]) { [engine, sources] memory throws(NetworkError) in
      var bindings = [(argument: DNNL_ARG_DST, descriptor: array, buffer: memory(output))]
      for (position, source) in sources.enumerated() {
        bindings.append((DNNL_ARG_MULTIPLE_SRC + Int32(position), array, memory(source)))
      }
      return try PrimitiveStep(descriptor, engine: engine, bindings)
    }
    consume(node.inputs)
    define(index, Form(arrangement: try arrangement(array, of: index), region: output))
  }
}
