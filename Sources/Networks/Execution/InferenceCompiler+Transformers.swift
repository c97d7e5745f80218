import COneDNN
import Checkpoints

/// What transformers are made of beside dense layers.
extension InferenceCompiler {
  func normalize(_ index: Int, _ normalization: LayerNormalization) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let width = node.shape.last ?? 1
    let type = writtenType(node.inputs[0])
    let data = try MemoryDescriptor(
      [count * node.size / width, width], dnnl_ab, type, layer: layer)
    let input = node.inputs[0]
    let source = try plain(input, type)
    let flags = conednn_normalization_flags(
      0, normalization.hasScale ? 1 : 0, normalization.hasShift ? 1 : 0)
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "normalize rows") { result in
      conednn_row_normalization_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_inference, data.handle,
        normalization.epsilon, flags)
    }
    let perColumn = try MemoryDescriptor([width], dnnl_a, layer: layer)
    var parameters: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = []
    for slot in node.parameters {
      let argument = graph.parameters[slot].role == .gamma ? DNNL_ARG_SCALE : DNNL_ARG_SHIFT
      parameters.append((argument, perColumn, weights.copy(of: slot)))
    }
    let output = region(data)
    plan([source, output]) { [engine, parameters] memory throws(NetworkError) in
      try PrimitiveStep(
        descriptor, engine: engine,
        [
          (DNNL_ARG_SRC, data, memory(source)), (DNNL_ARG_DST, data, memory(output)),
        ] + parameters)
    }
    consume([input])
    define(index, Form(arrangement: .plain(type), region: output))
  }

  func attend(_ index: Int, _ attention: Attention) throws(NetworkError) {
    let node = graph.nodes[index]
    let shapes = node.inputs.map { graph.nodes[$0].shape }
    let isPacked = node.inputs.count == 1
    let width = isPacked ? shapes[0][1] / 3 : shapes[0][1]
    let valueWidth = isPacked ? width : shapes[2][1]
    let keys = isPacked ? shapes[0][0] : shapes[1][0]
    let operands = isPacked ? [0, 0, 0] : [0, 1, 2]
    let starts = isPacked ? [0, width, 2 * width] : [0, 0, 0]
    var regions: [Int] = []
    for input in node.inputs { regions.append(try plain(input, type)) }
    let output = try region(
      MemoryDescriptor([count * node.size], dnnl_a, type, layer: node.name))
    let shape = AttentionStep.Shape(
      examples: count, heads: attention.heads, rows: node.shape[0], keys: keys,
      width: width / attention.heads, valueWidth: valueWidth / attention.heads,
      scale: attention.scale ?? 1 / Float(width / attention.heads).squareRoot(), type: type)
    func operand(_ position: Int, _ memory: Memory) -> AttentionStep.Operand {
      let (which, start) = (operands[position], starts[position])
      return AttentionStep.Operand(
        buffer: memory(regions[which]), start: start, rowStride: shapes[which][1],
        exampleStride: shapes[which].reduce(1, *))
    }
    plan(regions + [output]) { [engine] memory throws(NetworkError) in
      let (queries, keys, values) = (
        operand(0, memory), operand(1, memory), operand(2, memory)
      )
      let result = AttentionStep.Operand(
        buffer: memory(output), start: 0, rowStride: valueWidth, exampleStride: node.size)
      return VectorAttentionStep.isAvailable(for: shape)
        ? VectorAttentionStep(
          shape, queries: queries, keys: keys, values: values, result: result, engine: engine)
        : try AttentionStep(
          shape, queries: queries, keys: keys, values: values, result: result, engine: engine,
          layer: node.name)
    }
    consume(node.inputs)
    define(index, Form(arrangement: .plain(type), region: output))
  }
}
