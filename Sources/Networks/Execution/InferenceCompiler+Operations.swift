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
    let layer = name(index)
    let input = graph.nodes[index].inputs[0]
    let image = inputShape(index)
    let source = try present(input)
    let free = try MemoryDescriptor(extents(index), dnnl_format_tag_any, type, layer: layer)
    var placed = try window.placed(on: Extent(image[0], image[1]), layer: layer).forOneDNN
    let attributes = try Attributes(layer: layer)
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
    consume([input])
    define(index, Form(arrangement: try arrangement(target, of: index), region: output))
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
