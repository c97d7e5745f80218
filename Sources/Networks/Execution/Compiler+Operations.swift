import COneDNN
import Checkpoints

/// Operations without kernels, forward.
extension Compiler {
  func activationForward(_ index: Int, _ activation: Activation) throws(NetworkError) {
    let layer = name(index)
    let data = try flat(graph.nodes[index].shape, layer)
    let attributes = try Attributes(layer: layer)
    guard let function = activation.function else {
      // Training reads the values of an activation again only where oneDNN has it.
      return plainActivation(index, activation)
    }
    let descriptor = try PrimitiveDescriptor(layer: layer, "apply \(activation)") { result in
      conednn_elementwise_forward(
        &result, engine.handle, attributes.handle, kind, function.algorithm, data.handle,
        function.alpha,
        function.beta)
    }
    descriptors[index] = descriptor
    program.append(
      try PrimitiveStep(
        descriptor, engine: engine,
        [(DNNL_ARG_SRC, data, input(index)), (DNNL_ARG_DST, data, values[index])]))
  }

  func softmaxForward(_ index: Int) throws(NetworkError) {
    let layer = name(index)
    let data = try rows(graph.nodes[index].shape, layer)
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "compute a softmax") { result in
      conednn_softmax_forward(&result, engine.handle, attributes.handle, kind, data.handle, 1)
    }
    descriptors[index] = descriptor
    program.append(
      try PrimitiveStep(
        descriptor, engine: engine,
        [(DNNL_ARG_SRC, data, input(index)), (DNNL_ARG_DST, data, values[index])]))
  }

  func poolingForward(
    _ index: Int, _ algorithm: dnnl_alg_kind_t, _ window: Window
  ) throws(NetworkError) {
    let layer = name(index)
    let source = try images(inputShape(index), layer)
    let destination = try pooledImages(index)
    var placed = try placed(index, window).forOneDNN
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "pool") { result in
      withDescriptors(source, source, nil, destination) { source, _, _, destination in
        conednn_pooling_forward(
          &result, engine.handle, attributes.handle, kind, algorithm, source, destination, &placed)
      }
    }
    descriptors[index] = descriptor
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, source, input(index)), (DNNL_ARG_DST, destination, values[index]),
    ]
    // The maximum's backward pass needs to know which element it was.
    if isTraining, algorithm == dnnl_pooling_max {
      let workspace = try descriptor.workspace
      let buffer = Buffer(count: workspace.count)
      workspaces[index] = (workspace, buffer)
      bindings.append((DNNL_ARG_WORKSPACE, workspace, buffer))
    }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }

  /// The output of a pooling as images, also where it has no axes left but the channels.
  func pooledImages(_ index: Int) throws(NetworkError) -> MemoryDescriptor {
    try images(graph.nodes[index].shape, name(index))
  }

  func normalizationForward(
    _ index: Int, _ normalization: BatchNormalization
  ) throws(NetworkError) {
    let layer = name(index)
    let data = try images(graph.nodes[index].shape, layer)
    let numbers = NormalizationParameters(graph, index, parameters)
    let attributes = try Attributes(layer: layer)
    let flags = conednn_normalization_flags(
      usesBatchStatistics ? 0 : 1, normalization.hasScale ? 1 : 0, normalization.hasShift ? 1 : 0)
    let descriptor = try PrimitiveDescriptor(layer: layer, "normalize") { result in
      conednn_normalization_forward(
        &result, engine.handle, attributes.handle, kind, data.handle, normalization.epsilon, flags)
    }
    descriptors[index] = descriptor
    let channels = numbers.mean.count
    let mean = usesBatchStatistics ? Buffer(count: channels) : numbers.mean
    let variance = usesBatchStatistics ? Buffer(count: channels) : numbers.variance
    statistics[index] = (mean, variance)
    let perChannel = try MemoryDescriptor([channels], dnnl_a, layer: layer)
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, data, input(index)), (DNNL_ARG_DST, data, values[index]),
      (DNNL_ARG_MEAN, perChannel, mean), (DNNL_ARG_VARIANCE, perChannel, variance),
    ]
    if let gamma = numbers.gamma { bindings.append((DNNL_ARG_SCALE, perChannel, gamma)) }
    if let beta = numbers.beta { bindings.append((DNNL_ARG_SHIFT, perChannel, beta)) }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
    guard usesBatchStatistics else { return }
    // The variance of the batch divides by n; the moving average follows n − 1, as Keras 2's fused
    // kernel and PyTorch do.
    let samples = count * graph.nodes[index].size / channels
    let correction = samples > 1 ? Float(samples) / Float(samples - 1) : 1
    let momentum = normalization.momentum
    program.append(
      MovingAverageStep(numbers.mean, batch: mean, momentum: momentum, correction: 1))
    program.append(
      MovingAverageStep(
        numbers.variance, batch: variance, momentum: momentum, correction: correction))
  }

  /// The rows that a layer normalisation normalises, their means or variances, and gamma or beta.
  func normalizedRows(
    _ index: Int, _ normalization: LayerNormalization
  ) throws(NetworkError) -> (
    data: MemoryDescriptor, statistics: MemoryDescriptor, parameter: MemoryDescriptor
  ) {
    let node = graph.nodes[index]
    let width = node.shape.suffix(normalization.axes).reduce(1, *)
    let rows = count * node.size / width
    return (
      try MemoryDescriptor([rows, width], dnnl_ab, layer: node.name),
      try MemoryDescriptor([rows], dnnl_a, layer: node.name),
      try MemoryDescriptor([width], dnnl_a, layer: node.name)
    )
  }

  /// A layer normalisation that keeps what its gradient needs. oneDNN's gradient wants the description of
  /// its forward pass, which is not run: its statistics cost the gradient half a digit.
  func rowNormalizationForward(
    _ index: Int, _ normalization: LayerNormalization
  ) throws(NetworkError) {
    let layer = name(index)
    let arrays = try normalizedRows(index, normalization)
    let attributes = try Attributes(layer: layer)
    let flags = conednn_normalization_flags(
      0, normalization.hasScale ? 1 : 0, normalization.hasShift ? 1 : 0)
    descriptors[index] = try PrimitiveDescriptor(layer: layer, "normalize rows") { result in
      conednn_row_normalization_training(
        &result, engine.handle, attributes.handle, arrays.data.handle, arrays.statistics.handle,
        normalization.epsilon, flags)
    }
    let rows = arrays.statistics.count
    statistics[index] = (mean: Buffer(count: rows), variance: Buffer(count: rows))
    layerNormalizationForward(index, normalization)
  }
}
