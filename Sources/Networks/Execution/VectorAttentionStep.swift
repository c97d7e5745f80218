import CAttention
import COneDNN

/// ``AttentionStep`` in Float32 by kernels of our own: oneDNN's products of matrices as small as those
/// of one head reach half the speed of the processor.
///
/// A thread takes one pair of example and head at a time; results do not depend on their number.
final class VectorAttentionStep: Step {
  private let shape: cattention_shape
  private let examples: Int
  private let heads: Int
  private let operands: [AttentionStep.Operand]
  private let scratch: [Buffer]

  /// Whether the processor has the vectors that the kernels are written for, and they have the type.
  static func isAvailable(for shape: AttentionStep.Shape) -> Bool {
    shape.type == .float32 && cattention_is_available() != 0
  }

  init(
    _ shape: AttentionStep.Shape, queries: AttentionStep.Operand, keys: AttentionStep.Operand,
    values: AttentionStep.Operand, result: AttentionStep.Operand, engine: Engine
  ) {
    var sizes = cattention_shape(
      rows: shape.rows, keys: shape.keys, width: shape.width, value_width: shape.valueWidth,
      query_stride: queries.rowStride, key_stride: keys.rowStride, value_stride: values.rowStride,
      result_stride: result.rowStride, scale: shape.scale)
    self.shape = sizes
    (examples, heads) = (shape.examples, shape.heads)
    operands = [queries, keys, values, result]
    let count = cattention_scratch_count(&sizes)
    scratch = (0..<engine.threads).map { _ in Buffer(count: count) }
  }

  func run(on stream: dnnl_stream_t) {
    guard scratch.count > 1 else { return run(worker: 0, of: 1) }
    conednn_on_threads(
      Int32(scratch.count),
      { context in
        guard let context else { return }
        Unmanaged<VectorAttentionStep>.fromOpaque(context).takeUnretainedValue()
          .run(worker: Int(conednn_thread()), of: Int(conednn_thread_count()))
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func run(worker: Int, of workers: Int) {
    let pairs = examples * heads
    var shape = shape
    for pair in pairs * worker / workers..<pairs * (worker + 1) / workers {
      let (example, head) = (pair / heads, pair % heads)
      func place(_ operand: Int, _ width: Int) -> UnsafeMutablePointer<Float> {
        let operand = operands[operand]
        return operand.buffer.pointer + operand.start + example * operand.exampleStride
          + head * width
      }
      cattention_head(
        &shape, place(0, shape.width), place(1, shape.width), place(2, shape.value_width),
        place(3, shape.value_width), scratch[worker].pointer)
    }
  }
}
