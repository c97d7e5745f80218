import COneDNN

/// Gradients of dense layers and convolutions, by their inputs and by their weights.
extension BackwardCompiler {
  func denseBackward(_ index: Int, _ gradient: Buffer) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    guard let hint = forward.descriptors[index] else { return }
    let engine = forward.engine
    let shape = forward.graph.parameters[node.parameters[0]].shape
    let source = try forward.rows(forward.inputShape(index), layer)
    let destination = try forward.rows(node.shape, layer)
    let kernel = try MemoryDescriptor([shape[1], shape[0]], dnnl_ba, layer: layer)
    let bias = try forward.biasDescriptor(index)
    let attributes = try Attributes(layer: layer)
    if isTrained(index) {
      let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate by weights") { result in
        withDescriptors(source, kernel, bias, destination) { source, kernel, bias, destination in
          conednn_dense_backward_weights(
            &result, engine.handle, attributes.handle, source, kernel, bias, destination,
            hint.handle)
        }
      }
      try appendWeights(index, descriptor, source, kernel, bias, destination, gradient)
    }
    if needsInput(index) {
      let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate by inputs") { result in
        withDescriptors(source, kernel, nil, destination) { source, kernel, _, destination in
          conednn_dense_backward_data(
            &result, engine.handle, attributes.handle, source, kernel, destination, hint.handle)
        }
      }
      try appendData(index, descriptor, source, kernel, destination, gradient)
    }
  }

  func convolutionBackward(
    _ index: Int, _ convolution: Convolution, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    guard let hint = forward.descriptors[index] else { return }
    let engine = forward.engine
    let source = try forward.images(forward.inputShape(index), layer)
    let destination = try forward.images(node.shape, layer)
    let kernel = try forward.kernelDescriptor(index, convolution, stored: false)
    let stored = try forward.kernelDescriptor(index, convolution, stored: true)
    let bias = try forward.biasDescriptor(index)
    var window = try forward.placed(index, convolution.window).forOneDNN
    let attributes = try Attributes(layer: layer)
    if isTrained(index) {
      let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate by weights") { result in
        withDescriptors(source, kernel, bias, destination) { source, kernel, bias, destination in
          conednn_convolution_backward_weights(
            &result, engine.handle, attributes.handle, source, kernel, bias, destination, &window,
            hint.handle)
        }
      }
      try appendWeights(index, descriptor, source, stored, bias, destination, gradient)
    }
    if needsInput(index) {
      let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate by inputs") { result in
        withDescriptors(source, kernel, nil, destination) { source, kernel, _, destination in
          conednn_convolution_backward_data(
            &result, engine.handle, attributes.handle, source, kernel, destination, &window,
            hint.handle)
        }
      }
      try appendData(index, descriptor, source, stored, destination, gradient)
    }
  }

  private func appendWeights(
    _ index: Int, _ descriptor: PrimitiveDescriptor, _ source: MemoryDescriptor,
    _ stored: MemoryDescriptor, _ bias: MemoryDescriptor?, _ destination: MemoryDescriptor,
    _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let result = gradientMemory(index, node.parameters[0])
    let given = try descriptor.kernelGradient
    let packed = given == stored ? result : Buffer(count: given.count)
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, source, forward.input(index)), (DNNL_ARG_DIFF_DST, destination, gradient),
      (DNNL_ARG_DIFF_WEIGHTS, given, packed),
    ]
    if let bias {
      bindings.append((DNNL_ARG_DIFF_BIAS, bias, gradientMemory(index, node.parameters[1])))
    }
    program.append(try PrimitiveStep(descriptor, engine: forward.engine, bindings))
    if given != stored {
      program.append(try forward.reorder((given, packed), (stored, result), node.name))
    }
  }

  private func appendData(
    _ index: Int, _ descriptor: PrimitiveDescriptor, _ source: MemoryDescriptor,
    _ stored: MemoryDescriptor, _ destination: MemoryDescriptor, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    var kernel = forward.parameters[node.parameters[0]]
    let wanted = try descriptor.kernel
    if wanted != stored {
      let packed = Buffer(count: wanted.count)
      program.append(try forward.reorder((stored, kernel), (wanted, packed), node.name))
      kernel = packed
    }
    program.append(
      try PrimitiveStep(
        descriptor, engine: forward.engine,
        [
          (DNNL_ARG_DIFF_DST, destination, gradient), (DNNL_ARG_WEIGHTS, wanted, kernel),
          (DNNL_ARG_DIFF_SRC, source, inputGradient(index)),
        ]))
  }
}
