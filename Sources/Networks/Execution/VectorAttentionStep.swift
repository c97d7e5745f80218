import COneDNN
import CTransformer

/// ``AttentionStep`` in Float32 by kernels of our own: oneDNN's products of matrices as small as those
/// of one head reach half the speed of the processor.
///
/// A thread takes one pair of example and head at a time; results do not depend on their number.
final class VectorAttentionStep: Step {
  private let kernel: cattention_shape
  private let shape: AttentionStep.Shape
  private let operands: [AttentionStep.Operand]
  private let engine: Engine
  private let scratch: [Buffer]

  /// Whether the processor has the vectors that the kernels are written for, and they have the type.
  static func isAvailable(for shape: AttentionStep.Shape) -> Bool {
    shape.type == .float32 && cattention_is_available() != 0
  }

  init(
    _ shape: AttentionStep.Shape, queries: AttentionStep.Operand, keys: AttentionStep.Operand,
    values: AttentionStep.Operand, result: AttentionStep.Operand, engine: Engine
  ) {
    var kernel = cattention_shape(
      rows: shape.rows, keys: shape.keys, width: shape.width, value_width: shape.valueWidth,
      query_stride: queries.rowStride, key_stride: keys.rowStride, value_stride: values.rowStride,
      result_stride: result.rowStride, scale: shape.scale)
    (self.shape, self.kernel, self.engine) = (shape, kernel, engine)
    operands = [queries, keys, values, result]
    let count = cattention_scratch_count(&kernel)
    scratch = (0..<engine.threads).map { _ in Buffer(count: count) }
  }

  func run(on stream: dnnl_stream_t) {
    engine.onThreads { thread, count in
      var kernel = kernel
      for pair in shape.pairs(of: thread, count) {
        func place(_ operand: Int, _ width: Int) -> UnsafeMutablePointer<Float> {
          shape.place(of: pair, in: operands[operand], width: width)
            .assumingMemoryBound(to: Float.self)
        }
        cattention_head(
          &kernel, place(0, shape.width), place(1, shape.width), place(2, shape.valueWidth),
          place(3, shape.valueWidth), scratch[thread].pointer)
      }
    }
  }
}
