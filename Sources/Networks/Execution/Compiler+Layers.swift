import COneDNN

/// Dense layers and convolutions.
extension Compiler {
  func denseForward(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let shape = graph.parameters[node.parameters[0]].shape
    let source = try rows(inputShape(index), layer)
    let destination = try rows(node.shape, layer)
    // Training multiplies by the kernel as it is stored; inference packs it once.
    let kernel = try MemoryDescriptor(
      [shape[1], shape[0]], isTraining ? dnnl_ba : dnnl_format_tag_any, layer: layer)
    let bias = try biasDescriptor(index)
    let attributes = try Attributes(fused: fusedActivation(index), layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "multiply by the kernel") { result in
      withDescriptors(source, kernel, bias, destination) { source, kernel, bias, destination in
        conednn_dense_forward(
          &result, engine.handle, attributes.handle, kind, source, kernel, bias, destination)
      }
    }
    let stored = try MemoryDescriptor([shape[1], shape[0]], dnnl_ba, layer: layer)
    try appendWeighted(index, descriptor, source, stored, bias, destination)
  }

  func convolutionForward(_ index: Int, _ convolution: Convolution) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let source = try images(inputShape(index), layer)
    let destination = try images(node.shape, layer)
    let kernel = try kernelDescriptor(index, convolution, stored: false)
    let bias = try biasDescriptor(index)
    var window = try placed(index, convolution.window).forOneDNN
    let attributes = try Attributes(fused: fusedActivation(index), layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "convolve") { result in
      withDescriptors(source, kernel, bias, destination) { source, kernel, bias, destination in
        conednn_convolution_forward(
          &result, engine.handle, attributes.handle, kind, dnnl_convolution_direct, source, kernel,
          bias, destination, &window)
      }
    }
    let stored = try kernelDescriptor(index, convolution, stored: true)
    try appendWeighted(index, descriptor, source, stored, bias, destination)
  }

  /// Packs the kernel where oneDNN wants it otherwise than stored, then multiplies.
  private func appendWeighted(
    _ index: Int, _ descriptor: PrimitiveDescriptor, _ source: MemoryDescriptor,
    _ stored: MemoryDescriptor, _ bias: MemoryDescriptor?, _ destination: MemoryDescriptor
  ) throws(NetworkError) {
    let node = graph.nodes[index]
    descriptors[index] = descriptor
    var weights = (
      kernel: parameters[node.parameters[0]],
      bias: node.parameters.dropFirst().first.map { parameters[$0] }
    )
    if let normalization = fusion.tails[index]?.normalization {
      weights = fold(normalization, into: index)
    }
    var kernel = weights.kernel
    let wanted = try descriptor.kernel
    if wanted != stored {
      kernel = Buffer(count: wanted.count)
      preparation.append(try reorder((stored, weights.kernel), (wanted, kernel), node.name))
    }
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, source, input(index)), (DNNL_ARG_WEIGHTS, wanted, kernel),
      (DNNL_ARG_DST, destination, values[index]),
    ]
    if let bias, let buffer = weights.bias { bindings.append((DNNL_ARG_BIAS, bias, buffer)) }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }

  /// Adds the step that multiplies a normalisation into a layer's weights; returns the new weights.
  private func fold(_ normalization: Int, into index: Int) -> (kernel: Buffer, bias: Buffer?) {
    let node = graph.nodes[index]
    let channels = node.shape.last ?? 1
    let kernel = Buffer(count: graph.parameters[node.parameters[0]].count)
    let bias = Buffer(count: channels)
    preparation.append(
      FoldingStep(
        kernel: parameters[node.parameters[0]],
        bias: node.parameters.dropFirst().first.map { parameters[$0] },
        normalization: NormalizationParameters(graph, normalization, parameters),
        foldedKernel: kernel, foldedBias: bias))
    return (kernel, bias)
  }

  // MARK: Descriptions of weights

  /// Whether the layer ends up with a bias: its own, or one from a folded normalisation.
  func biasDescriptor(_ index: Int) throws(NetworkError) -> MemoryDescriptor? {
    let node = graph.nodes[index]
    guard node.parameters.count > 1 || fusion.tails[index]?.normalization != nil else { return nil }
    return try MemoryDescriptor([node.shape.last ?? 1], dnnl_a, layer: node.name)
  }

  /// A convolution's kernel as Keras stores it, or as oneDNN likes it.
  func kernelDescriptor(
    _ index: Int, _ convolution: Convolution, stored: Bool
  ) throws(NetworkError) -> MemoryDescriptor {
    let inputs = inputShape(index).last ?? 1
    let outputs = graph.nodes[index].shape.last ?? 1
    let kernel = [convolution.window.kernel.height, convolution.window.kernel.width]
    let groups = convolution.isDepthwise ? inputs : convolution.groups
    if groups == 1 {
      return try MemoryDescriptor(
        [outputs, inputs] + kernel, stored ? dnnl_hwio : dnnl_format_tag_any, layer: name(index))
    }
    return try MemoryDescriptor(
      [groups, outputs / groups, inputs / groups] + kernel,
      stored ? dnnl_hwigo : dnnl_format_tag_any, layer: name(index))
  }

  func placed(_ index: Int, _ window: Window) throws(NetworkError) -> PlacedWindow {
    try window.placed(on: Extent(positionsOf: inputShape(index)), layer: name(index))
  }

  private func fusedActivation(_ index: Int) -> Activation? {
    guard let node = fusion.tails[index]?.activation,
      case .activation(let activation) = graph.nodes[node].operation
    else { return nil }
    return activation
  }
}

extension PlacedWindow {
  /// The window in oneDNN's terms.
  var forOneDNN: conednn_window {
    func pair(_ extent: Extent, minus: Int = 0) -> (Int64, Int64) {
      (Int64(extent.height - minus), Int64(extent.width - minus))
    }
    return conednn_window(
      kernel: pair(window.kernel), strides: pair(window.strides),
      dilation: pair(window.dilation, minus: 1), padding_before: (Int64(top), Int64(left)),
      padding_after: (Int64(bottom), Int64(right)))
  }
}

/// Calls `body` with the handles of four descriptors, the third of which may be missing.
func withDescriptors<R>(
  _ a: MemoryDescriptor, _ b: MemoryDescriptor, _ c: MemoryDescriptor?, _ d: MemoryDescriptor,
  _ body: (OpaquePointer, OpaquePointer, OpaquePointer?, OpaquePointer) -> R
) -> R {
  withExtendedLifetime((a, b, c, d)) { body(a.handle, b.handle, c?.handle, d.handle) }
}
