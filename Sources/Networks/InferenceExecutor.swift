public import Checkpoints
import Synchronization

/// Runs a network and records values at several places in one pass.
///
/// Batch normalisations (with their moving averages) are folded into the layer before them, and
/// activations and residual sums computed as results are written, except where a recorded value lies
/// between. Kernels are packed once. Values lie as the kernels like them, in one block of memory that
/// is used again and again; nothing is allocated while a batch is computed.
///
/// A batch is divided into parts that go through the whole network on one thread each, small enough for
/// values to stay in its cache and large enough for weights to be worth reading (see ``BatchDivision``);
/// only a batch too small for that is computed by all threads together, layer by layer. The bits of an
/// example's values depend neither on the number of threads nor on the batch, except for Winograd's
/// algorithm, of which oneDNN has several kinds for several batch sizes, and dense layers without AVX-512.
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

  /// In which numbers values are computed.
  public let precision: Precision

  /// The first node that is computed in bfloat16, where ``precision`` is that.
  public let firstBFloat16: Int

  /// Whether algorithms that lose digits are left out.
  public let isExact: Bool

  /// What is run of the graph, and where the values of ``taps`` are in it.
  private let needed: NeededRows
  private let places: [Int]
  private let weights: PackedWeights
  private let division: BatchDivision
  /// All threads together.
  private let whole: InferenceLane
  /// One thread each; `whole` itself where there is but one.
  private let lanes: [InferenceLane]
  /// The values at each tap of a batch in parts.
  private var collected: [Buffer] = []

  /// Prepares to run `network`, whose parameters are copied.
  ///
  /// - Parameters:
  ///   - taps: The places to record, by default the output.
  ///   - batchSize: The most examples computed at a time; larger sets run in several batches.
  ///   - threads: How many threads oneDNN uses.
  ///   - precision: In which numbers values are computed.
  ///   - first: The node from which on they are, with ``Precision/bfloat16``; those before it are computed
  ///     in Float32. ``MixedPrecision`` finds it for an error that is allowed.
  ///   - isExact: Whether to do without Winograd's algorithm, which computes 3 × 3 convolutions in
  ///     half the time and loses one to two of seven digits, and to add up long sums of dense layers and
  ///     convolutions by windows of 1 × 1 in parts (with AVX-512).
  /// - Throws: ``NetworkError`` when oneDNN cannot run an operation, or the processor the precision.
  public init(
    _ network: Network, taps: [Tap]? = nil, batchSize: Int = 64, threads: Int = 1,
    precision: Precision = .float32, bfloat16From first: Int = 0, isExact: Bool = false
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
    guard precision.isSupported else {
      throw NetworkError(
        reason: "this processor does not multiply numbers in \(precision.rawValue)")
    }
    self.graph = graph
    self.taps = taps
    self.batchSize = batchSize
    self.precision = precision
    firstBFloat16 = first
    self.isExact = isExact
    needed = NeededRows(graph, taps: taps)
    places = taps.map { [needed] in needed.node(of: $0.node) }
    division = BatchDivision(
      needed.graph, taps: places.map(needed.graph.tap), threads: threads)
    let engine = try Engine(threads: threads)
    weights = PackedWeights(needed.graph, network.parameters, engine: engine)
    whole = InferenceLane(engine)
    var lanes = threads == 1 ? [whole] : []
    while lanes.count < threads { lanes.append(InferenceLane(try Engine(threads: 1))) }
    self.lanes = lanes
  }

  /// Replaces all parameters.
  ///
  /// - Precondition: shapes are those of the slots.
  /// - Throws: ``NetworkError`` when oneDNN fails.
  public func load(_ tensors: [Tensor]) throws(NetworkError) {
    precondition(
      tensors.map(\.shape) == graph.parameters.map(\.shape), "the parameters' shapes differ")
    try weights.load(tensors)
  }

  /// Makes what computes `count` examples at a time, which the first run of so many does otherwise.
  ///
  /// - Precondition: `count` is at most ``batchSize``.
  /// - Throws: ``NetworkError`` when oneDNN cannot run an operation.
  public func prepare(for count: Int) throws(NetworkError) {
    precondition(1...batchSize ~= count, "\(count) examples where 1 to \(batchSize) can be run")
    let parts = division.parts(of: count)
    guard parts.count > 1 else {
      try plan(count, on: whole)
      return
    }
    for count in Set(parts.map(\.count)) {
      for lane in lanes { try plan(count, on: lane) }
    }
    whole.engine.enter()
    while collected.count < taps.count {
      collected.append(Buffer(count: batchSize * taps[collected.count].size))
    }
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
      let values = try inputs.withUnsafeBufferPointer { inputs throws(NetworkError) in
        try compute(UnsafeBufferPointer(rebasing: inputs[first * size..<(first + batch) * size]))
      }
      for (position, tap) in taps.enumerated() {
        let source = values[position]
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
    try body(try compute(inputs))
  }

  private func compute(
    _ inputs: UnsafeBufferPointer<Float>
  ) throws(NetworkError) -> [UnsafeBufferPointer<Float>] {
    let size = graph.nodes[0].size
    let count = inputs.count / size
    precondition(
      inputs.count == count * size && 1...batchSize ~= count,
      "\(inputs.count) numbers where 1 to \(batchSize) examples of \(graph.inputShape) can be run")
    try prepare(for: count)
    let parts = division.parts(of: count)
    guard parts.count > 1 else {
      return try whole.run(inputs, count: count).enumerated().map { position, buffer in
        UnsafeBufferPointer(start: buffer.pointer, count: count * taps[position].size)
      }
    }
    try run(parts, inputs)
    return zip(taps, collected).map { tap, buffer in
      UnsafeBufferPointer(start: buffer.pointer, count: count * tap.size)
    }
  }

  /// Each lane takes the next part until there is none.
  private func run(
    _ parts: [Range<Int>], _ inputs: UnsafeBufferPointer<Float>
  ) throws(NetworkError) {
    let size = graph.nodes[0].size
    let next = Atomic<Int>(0)
    let failure = Mutex<NetworkError?>(nil)
    whole.engine.onThreads { thread, _ in
      let lane = lanes[thread]
      while true {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < parts.count else { return }
        let part = parts[number]
        let values = UnsafeBufferPointer(
          rebasing: inputs[part.lowerBound * size..<part.upperBound * size])
        do throws(NetworkError) {
          for (position, buffer) in try lane.run(values, count: part.count).enumerated() {
            let width = taps[position].size
            (collected[position].pointer + part.lowerBound * width).update(
              from: buffer.pointer, count: part.count * width)
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
    }
    whole.engine.enter()
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func plan(_ count: Int, on lane: InferenceLane) throws(NetworkError) {
    try lane.prepare(for: count) { engine, arena throws(NetworkError) in
      try InferenceCompiler(
        needed.graph, engine: engine, count: count, kept: Set(places), weights: weights,
        precision: precision, bfloat16From: needed.first(from: firstBFloat16), isExact: isExact
      ).compile(taps: places, arena: arena)
    }
  }
}
