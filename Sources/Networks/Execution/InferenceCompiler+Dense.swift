import COneDNN

/// Dense layers.
extension InferenceCompiler {
  func dense(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let tail = tail(of: index)
    if type == .float32, VectorDenseStep.isAvailable {
      return try denseByVectors(index, tail, inBlocks: false)
    }
    let hasBias = try biasDescriptor(index, tail.normalization) != nil
    // A sum that goes on through all blocks, as in transformers, keeps its digits.
    let sums = tail.parts.contains { if case .residual = $0 { true } else { false } }
    let written = sums && node.shape.count > 1 ? ElementType.float32 : type
    let arrays = try DenseArrays(
      count * node.shape.dropLast().reduce(1, *), kernel(of: index), hasBias,
      isProduct: node.shape.count > 1, type, written, layer: node.name)
    let choice = try choose(
      index, tail, destination: { _ throws(NetworkError) in arrays.target },
      { attributes throws(NetworkError) in try made(arrays, attributes, layer: node.name) })
    let input = node.inputs[0]
    try finish(
      index, tail, choice, source: (arrays.source, try plain(input, type)), target: arrays.target,
      stored: arrays.stored, bias: arrays.bias, input, arrangement: .plain(written)
    ) { other, _ throws(NetworkError) in try self.plain(other, written) }
  }

  /// By kernels of our own, which give an example the same bits among any others, on any number of
  /// threads: oneDNN shares out the inputs too where weights are many and examples few.
  ///
  /// With `inBlocks`, the node is a convolution by windows of 1 × 1, from images in blocks of channels to
  /// such images.
  func denseByVectors(_ index: Int, _ tail: Tail, inBlocks: Bool) throws(NetworkError) {
    let node = graph.nodes[index]
    let ending = VectorDenseStep.Ending(tail.parts)
    let (inputs, outputs) = (kernel(of: index)[0], kernel(of: index)[1])
    let positions = node.size / outputs
    let shape = VectorDenseStep.Shape(
      rows: count * positions, inputs: inputs, outputs: outputs, function: ending.function,
      positions: inBlocks ? positions : nil, sum: isExact ? 256 : 1024)
    let target =
      inBlocks
      ? try blocked(extents(index), .float32, node.name)
      : try MemoryDescriptor([count * node.size], dnnl_a, layer: node.name)
    func region(of node: Int) throws(NetworkError) -> Int {
      guard inBlocks else { return try plain(node) }
      return try image(node, blocked(extents(node), .float32, name(node)))
    }
    let input = node.inputs[0]
    let source = try region(of: input)
    let residual = try ending.residual.map(region)
    let isInPlace = ending.residual.map { isLastUse($0) && !reads(index, $0) } ?? false
    let output =
      if let residual, isInPlace { residual } else {
        self.region(target)
      }
    let tiles = try weights.tiles(
      of: index, normalization: tail.normalization, inputs: inputs, outputs: outputs)
    let bias = try biasDescriptor(index, tail.normalization).map { _ in
      weights.bias(of: index, normalization: tail.normalization)
    }
    plan([source, output] + (residual.map { [$0] } ?? [])) { [engine] memory in
      VectorDenseStep(
        shape, source: memory(source), weights: tiles, bias: bias,
        residual: residual.map(memory), target: memory(output), engine: engine)
    }
    consume([input])
    if let other = ending.residual {
      consume([other])
      if isInPlace { forget(other) }
    }
    define(
      index, Form(arrangement: inBlocks ? .image(target) : .plain(.float32), region: output),
      absorbing: tail.absorbed(ending.parts))
  }

  /// The extents of the kernel, inputs × outputs; before them a convolution's window has its own.
  private func kernel(of index: Int) -> [Int] {
    graph.parameters[graph.nodes[index].parameters[0]].shape.suffix(2)
  }

  private func made(
    _ arrays: DenseArrays, _ attributes: Attributes, layer: String
  ) throws(NetworkError) -> [PrimitiveDescriptor] {
    let descriptor = try? PrimitiveDescriptor(layer: layer, "multiply by the kernel") { result in
      withDescriptors(arrays.source, arrays.kernel, arrays.bias, arrays.target) {
        arrays.isProduct
          ? conednn_product(&result, engine.handle, attributes.handle, $0, $1, $2, $3)
          : conednn_dense_forward(
            &result, engine.handle, attributes.handle, dnnl_forward_inference, $0, $1, $2, $3)
      }
    }
    return descriptor.map { [$0] } ?? []
  }
}

/// How the arrays of a dense layer are described to oneDNN; they lie in memory all the same.
private struct DenseArrays {
  /// Whether oneDNN is asked for a product of matrices, for many rows an example, and not for a dense
  /// layer.
  let isProduct: Bool
  let source: MemoryDescriptor
  /// In whatever arrangement oneDNN wants.
  let kernel: MemoryDescriptor
  /// As parameters have it: inputs × outputs.
  let stored: MemoryDescriptor
  let bias: MemoryDescriptor?
  let target: MemoryDescriptor

  init(
    _ rows: Int, _ shape: [Int], _ hasBias: Bool, isProduct: Bool, _ type: ElementType,
    _ written: ElementType, layer: String
  ) throws(NetworkError) {
    self.isProduct = isProduct
    source = try MemoryDescriptor([rows, shape[0]], dnnl_ab, type, layer: layer)
    target = try MemoryDescriptor([rows, shape[1]], dnnl_ab, written, layer: layer)
    // oneDNN's product takes the kernel as inputs × outputs, its layer as outputs × inputs.
    let extents = isProduct ? shape : [shape[1], shape[0]]
    kernel = try MemoryDescriptor(extents, dnnl_format_tag_any, type, layer: layer)
    stored = try MemoryDescriptor(extents, isProduct ? dnnl_ab : dnnl_ba, layer: layer)
    bias =
      hasBias
      ? try isProduct
        ? MemoryDescriptor([1, shape[1]], dnnl_ab, layer: layer)
        : MemoryDescriptor([shape[1]], dnnl_a, layer: layer) : nil
  }
}
