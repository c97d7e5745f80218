import COneDNN

/// `softmax(scale · Q Kᵀ) V` for each example and head.
///
/// A thread takes one pair of example and head at a time, so that its scores stay in the cache; the
/// same numbers are added in the same order on any number of threads.
final class AttentionStep: Step {
  /// How large everything is; widths are those of one head.
  struct Shape {
    var examples: Int
    var heads: Int
    var rows: Int
    var keys: Int
    var width: Int
    var valueWidth: Int
    var scale: Float
    var type: ElementType

    /// The pairs of example and head that one of `count` threads takes, numbered example by example.
    func pairs(of thread: Int, _ count: Int) -> Range<Int> {
      let pairs = examples * heads
      return pairs * thread / count..<pairs * (thread + 1) / count
    }

    /// Where the rows of a pair begin, for heads so many numbers wide.
    func place(
      of pair: Int, in operand: Operand, width: Int
    ) -> UnsafeMutableRawPointer {
      let column = pair % heads * width
      let index = operand.start + pair / heads * operand.exampleStride + column
      return UnsafeMutableRawPointer(operand.buffer.pointer) + index * (type == .float32 ? 4 : 2)
    }
  }

  /// Rows of queries, keys, values or results; distances count numbers.
  struct Operand {
    var buffer: Buffer
    var start: Int
    var rowStride: Int
    var exampleStride: Int
  }

  /// The kernels of one thread, with the scores they hand on.
  private final class Worker {
    let scores: PrimitiveStep
    let softmax: PrimitiveStep
    /// From Float32 to the type of the values, when that is another.
    let rounding: PrimitiveStep?
    let mixture: PrimitiveStep
    let stream: dnnl_stream_t
    var failure: dnnl_status_t = dnnl_success

    init(
      scores: PrimitiveStep, softmax: PrimitiveStep, rounding: PrimitiveStep?,
      mixture: PrimitiveStep, stream: dnnl_stream_t
    ) {
      (self.scores, self.softmax, self.rounding) = (scores, softmax, rounding)
      (self.mixture, self.stream) = (mixture, stream)
    }

    deinit { dnnl_stream_destroy(stream) }
  }

  private let shape: Shape
  private let operands: [Operand]
  private let engine: Engine
  private let layer: String
  private var workers: [Worker] = []

  init(
    _ shape: Shape, queries: Operand, keys: Operand, values: Operand, result: Operand,
    engine: Engine, layer: String
  ) throws(NetworkError) {
    self.shape = shape
    operands = [queries, keys, values, result]
    self.engine = engine
    self.layer = layer
    for _ in 0..<engine.threads { workers.append(try worker()) }
  }

  private func worker() throws(NetworkError) -> Worker {
    let (rows, keys, type) = (shape.rows, shape.keys, shape.type)
    func strided(_ extents: [Int], _ strides: [Int]) throws(NetworkError) -> MemoryDescriptor {
      try MemoryDescriptor(extents, strides: strides, type, layer: layer)
    }
    let query = try strided([rows, shape.width], [operands[0].rowStride, 1])
    let key = try strided([shape.width, keys], [1, operands[1].rowStride])
    let value = try strided([keys, shape.valueWidth], [operands[2].rowStride, 1])
    let result = try strided([rows, shape.valueWidth], [operands[3].rowStride, 1])
    let score = try MemoryDescriptor([rows, keys], dnnl_ab, layer: layer)
    let rounded = try MemoryDescriptor([rows, keys], dnnl_ab, type, layer: layer)
    let memory = Buffer(count: score.count)
    let roundedMemory = type == .float32 ? memory : Buffer(count: rounded.count)

    let scores = try product(query, key, score, [.scale(shape.scale)])
    let attributes = try Attributes(layer: layer)
    let softmax = try PrimitiveDescriptor(layer: layer, "compute a softmax") { result in
      conednn_softmax_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_inference, score.handle, 1)
    }
    let mixture = try product(rounded, value, result, [])
    var rounding: PrimitiveStep?
    if type != .float32 {
      rounding = try own(
        Reorder.step(
          from: (score, memory), to: (rounded, roundedMemory), engine: engine, layer: layer))
    }
    var stream: dnnl_stream_t?
    let flags = UInt32(dnnl_stream_default_flags.rawValue)
    try check(dnnl_stream_create(&stream, engine.handle, flags), "start a stream", layer: layer)
    guard let stream else { throw NetworkError(layer: layer, reason: "no stream") }
    return Worker(
      scores: try own(
        PrimitiveStep(
          scores, engine: engine,
          [
            (DNNL_ARG_SRC, query, operands[0].buffer), (DNNL_ARG_WEIGHTS, key, operands[1].buffer),
            (DNNL_ARG_DST, score, memory),
          ])),
      softmax: try own(
        PrimitiveStep(
          softmax, engine: engine, [(DNNL_ARG_SRC, score, memory), (DNNL_ARG_DST, score, memory)])),
      rounding: rounding,
      mixture: try own(
        PrimitiveStep(
          mixture, engine: engine,
          [
            (DNNL_ARG_SRC, rounded, roundedMemory),
            (DNNL_ARG_WEIGHTS, value, operands[2].buffer),
            (DNNL_ARG_DST, result, operands[3].buffer),
          ])),
      stream: stream)
  }

  private func product(
    _ a: MemoryDescriptor, _ b: MemoryDescriptor, _ c: MemoryDescriptor, _ post: [PostOperation]
  ) throws(NetworkError) -> PrimitiveDescriptor {
    let attributes = try Attributes(post, layer: layer)
    return try PrimitiveDescriptor(layer: layer, "multiply rows") { result in
      conednn_product(
        &result, engine.handle, attributes.handle, a.handle, b.handle, nil, c.handle)
    }
  }

  /// Gives a primitive scratch memory that no other thread uses.
  private func own(_ step: PrimitiveStep) throws(NetworkError) -> PrimitiveStep {
    try step.use(scratch: Buffer(count: step.scratchCount))
    return step
  }

  func run(on stream: dnnl_stream_t) throws(NetworkError) {
    for worker in workers { worker.failure = dnnl_success }
    engine.onThreads { thread, count in run(workers[thread], shape.pairs(of: thread, count)) }
    for worker in workers where worker.failure != dnnl_success {
      try check(worker.failure, "compute attention", layer: layer)
    }
  }

  private func run(_ worker: Worker, _ pairs: Range<Int>) {
    for pair in pairs {
      func place(_ operand: Int, _ width: Int) -> UnsafeMutableRawPointer {
        shape.place(of: pair, in: operands[operand], width: width)
      }
      do throws(NetworkError) {
        try check(worker.scores.move(0, to: place(0, shape.width)), "compute", layer: layer)
        try check(worker.scores.move(1, to: place(1, shape.width)), "compute", layer: layer)
        try worker.scores.run(on: worker.stream)
        try worker.softmax.run(on: worker.stream)
        try worker.rounding?.run(on: worker.stream)
        try check(worker.mixture.move(1, to: place(2, shape.valueWidth)), "compute", layer: layer)
        try check(worker.mixture.move(2, to: place(3, shape.valueWidth)), "compute", layer: layer)
        try worker.mixture.run(on: worker.stream)
      } catch {
        worker.failure = dnnl_runtime_error
        return
      }
    }
  }
}
