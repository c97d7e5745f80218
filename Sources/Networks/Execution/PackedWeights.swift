import COneDNN
import CTransformer
import Checkpoints

/// The weights of an executor as its kernels read them.
///
/// Each kernel is packed once, with the batch normalisation after it multiplied in, and shared by the
/// programs for different numbers of examples.
final class PackedWeights {
  /// What a packed kernel is made from.
  private struct Source: Hashable {
    var kernel: Int
    var normalization: Int?
  }

  /// How a kernel lies once it is packed.
  private enum Packing: Equatable {
    /// As oneDNN wants it; `stored` describes how parameters have it.
    case described(stored: MemoryDescriptor, wanted: MemoryDescriptor)
    /// In tiles of columns, for ``VectorDenseStep``.
    case tiles(inputs: Int, outputs: Int)
  }

  private struct Kernel {
    var source: Source
    var packing: Packing
    var buffer: Buffer
  }

  private let graph: Graph
  private let engine: Engine
  private var tensors: [Tensor]
  private var kernels: [Kernel] = []
  private var biases: [(node: Int, normalization: Int?, buffer: Buffer)] = []
  private var copies: [Int: Buffer] = [:]
  private var preparations: [(program: Program, engine: Engine)] = []

  init(_ graph: Graph, _ tensors: [Tensor], engine: Engine) {
    self.graph = graph
    self.tensors = tensors
    self.engine = engine
  }

  /// Replaces all parameters, and packs what was packed again.
  func load(_ tensors: [Tensor]) throws(NetworkError) {
    self.tensors = tensors
    for kernel in kernels { try pack(kernel) }
    for bias in biases { fill(bias.buffer, node: bias.node, bias.normalization) }
    for (slot, buffer) in copies { buffer.fill(from: tensors[slot].values) }
    for (program, engine) in preparations {
      engine.enter()
      try program.run(on: engine.stream)
    }
  }

  /// Runs `program` on the threads of `engine` whenever there are new parameters.
  func whenLoaded(_ program: Program, on engine: Engine) {
    if !program.isEmpty { preparations.append((program, engine)) }
  }

  // MARK: What kernels read

  /// A parameter as it is stored.
  func copy(of slot: Int) -> Buffer {
    if let buffer = copies[slot] { return buffer }
    let buffer = Buffer(count: tensors[slot].values.count)
    buffer.fill(from: tensors[slot].values)
    copies[slot] = buffer
    return buffer
  }

  /// The kernel of `node` in the arrangement `wanted`; `stored` describes it as it is stored.
  func kernel(
    of node: Int, normalization: Int?, stored: MemoryDescriptor, wanted: MemoryDescriptor
  ) throws(NetworkError) -> Buffer {
    try kernel(
      of: node, normalization: normalization, .described(stored: stored, wanted: wanted),
      count: wanted.count)
  }

  /// The kernel of `node`, inputs × outputs, in tiles of columns.
  func tiles(
    of node: Int, normalization: Int?, inputs: Int, outputs: Int
  ) throws(NetworkError) -> Buffer {
    try kernel(
      of: node, normalization: normalization, .tiles(inputs: inputs, outputs: outputs),
      count: cdense_packed_count(inputs, outputs))
  }

  private func kernel(
    of node: Int, normalization: Int?, _ packing: Packing, count: Int
  ) throws(NetworkError) -> Buffer {
    let source = Source(kernel: graph.nodes[node].parameters[0], normalization: normalization)
    if let found = kernels.first(where: { $0.source == source && $0.packing == packing }) {
      return found.buffer
    }
    let kernel = Kernel(source: source, packing: packing, buffer: Buffer(count: count))
    try pack(kernel)
    kernels.append(kernel)
    return kernel.buffer
  }

  /// The bias of `node`, or the one that it gets from a normalisation.
  func bias(of node: Int, normalization: Int?) -> Buffer {
    if let found = biases.first(where: { $0.node == node && $0.normalization == normalization }) {
      return found.buffer
    }
    let buffer = Buffer(count: graph.nodes[node].shape.last ?? 1)
    fill(buffer, node: node, normalization)
    biases.append((node, normalization, buffer))
    return buffer
  }

  // MARK: Packing

  private func values(_ role: Role, of node: Int) -> [Float]? {
    graph.nodes[node].parameters.first { graph.parameters[$0].role == role }
      .map { tensors[$0].values }
  }

  /// gamma / √(variance + epsilon) for each channel.
  private func scales(_ normalization: Int) -> [Double] {
    guard case .batchNormalization(let operation) = graph.nodes[normalization].operation,
      let variances = values(.movingVariance, of: normalization)
    else { preconditionFailure("node \(normalization) is no batch normalization") }
    let gamma = values(.gamma, of: normalization)
    return variances.indices.map { channel in
      let deviation = (Double(variances[channel]) + Double(operation.epsilon)).squareRoot()
      return Double(gamma?[channel] ?? 1) / deviation
    }
  }

  private func pack(_ kernel: Kernel) throws(NetworkError) {
    var values = tensors[kernel.source.kernel].values
    if let normalization = kernel.source.normalization {
      // Outputs run fastest in every kernel as it is stored, depthwise ones included.
      let scales = scales(normalization)
      values.withUnsafeMutableBufferPointer { values in
        scales.withUnsafeBufferPointer { scales in
          for start in stride(from: 0, to: values.count, by: scales.count) {
            for channel in scales.indices {
              values[start + channel] = Float(Double(values[start + channel]) * scales[channel])
            }
          }
        }
      }
    }
    switch kernel.packing {
    case .tiles(let inputs, let outputs):
      cdense_pack(inputs, outputs, values, kernel.buffer.pointer)
    case .described(let stored, let wanted) where stored == wanted:
      kernel.buffer.fill(from: values)
    case .described(let stored, let wanted):
      let raw = Buffer(count: values.count)
      raw.fill(from: values)
      let layer = graph.parameters[kernel.source.kernel].layer
      // All threads, also where the kernel is for what one of them computes alone.
      try engine.within { () throws(NetworkError) in
        let program = Program()
        program.append(
          try Reorder.step(
            from: (stored, raw), to: (wanted, kernel.buffer), engine: engine, layer: layer))
        try program.finish()
        try program.run(on: engine.stream)
      }
    }
  }

  private func fill(_ buffer: Buffer, node: Int, _ normalization: Int?) {
    let own = graph.nodes[node].parameters.dropFirst().first.map { tensors[$0].values }
    guard let normalization else {
      if let own { buffer.fill(from: own) }
      return
    }
    let scales = scales(normalization)
    let mean = values(.movingMean, of: normalization) ?? []
    let beta = values(.beta, of: normalization)
    for channel in scales.indices {
      let centred = Double(own?[channel] ?? 0) - Double(mean[channel])
      buffer.pointer[channel] = Float(centred * scales[channel] + Double(beta?[channel] ?? 0))
    }
  }
}

/// Copies of arrays from one arrangement to another.
enum Reorder {
  /// The step that copies.
  static func step(
    from source: (MemoryDescriptor, Buffer), to destination: (MemoryDescriptor, Buffer),
    engine: Engine, layer: String
  ) throws(NetworkError) -> PrimitiveStep {
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "rearrange an array") { result in
      conednn_reorder(
        &result, engine.handle, attributes.handle, source.0.handle, destination.0.handle)
    }
    return try PrimitiveStep(
      descriptor, engine: engine,
      [(DNNL_ARG_FROM, source.0, source.1), (DNNL_ARG_TO, destination.0, destination.1)])
  }
}
