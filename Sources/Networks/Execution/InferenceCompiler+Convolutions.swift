import COneDNN

/// Convolutions over images.
extension InferenceCompiler {
  func convolution(_ index: Int, _ convolution: Convolution) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let tail = tail(of: index)
    if isLongSum(index, convolution) {
      return try denseByVectors(index, tail, inBlocks: isLargerThanAPixel(index))
    }
    // A border before it may have become the convolution's own padding.
    var window = convolution.window
    var input = node.inputs[0]
    if let border = borders[input] {
      window.padding = .explicit(
        top: border.top, bottom: border.bottom, left: border.left, right: border.right)
      input = graph.nodes[input].inputs[0]
    }
    let image = graph.nodes[input].shape
    var placed = try window.placed(on: Extent(image[0], image[1]), layer: layer).forOneDNN
    let (sources, targets) = (extents(input), extents(index))
    // Kernels for bfloat16 multiply channels in pairs: with a few channels and large windows they are
    // slower than those for Float32.
    let fewChannels = image[2] <= 4
    let isLarge = window.kernel.height * window.kernel.width >= 25
    let type = fewChannels && isLarge ? ElementType.float32 : self.type
    let kernel = try kernelDescriptor(index, convolution, type, stored: false)
    let bias = try biasDescriptor(index, tail.normalization)
    // A few channels are not worth a block.
    let source =
      fewChannels
      ? try MemoryDescriptor(sources, dnnl_nchw, type, layer: layer)
      : try blocked(sources, type, layer)
    let blocks = (source, try blocked(targets, type, layer))
    let free = (
      try MemoryDescriptor(sources, dnnl_format_tag_any, type, layer: layer),
      try MemoryDescriptor(targets, dnnl_format_tag_any, type, layer: layer)
    )
    let rows = (
      try MemoryDescriptor(sources, dnnl_nhwc, type, layer: layer),
      try MemoryDescriptor(targets, dnnl_nhwc, type, layer: layer)
    )
    var candidates = [blocks, free, rows].map { (dnnl_convolution_direct, $0.0, $0.1) }
    if usesWinograd(index, convolution) {
      candidates.insert((dnnl_convolution_winograd, blocks.0, blocks.1), at: 0)
    }

    func make(_ attributes: Attributes) throws(NetworkError) -> [PrimitiveDescriptor] {
      var made: [PrimitiveDescriptor] = []
      for (algorithm, source, target) in candidates {
        let descriptor = try? PrimitiveDescriptor(layer: layer, "convolve") { result in
          withDescriptors(source, kernel, bias, target) {
            conednn_convolution_forward(
              &result, engine.handle, attributes.handle, dnnl_forward_inference,
              algorithm, $0, $1, $2, $3, &placed)
          }
        }
        guard let descriptor else { continue }
        made.append(descriptor)
        if !descriptor.isReference { break }
      }
      return made
    }
    let choice = try choose(
      index, tail, destination: { descriptor throws(NetworkError) in try descriptor.destination },
      make)
    let given = try choice.descriptor.source
    let region = try self.image(input, given)
    let target = try choice.descriptor.destination
    let stored = try kernelDescriptor(index, convolution, type, stored: true)
    try finish(
      index, tail, choice, source: (given, region), target: target,
      stored: stored, bias: bias, node.inputs[0], arrangement: try arrangement(target, of: index)
    ) { other, wanted throws(NetworkError) in try self.image(other, wanted) }
  }

  /// Whether a convolution by windows of 1 × 1 adds up so many channels that, where every digit counts,
  /// our own kernels compute it, in sums of a few.
  private func isLongSum(_ index: Int, _ convolution: Convolution) -> Bool {
    let (inputs, outputs) = (inputShape(index).last ?? 0, convolution.filters)
    let window = convolution.window
    let wholeBlocks = [inputs, outputs].allSatisfy { $0.isMultiple(of: VectorDenseStep.block) }
    return isExact && type == .float32 && VectorDenseStep.isAvailable
      && conednn_channel_block() == VectorDenseStep.block && inputs > 256
      && (wholeBlocks || !isLargerThanAPixel(index))
      && window.kernel == Extent(1) && window.strides == Extent(1) && convolution.groups == 1
      && !convolution.isDepthwise
      && inputShape(index) == graph.nodes[index].shape.dropLast() + [inputs]
      && borders[graph.nodes[index].inputs[0]] == nil
  }

  /// Whether the value is an image of more than one position; one alone lies like a row.
  private func isLargerThanAPixel(_ index: Int) -> Bool {
    graph.nodes[index].shape.dropLast() != [1, 1]
  }

  /// Winograd's algorithm takes 2.25 to 4 times fewer products, at the price of some digits: for
  /// convolutions of 3 × 3 that move by one, with at least 64 channels on both sides, in Float32.
  private func usesWinograd(_ index: Int, _ convolution: Convolution) -> Bool {
    let window = convolution.window
    return !isExact && type == .float32 && window.kernel == Extent(3)
      && window.strides == Extent(1) && window.dilation == Extent(1) && convolution.groups == 1
      && !convolution.isDepthwise && (inputShape(index).last ?? 0) >= 64
      && convolution.filters >= 64
  }

  /// A convolution's kernel as it is stored, or as oneDNN likes it.
  private func kernelDescriptor(
    _ index: Int, _ convolution: Convolution, _ type: ElementType, stored: Bool
  ) throws(NetworkError) -> MemoryDescriptor {
    let inputs = inputShape(index).last ?? 1
    let outputs = graph.nodes[index].shape.last ?? 1
    let kernel = [convolution.window.kernel.height, convolution.window.kernel.width]
    let groups = convolution.isDepthwise ? inputs : convolution.groups
    let layer = name(index)
    if groups == 1 {
      return stored
        ? try MemoryDescriptor([outputs, inputs] + kernel, dnnl_hwio, layer: layer)
        : try MemoryDescriptor([outputs, inputs] + kernel, dnnl_format_tag_any, type, layer: layer)
    }
    let extents = [groups, outputs / groups, inputs / groups] + kernel
    guard stored else {
      return try MemoryDescriptor(extents, dnnl_format_tag_any, type, layer: layer)
    }
    return try MemoryDescriptor(extents, dnnl_hwigo, layer: layer)
  }
}
