import COneDNN

/// Dense layers.
extension InferenceCompiler {
  func dense(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let tail = tail(of: index)
    let hasBias = try biasDescriptor(index, tail.normalization) != nil
    // A sum that goes on through all blocks, as in transformers, keeps its digits.
    let sums = tail.parts.contains { if case .residual = $0 { true } else { false } }
    let written = sums && node.shape.count > 1 ? ElementType.float32 : type
    let convolution = try asConvolution(index, tail, hasBias)
    let (arrays, choice) =
      if let convolution { convolution } else {
        try asProduct(index, tail, hasBias, written)
      }
    let input = node.inputs[0]
    try finish(
      index, tail, choice, source: (arrays.source, try plain(input, type)), target: arrays.target,
      stored: arrays.stored, bias: arrays.bias, input, arrangement: .plain(written)
    ) { other, _ throws(NetworkError) in try self.plain(other, written) }
  }

  private func asProduct(
    _ index: Int, _ tail: Tail, _ hasBias: Bool, _ written: ElementType
  ) throws(NetworkError) -> (DenseArrays, Choice) {
    let node = graph.nodes[index]
    let arrays = try DenseArrays(
      count * node.shape.dropLast().reduce(1, *), kernel(of: index), hasBias,
      isProduct: node.shape.count > 1, type, written, layer: node.name)
    return (arrays, try choice(of: arrays, index, tail))
  }

  /// For many rows an example, where oneDNN has kernels for convolutions with AVX-512 that go over
  /// them in larger pieces than its products do, and do as much at once.
  private func asConvolution(
    _ index: Int, _ tail: Tail, _ hasBias: Bool
  ) throws(NetworkError) -> (DenseArrays, Choice)? {
    let node = graph.nodes[index]
    guard node.shape.count > 1, type == .float32, conednn_channel_block() == 16 else { return nil }
    let arrays = try DenseArrays(
      asConvolutionOf: count, node.shape.dropLast().reduce(1, *), kernel(of: index), hasBias,
      layer: node.name)
    guard let choice = try? choice(of: arrays, index, tail), choice.parts == tail.parts.count,
      choice.descriptor.implementation.hasPrefix("brgconv_1x1:avx")
    else { return nil }
    return (arrays, choice)
  }

  private func choice(
    of arrays: DenseArrays, _ index: Int, _ tail: Tail
  ) throws(NetworkError) -> Choice {
    try choose(
      index, tail, destination: { _ throws(NetworkError) in arrays.target },
      { attributes throws(NetworkError) in
        try made(arrays, attributes, layer: name(index))
      })
  }

  /// The extents of the kernel, inputs × outputs.
  private func kernel(of index: Int) -> [Int] {
    graph.parameters[graph.nodes[index].parameters[0]].shape
  }

  private func made(
    _ arrays: DenseArrays, _ attributes: Attributes, layer: String
  ) throws(NetworkError) -> [PrimitiveDescriptor] {
    var window = conednn_window(
      kernel: (1, 1), strides: (1, 1), dilation: (0, 0), padding_before: (0, 0),
      padding_after: (0, 0))
    let descriptor = try? PrimitiveDescriptor(layer: layer, "multiply by the kernel") { result in
      withDescriptors(arrays.source, arrays.kernel, arrays.bias, arrays.target) {
        switch arrays.way {
        case .product:
          conednn_product(&result, engine.handle, attributes.handle, $0, $1, $2, $3)
        case .layer:
          conednn_dense_forward(
            &result, engine.handle, attributes.handle, dnnl_forward_inference, $0, $1, $2, $3)
        case .convolution:
          conednn_convolution_forward(
            &result, engine.handle, attributes.handle, dnnl_forward_inference,
            dnnl_convolution_direct, $0, $1, $2, $3, &window)
        }
      }
    }
    return descriptor.map { [$0] } ?? []
  }
}

/// How the arrays of a dense layer are described to oneDNN; they lie in memory all the same.
private struct DenseArrays {
  /// What oneDNN is asked for.
  enum Way {
    /// Its product of matrices, for many rows an example.
    case product
    /// Its dense layer, for one.
    case layer
    /// Its convolution with windows of one place, over rows as places of images.
    case convolution
  }

  let way: Way
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
    way = isProduct ? .product : .layer
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

  init(
    asConvolutionOf examples: Int, _ rows: Int, _ shape: [Int], _ hasBias: Bool, layer: String
  ) throws(NetworkError) {
    way = .convolution
    source = try MemoryDescriptor([examples, shape[0], rows, 1], dnnl_acdb, layer: layer)
    target = try MemoryDescriptor([examples, shape[1], rows, 1], dnnl_acdb, layer: layer)
    let extents = [shape[1], shape[0], 1, 1]
    kernel = try MemoryDescriptor(extents, dnnl_format_tag_any, layer: layer)
    stored = try MemoryDescriptor(extents, strides: [1, shape[1], 1, 1], layer: layer)
    bias = hasBias ? try MemoryDescriptor([shape[1]], dnnl_a, layer: layer) : nil
  }
}
