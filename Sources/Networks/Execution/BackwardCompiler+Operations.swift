import COneDNN

/// Gradients of softmax and pooling.
extension BackwardCompiler {
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
}
