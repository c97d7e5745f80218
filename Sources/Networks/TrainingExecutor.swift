import COneDNN
public import Checkpoints
public import Randomness

/// Runs a graph forward and backward for training, up to its logits.
///
/// Parameters and gradients live in memory that never moves, which an optimizer changes in place.
/// Everything else (kernels, memory, argument lists) is made once for each number of examples and
/// used again. The same inputs give the same bits on every run with the same number of threads.
///
/// An executor is used by one thread at a time; several may run on threads of their own at the same
/// time, each with `threads: 1`, and give the same bits as one alone.
public final class TrainingExecutor {
  /// Which statistics a batch normalisation uses.
  public enum Mode: Hashable, Sendable {
    /// Those of the batch; the moving averages follow them.
    case train
    /// The moving averages, which stay.
    case evaluate
  }

  private struct PlanKey: Hashable {
    var count: Int
    var mode: Mode
    var dropsOut: Bool
  }

  private struct Plan {
    var forward: Program
    var backward: Program
    var masks: [(mask: Buffer, rate: Float)]
    var logits: Buffer
  }

  /// The graph that is run.
  public let graph: Graph

  /// The most examples in one run.
  public let capacity: Int

  /// Which slots get gradients.
  public let isTrainable: [Bool]

  private let engine: Engine
  private let parameterBuffers: [Buffer]
  private let gradientBuffers: [Buffer?]
  private let needed: Set<Int>
  private let fusion: Fusion
  private let base: ValuePlacement
  private let outputGradient: Buffer
  private let inputGradientBuffer: Buffer?
  private let hasDropout: Bool
  private let hasNormalization: Bool
  private var memory: [[Int]: Buffer] = [:]
  private var plans: [PlanKey: Plan] = [:]
  private var current: (plan: Plan, count: Int)?

  /// Prepares to train `network`, whose parameters are copied.
  ///
  /// - Parameters:
  ///   - capacity: The most examples in one run.
  ///   - trainable: For each slot, whether it gets a gradient; by default all that can.
  ///   - differentiatesInput: Whether the network's input gets a gradient too.
  ///   - threads: How many threads oneDNN uses.
  /// - Throws: ``NetworkError`` when no gradient goes through an operation above a parameter that is
  ///   trained, naming it and what would be needed.
  public init(
    _ network: Network, capacity: Int, trainable: [Bool]? = nil,
    differentiatesInput: Bool = false, threads: Int = 1
  ) throws(NetworkError) {
    let graph = network.graph
    precondition(capacity >= 1, "a capacity of \(capacity)")
    precondition(
      (trainable?.count ?? graph.parameters.count) == graph.parameters.count,
      "\(trainable?.count ?? 0) flags for \(graph.parameters.count) parameters")
    self.graph = graph
    self.capacity = capacity
    let constants = graph.constants
    isTrainable = graph.parameters.indices.map {
      graph.parameters[$0].isTrainable && !constants.contains($0) && trainable?[$0] ?? true
    }
    try graph.checkTraining(isTrainable, toInput: differentiatesInput)
    let sizes = graph.nodes.map { capacity.multipliedReportingOverflow(by: $0.size) }
    guard sizes.allSatisfy({ !$0.overflow && $0.partialValue <= Operation.limit }) else {
      throw NetworkError(reason: "a batch of \(capacity) examples is too large")
    }
    engine = try Engine(threads: threads)
    parameterBuffers = Buffer.consecutive(graph.parameters.map(\.count))
    let trained = graph.parameters.indices.filter { [isTrainable] in isTrainable[$0] }
    var gradients = [Buffer?](repeating: nil, count: graph.parameters.count)
    for (slot, buffer) in zip(
      trained, Buffer.consecutive(trained.map { graph.parameters[$0].count }))
    { gradients[slot] = buffer }
    gradientBuffers = gradients
    parameters = parameterBuffers.map(\.values)
    self.gradients = gradientBuffers.map { $0?.values }
    needed = graph.ancestors(of: [graph.logits])
    fusion = Fusion(graph, kept: [graph.logits], isInference: false)
    base = ValuePlacement(
      graph, capacity: capacity, kept: [], needed: needed, fusion: fusion, reuses: false,
      dropsOut: true)
    outputGradient = Buffer(count: capacity * graph.nodes[graph.logits].size)
    inputGradientBuffer =
      differentiatesInput ? Buffer(count: capacity * graph.nodes[0].size) : nil
    inputGradient = inputGradientBuffer?.values
    hasDropout = graph.nodes.contains {
      if case .dropout(let rate) = $0.operation { rate > 0 } else { false }
    }
    hasNormalization = graph.nodes.contains {
      if case .batchNormalization = $0.operation { true } else { false }
    }
    load(network.parameters)
  }

  // MARK: Parameters

  /// The numbers of each slot, to be read and changed in place; valid while the executor lives.
  public let parameters: [UnsafeMutableBufferPointer<Float>]

  /// The gradient of each slot, or `nil` for slots that are not trained; valid while the executor
  /// lives, and written by ``backward(_:)``.
  public let gradients: [UnsafeMutableBufferPointer<Float>?]

