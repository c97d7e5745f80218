import COneDNN
import Checkpoints

/// Gradients of operations without kernels.
extension BackwardCompiler {
  func activationBackward(
    _ index: Int, _ activation: Activation, _ gradient: Buffer
  ) throws(NetworkError) {
    let layer = forward.name(index)
    let engine = forward.engine
    let data = try forward.flat(forward.graph.nodes[index].shape, layer)
    let attributes = try Attributes(layer: layer)
    guard let function = activation.function else {
      throw NetworkError(
        layer: layer, reason: "training through the activation \(activation) is not supported")
    }
    // A fused activation has no descriptor of its own yet.
    let hint = try PrimitiveDescriptor(layer: layer, "apply \(activation)") { result in
      conednn_elementwise_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_training, function.algorithm,
        data.handle,
        function.alpha, function.beta)
    }
    let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate \(activation)") {
      result in
      conednn_elementwise_backward(
        &result, engine.handle, attributes.handle, activation.backwardAlgorithm, data.handle,
        function.alpha, function.beta, hint.handle)
    }
    let value: (argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer) =
      function.fromOutput
      ? (DNNL_ARG_DST, data, forward.values[index]) : (DNNL_ARG_SRC, data, forward.input(index))
    program.append(
      try PrimitiveStep(
        descriptor, engine: engine,
        [
          value, (DNNL_ARG_DIFF_DST, data, gradient),
          (DNNL_ARG_DIFF_SRC, data, inputGradient(index)),
        ]))
  }

  func softmaxBackward(_ index: Int, _ gradient: Buffer) throws(NetworkError) {
    let layer = forward.name(index)
    let engine = forward.engine
    guard let hint = forward.descriptors[index] else { return }
    let data = try forward.rows(forward.graph.nodes[index].shape, layer)
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate a softmax") { result in
      conednn_softmax_backward(
        &result, engine.handle, attributes.handle, data.handle, 1, hint.handle)
    }
    program.append(
      try PrimitiveStep(
        descriptor, engine: engine,
        [
          (DNNL_ARG_DST, data, forward.values[index]), (DNNL_ARG_DIFF_DST, data, gradient),
          (DNNL_ARG_DIFF_SRC, data, inputGradient(index)),
        ]))
  }

  func poolingBackward(
    _ index: Int, _ algorithm: dnnl_alg_kind_t, _ window: Window, _ gradient: Buffer
  ) throws(NetworkError) {
    let layer = forward.name(index)
    let engine = forward.engine
    guard let hint = forward.descriptors[index] else { return }
    let source = try forward.images(forward.inputShape(index), layer)
    let destination = try forward.pooledImages(index)
    var placed = try forward.placed(index, window).forOneDNN
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate a pooling") { result in
      withDescriptors(source, source, nil, destination) { source, _, _, destination in
        conednn_pooling_backward(
          &result, engine.handle, attributes.handle, algorithm, source, destination, &placed,
          hint.handle)
      }
    }
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_DIFF_DST, destination, gradient),
      (DNNL_ARG_DIFF_SRC, source, inputGradient(index)),
    ]
    if let workspace = forward.workspaces[index] {
      bindings.append((DNNL_ARG_WORKSPACE, workspace.descriptor, workspace.buffer))
    }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }

  func normalizationBackward(
    _ index: Int, _ normalization: BatchNormalization, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let engine = forward.engine
    guard let hint = forward.descriptors[index], let statistics = forward.statistics[index] else {
      return
    }
    let data = try forward.images(node.shape, node.name)
    let attributes = try Attributes(layer: node.name)
    let flags = conednn_normalization_flags(
      forward.usesBatchStatistics ? 0 : 1, normalization.hasScale ? 1 : 0,
      normalization.hasShift ? 1 : 0)
    let kind =
      normalization.hasScale || normalization.hasShift ? dnnl_backward : dnnl_backward_data
    let descriptor = try PrimitiveDescriptor(layer: node.name, "differentiate") { result in
      conednn_normalization_backward(
        &result, engine.handle, attributes.handle, kind, data.handle, normalization.epsilon, flags,
        hint.handle)
    }
    let perChannel = try MemoryDescriptor([statistics.mean.count], dnnl_a, layer: node.name)
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, data, forward.input(index)), (DNNL_ARG_DIFF_DST, data, gradient),
      (DNNL_ARG_MEAN, perChannel, statistics.mean),
      (DNNL_ARG_VARIANCE, perChannel, statistics.variance),
      (DNNL_ARG_DIFF_SRC, data, inputGradient(index)),
    ]
    for slot in node.parameters {
      switch forward.graph.parameters[slot].role {
      case .gamma:
        bindings.append((DNNL_ARG_SCALE, perChannel, forward.parameters[slot]))
        bindings.append((DNNL_ARG_DIFF_SCALE, perChannel, gradientMemory(slot: slot)))
      case .beta:
        if conednn_gradient_reads_shift() != 0 {
          bindings.append((DNNL_ARG_SHIFT, perChannel, forward.parameters[slot]))
        }
        bindings.append((DNNL_ARG_DIFF_SHIFT, perChannel, gradientMemory(slot: slot)))
      default: break
      }
    }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }
}
