public import Checkpoints

/// Runs a network and records values at several places in one pass.
///
/// Batch normalisations (with their moving averages) are folded into the layer before them and
/// ReLUs applied as results are written, except where a recorded value lies between. Kernels are
/// packed once. Memory does not grow with the number of examples.
///
/// An executor is used by one thread at a time; several may run on threads of their own at the same
/// time, each with `threads: 1`.
public final class InferenceExecutor {
  /// The graph that is run.
  public let graph: Graph

  /// The places whose values are recorded.
  public let taps: [Tap]

  /// The most examples computed at a time.
  public let batchSize: Int

  private let engine: Engine
  private let parameters: [Buffer]
  private let needed: Set<Int>
  private let fusion: Fusion
  private let placement: ValuePlacement
  private var plans: [Int: (preparation: Program, program: Program)] = [:]

  /// Prepares to run `network`, whose parameters are copied.
  ///
  /// - Parameters:
  ///   - taps: The places to record, by default the output.
  ///   - batchSize: The most examples computed at a time; larger sets run in several batches.
  ///   - threads: How many threads oneDNN uses.
  /// - Throws: ``NetworkError`` when oneDNN cannot run an operation.
  public init(
    _ network: Network, taps: [Tap]? = nil, batchSize: Int = 64, threads: Int = 1
  ) throws(NetworkError) {
    let graph = network.graph
    precondition(batchSize >= 1, "a batch size of \(batchSize)")
    let taps = taps ?? [graph.outputTap]
    precondition(
      taps.allSatisfy { graph.nodes.indices ~= $0.node && graph.nodes[$0.node].shape == $0.shape },
      "a tap of another graph")
    let sizes = graph.nodes.map { batchSize.multipliedReportingOverflow(by: $0.size) }
    guard sizes.allSatisfy({ !$0.overflow && $0.partialValue <= Operation.limit }) else {
      throw NetworkError(reason: "a batch of \(batchSize) examples is too large")
    }
    self.graph = graph
    self.taps = taps
    self.batchSize = batchSize
    let kept = Set(taps.map(\.node))
    needed = graph.ancestors(of: kept)
    fusion = Fusion(graph, kept: kept, isInference: true)
    placement = ValuePlacement(
      graph, capacity: batchSize, kept: kept, needed: needed.union([0]), fusion: fusion,
      reuses: true, dropsOut: false)
    parameters = Buffer.consecutive(graph.parameters.map(\.count))
    engine = try Engine(threads: threads)
    for (buffer, tensor) in zip(parameters, network.parameters) { buffer.fill(from: tensor.values) }
  }

  /// Replaces all parameters.
  ///
  /// - Precondition: shapes are those of the slots.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  public func load(_ tensors: [Tensor]) throws(NetworkError) {
    precondition(
      tensors.map(\.shape) == graph.parameters.map(\.shape), "the parameters' shapes differ")
    for (buffer, tensor) in zip(parameters, tensors) { buffer.fill(from: tensor.values) }
    engine.enter()
    for plan in plans.values { try plan.preparation.run(on: engine.stream) }
  }

  /// The values at each tap for all examples in `inputs`, example by example.
  ///
  /// - Precondition: `inputs` holds whole examples.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  public func run(_ inputs: [Float]) throws(NetworkError) -> [[Float]] {
    let size = graph.nodes[0].size
    precondition(
      inputs.count.isMultiple(of: size),
      "\(inputs.count) numbers are no whole number of examples of \(graph.inputShape)")
    let count = inputs.count / size
    var results = taps.map { [Float](repeating: 0, count: count * $0.size) }
    for first in stride(from: 0, to: count, by: batchSize) {
      let batch = min(batchSize, count - first)
      try inputs.withUnsafeBufferPointer { inputs throws(NetworkError) in
        try run(UnsafeBufferPointer(rebasing: inputs[first * size..<(first + batch) * size]))
      }
      for (position, tap) in taps.enumerated() {
        let source = values(at: position, count: batch)
        results[position].withUnsafeMutableBufferPointer { result in
          for index in source.indices { result[first * tap.size + index] = source[index] }
        }
      }
    }
    return results
  }

  /// Computes one batch and hands the values at each tap, in the order of ``taps``, to `body`.
  ///
  /// The pointers are valid during the call of `body`.
  ///
  /// - Precondition: `inputs` holds whole examples, at most ``batchSize`` of them.
  /// - Throws: ``NetworkError`` when oneDNN fails, or what `body` throws.
  public func run<R>(
    _ inputs: UnsafeBufferPointer<Float>, _ body: ([UnsafeBufferPointer<Float>]) throws -> R
  ) throws -> R {
    try run(inputs)
    let count = inputs.count / graph.nodes[0].size
    return try body(taps.indices.map { values(at: $0, count: count) })
  }

  private func values(at position: Int, count: Int) -> UnsafeBufferPointer<Float> {
    let tap = taps[position]
    return UnsafeBufferPointer(
      start: placement.buffers[tap.node].pointer, count: count * tap.size)
  }

  private func run(_ inputs: UnsafeBufferPointer<Float>) throws(NetworkError) {
    let size = graph.nodes[0].size
    let count = inputs.count / size
    precondition(
      inputs.count == count * size && 1...batchSize ~= count,
      "\(inputs.count) numbers where 1 to \(batchSize) examples of \(graph.inputShape) can be run")
    let program = try program(count)
    placement.buffers[0].fill(from: inputs)
    engine.enter()
    try program.run(on: engine.stream)
  }

  private func program(_ count: Int) throws(NetworkError) -> Program {
    if let plan = plans[count] { return plan.program }
    engine.enter()
    let compiler = Compiler(
      graph, engine: engine, count: count, values: placement.buffers, parameters: parameters,
      fusion: fusion, isTraining: false, usesBatchStatistics: false, dropsOut: false)
    try compiler.compileForward(needed: needed)
    try compiler.preparation.finish()
    try compiler.program.finish()
    try compiler.preparation.run(on: engine.stream)
    plans[count] = (compiler.preparation, compiler.program)
    return compiler.program
  }
}