  /// The gradient of the examples of the last run, example by example, or `nil` when it was not asked
  /// for; valid while the executor lives, and written by ``backward(_:)``.
  public let inputGradient: UnsafeMutableBufferPointer<Float>?

  /// Replaces all parameters.
  ///
  /// - Precondition: shapes are those of the slots.
  public func load(_ parameters: [Tensor]) {
    precondition(
      parameters.map(\.shape) == graph.parameters.map(\.shape), "the parameters' shapes differ")
    for (buffer, tensor) in zip(parameterBuffers, parameters) { buffer.fill(from: tensor.values) }
  }

  /// A copy of all parameters.
  public func copyParameters() -> [Tensor] {
    zip(graph.parameters, parameterBuffers).map { slot, buffer in
      Tensor(shape: slot.shape, values: Array(buffer.values))
    }
  }

  // MARK: Runs

  /// Computes the logits of `count` examples; dropout does nothing.
  ///
  /// The result is valid until the next run.
  ///
  /// - Precondition: `inputs` holds `count` examples, at most ``capacity``.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  @discardableResult
  public func forward(
    _ inputs: UnsafeBufferPointer<Float>, count: Int, mode: Mode
  ) throws(NetworkError) -> UnsafeBufferPointer<Float> {
    try run(try plan(count, mode, dropsOut: false), inputs, count)
  }

  /// Computes the logits of `count` examples; what dropout sets to zero is drawn from `generator`,
  /// layer by layer, example by example.
  ///
  /// - Precondition: `inputs` holds `count` examples, at most ``capacity``.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  @discardableResult
  public func forward(
    _ inputs: UnsafeBufferPointer<Float>, count: Int, mode: Mode,
    dropout generator: inout SeededGenerator
  ) throws(NetworkError) -> UnsafeBufferPointer<Float> {
    let plan = try plan(count, mode, dropsOut: hasDropout)
    for (mask, rate) in plan.masks {
      let kept = 1 / (1 - rate)
      for index in 0..<mask.count {
        mask.pointer[index] = generator.uniform() < Double(rate) ? 0 : kept
      }
    }
    return try run(plan, inputs, count)
  }

  /// Computes the gradients that follow from those of the logits, for the examples of the last
  /// forward run. Gradients are replaced, not added to.
  ///
  /// - Precondition: `logitsGradient` holds a number for each logit of the last forward run.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  public func backward(_ logitsGradient: UnsafeBufferPointer<Float>) throws(NetworkError) {
    guard let current else { preconditionFailure("backward before forward") }
    let expected = current.count * graph.nodes[graph.logits].size
    precondition(
      logitsGradient.count == expected, "\(logitsGradient.count) gradients for \(expected) logits")
    outputGradient.fill(from: logitsGradient)
    engine.enter()
    try current.plan.backward.run(on: engine.stream)
  }

  private func run(
    _ plan: Plan, _ inputs: UnsafeBufferPointer<Float>, _ count: Int
  ) throws(NetworkError) -> UnsafeBufferPointer<Float> {
    precondition(
      inputs.count == count * graph.nodes[0].size,
      "\(inputs.count) numbers for \(count) examples of \(graph.inputShape)")
    base.buffers[0].fill(from: inputs)
    engine.enter()
    try plan.forward.run(on: engine.stream)
    current = (plan, count)
    return UnsafeBufferPointer(
      start: plan.logits.pointer, count: count * graph.nodes[graph.logits].size)
  }

  private func plan(_ count: Int, _ mode: Mode, dropsOut: Bool) throws(NetworkError) -> Plan {
    precondition(1...capacity ~= count, "\(count) examples where 1 to \(capacity) can be run")
    let key = PlanKey(count: count, mode: hasNormalization ? mode : .train, dropsOut: dropsOut)
    if let plan = plans[key] { return plan }
    engine.enter()
    // Without dropout, its nodes only rename their inputs.
    var values = base.buffers
    if !dropsOut {
      for (index, node) in graph.nodes.enumerated()
      where node.operation.onlyRenames(dropsOut: false) {
        values[index] = values[node.inputs[0]]
      }
    }
    let compiler = Compiler(
      graph, engine: engine, count: count, values: values, parameters: parameterBuffers,
      fusion: fusion, isTraining: true, usesBatchStatistics: key.mode == .train,
      dropsOut: dropsOut)
    try compiler.compileForward(needed: needed)
    try compiler.program.finish()
    let backward = BackwardCompiler(
      compiler, gradients: gradientBuffers, inputGradient: inputGradientBuffer
    ) { [self] key, size in
      let limit = key[0] < 0 ? size : size / count * capacity
      if let buffer = memory[key] { return buffer }
      let buffer = Buffer(count: limit)
      memory[key] = buffer
      return buffer
    }
    try backward.compile(from: graph.logits, gradient: outputGradient)
    try backward.program.finish()
    var masks: [(mask: Buffer, rate: Float)] = []
    for (index, node) in graph.nodes.enumerated() {
      if case .dropout(let rate) = node.operation, let mask = compiler.masks[index] {
        masks.append((mask, rate))
      }
    }
    let plan = Plan(
      forward: compiler.program, backward: backward.program, masks: masks,
      logits: values[graph.logits])
    plans[key] = plan
    return plan
  }
}
