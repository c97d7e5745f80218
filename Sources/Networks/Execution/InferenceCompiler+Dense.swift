import COneDNN

/// Dense layers.
extension InferenceCompiler {
  func dense(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let tail = tail(of: index)
    let shape = graph.parameters[node.parameters[0]].shape
    let rows = count * node.shape.dropLast().reduce(1, *)
    let input = node.inputs[0]
    let isProduct = node.shape.count > 1
    let source = try MemoryDescriptor([rows, shape[0]], dnnl_ab, type, layer: layer)
    // A sum that goes on through all blocks, as in transformers, keeps its digits.
    let sums = tail.parts.contains { if case .residual = $0 { true } else { false } }
    let written = sums && isProduct ? ElementType.float32 : type
    let target = try MemoryDescriptor([rows, shape[1]], dnnl_ab, written, layer: layer)
    // oneDNN's product takes the kernel as inputs × outputs, its layer as outputs × inputs.
    let extents = isProduct ? shape : [shape[1], shape[0]]
    let kernel = try MemoryDescriptor(extents, dnnl_format_tag_any, type, layer: layer)
    let stored = try MemoryDescriptor(extents, isProduct ? dnnl_ab : dnnl_ba, layer: layer)
    var bias: MemoryDescriptor?
    if try biasDescriptor(index, tail.normalization) != nil {
      bias =
        isProduct
        ? try MemoryDescriptor([1, shape[1]], dnnl_ab, layer: layer)
        : try MemoryDescriptor([shape[1]], dnnl_a, layer: layer)
    }
    let region = try plain(input, type)
    func make(_ attributes: Attributes) throws(NetworkError) -> [PrimitiveDescriptor] {
      let descriptor = try? PrimitiveDescriptor(layer: layer, "multiply by the kernel") { result in
        withDescriptors(source, kernel, bias, target) {
          isProduct
            ? conednn_product(&result, engine.handle, attributes.handle, $0, $1, $2, $3)
            : conednn_dense_forward(
              &result, engine.handle, attributes.handle, dnnl_forward_inference, $0, $1, $2, $3)
        }
      }
      return descriptor.map { [$0] } ?? []
    }
    let choice = try choose(
      index, tail, destination: { _ throws(NetworkError) in target }, make)
    try finish(
      index, tail, choice, source: (source, region), target: target, stored: stored, bias: bias,
      input, arrangement: .plain(written)
    ) { other, _ throws(NetworkError) in try self.plain(other, written) }
  }
}
