import COneDNN
import CTransformer

/// A dense layer in Float32 by kernels of our own, `f(X W + b) + R`: a twentieth faster than oneDNN's for
/// the widths of vision transformers, with f for nothing. A convolution by windows of 1 × 1 is one too, of
/// each position.
///
/// Threads share the rows, and the columns too where there are few rows; results do not depend on their
/// number.
final class VectorDenseStep: Step {
  /// How large everything is.
  struct Shape {
    var rows: Int
    var inputs: Int
    var outputs: Int
    var function: cdense_function
    /// The rows of each image, where images lie in blocks of 16 channels; else rows lie whole.
    var positions: Int?
    /// After how many products a sum is put to those before it.
    var sum: Int
  }

  /// How much of what follows the layer is done as its results are written.
  struct Ending {
    private(set) var function = cdense_identity
    /// The node whose value is added.
    private(set) var residual: Int?
    /// How many parts of the tail that is.
    private(set) var parts = 0

    /// As many of `parts`, from the first on, as the kernels know.
    init(_ parts: [InferenceCompiler.Tail.Part]) {
      loop: for part in parts {
        switch part {
        case .residual(let other) where residual == nil: residual = other
        case .activation(.relu) where self.parts == 0: function = cdense_relu
        case .activation(.relu) where self.parts == 1 && residual != nil:
          function = cdense_relu_of_sum
        case .activation(.relu6) where self.parts == 0: function = cdense_relu6
        case .activation(.gelu) where self.parts == 0: function = cdense_gelu
        case .activation(.geluSigmoid) where self.parts == 0: function = cdense_gelu_sigmoid
        case .activation(.silu) where self.parts == 0: function = cdense_silu
        case .residual, .activation: break loop
        }
        self.parts += 1
      }
    }
  }

  /// How many channels lie in a block.
  static let block = 16

  /// Whether the processor has the vectors that the kernels are written for.
  static var isAvailable: Bool { cdense_is_available() != 0 }

  /// Some of the rows and columns.
  private struct Part {
    var rows: Range<Int>
    var columns: Range<Int>
  }

  private let shape: Shape
  private let kernel: cdense_shape
  private let (source, weights, target): (Buffer, Buffer, Buffer)
  private let (bias, residual): (Buffer?, Buffer?)
  private let engine: Engine
  private let scratch: [Buffer]

  init(
    _ shape: Shape, source: Buffer, weights: Buffer, bias: Buffer?, residual: Buffer?,
    target: Buffer, engine: Engine
  ) {
    (self.shape, self.source, self.weights, self.target) = (shape, source, weights, target)
    (self.bias, self.residual, self.engine) = (bias, residual, engine)
    let (block, positions) = (Self.block, shape.positions)
    kernel = cdense_shape(
      inputs: shape.inputs, outputs: shape.outputs,
      source_stride: positions == nil ? shape.inputs : block,
      target_stride: positions == nil ? shape.outputs : block,
      source_block: (positions ?? 1) * block, target_block: (positions ?? 1) * block,
      sum: shape.sum, function: shape.function)
    scratch = (0..<engine.threads).map { _ in Buffer(count: cdense_scratch_count()) }
  }

  func run(on stream: dnnl_stream_t) {
    engine.onThreads { thread, count in
      guard let part = part(of: thread, count) else { return }
      let positions = shape.positions ?? shape.rows
      var start = part.rows.lowerBound
      // Rows of different images do not follow each other where channels lie in blocks.
      while start < part.rows.upperBound {
        let image = start / positions
        let end = min(part.rows.upperBound, (image + 1) * positions)
        compute(start - image * positions, end - start, of: image * positions, part.columns, thread)
        start = end
      }
    }
  }

  /// Computes `count` rows from `row` on, of those that begin with row `first` of all.
  private func compute(
    _ row: Int, _ count: Int, of first: Int, _ columns: Range<Int>, _ thread: Int
  ) {
    var kernel = kernel
    let from = first * shape.inputs + row * kernel.source_stride
    let to = first * shape.outputs + row * kernel.target_stride
    cdense_rows(
      &kernel, count, columns.lowerBound, columns.upperBound, source.pointer + from,
      weights.pointer, bias?.pointer, residual.map { $0.pointer + to }, target.pointer + to,
      scratch[thread].pointer)
  }

  /// What one of `count` threads computes, if anything: rows in groups that kernels take at once, and
  /// columns when there are less than a few groups for each thread.
  private func part(of thread: Int, _ count: Int) -> Part? {
    let (group, block) = (cdense_row_group(), cdense_column_block())
    let groups = (shape.rows + group - 1) / group
    let blocks = (shape.outputs + block - 1) / block
    let across = min(blocks, max(1, 4 * count / max(groups, 1)), count)
    let down = count / across
    guard thread < down * across else { return nil }
    let (row, column) = (thread / across, thread % across)
    func place(_ index: Int, _ parts: Int, _ pieces: Int, _ size: Int, _ end: Int) -> Int {
      min(pieces * index / parts * size, end)
    }
    return Part(
      rows: place(
        row, down, groups, group, shape.rows)..<place(row + 1, down, groups, group, shape.rows),
      columns: place(
        column, across, blocks, block, shape.outputs)..<place(
          column + 1, across, blocks, block, shape.outputs))
  }
}
