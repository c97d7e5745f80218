import COneDNN

/// A step in plain Swift, for operations that oneDNN is not asked for.
///
/// It reads and writes values as they lie in graphs: example by example, the last axis fastest.
final class PlainStep: Step {
  private let body: () throws(NetworkError) -> Void

  init(_ body: @escaping () throws(NetworkError) -> Void) { self.body = body }

  func run(on stream: dnnl_stream_t) throws(NetworkError) { try body() }
}

extension Compiler {
  /// Adds the step of an operation that has no primitive of its own here.
  func plainForward(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    switch node.operation {
    case .volumeConvolution(let convolution): volumeConvolutionForward(index, convolution)
    case .transposedConvolution(let convolution):
      try transposedConvolutionForward(index, convolution)
    case .embedding(let count, let width): embeddingForward(index, count: count, width: width)
    case .recurrence(let recurrence): recurrenceForward(index, recurrence)
    case .attention(let attention): attentionForward(index, attention)
    case .layerNormalization(let normalization):
      if isTraining {
        try rowNormalizationForward(index, normalization)
      } else {
        layerNormalizationForward(index, normalization)
      }
    case .groupNormalization(let normalization): groupNormalizationForward(index, normalization)
    case .standardization: standardizationForward(index)
    case .parametricRelu, .addParameter, .multiplyParameter, .affine, .arithmetic:
      stretchedForward(index)
    case .concatenate(let axis): concatenateForward(index, axis)
    case .dot(let axes, let normalizes): dotForward(index, axes, normalizes: normalizes)
    case .maximumVolumePooling(let window):
      try volumePoolingForward(index, window, isMaximum: true)
    case .averageVolumePooling(let window):
      try volumePoolingForward(index, window, isMaximum: false)
    case .resizing(let resizing): resizingForward(index, resizing)
    case .prependParameter, .padding, .slice, .permute, .reverse, .repetition:
      arrangementForward(index)
    case .trainingOnly: break
    default:
      throw NetworkError(
        layer: node.layer, reason: "this \(node.operation.kind) cannot be run yet")
    }
  }

  /// The numbers of a node's parameter.
  func parameter(_ index: Int, _ position: Int) -> Buffer {
    parameters[graph.nodes[index].parameters[position]]
  }
}

/// `C = α A B + β C` with A of `rows` × `inner` and B of `inner` × `columns`, all row by row; or with
/// the transpose of the first (`turned`) or second (`transposed`).
///
/// `strides` are the distances between rows of A, B and C as they lie in memory.
func multiply(
  _ a: UnsafePointer<Float>, turned: Bool = false, by b: UnsafePointer<Float>,
  transposed: Bool = false,
  into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, inner: Int,
  strides: (a: Int, b: Int, c: Int), scale: Float = 1, keeping: Float = 0, layer: String
) throws(NetworkError) {
  let (asIs, other) = (CChar(UInt8(ascii: "N")), CChar(UInt8(ascii: "T")))
  try check(
    dnnl_sgemm(
      turned ? other : asIs, transposed ? other : asIs, Int64(rows), Int64(columns), Int64(inner),
      scale, a,
      Int64(strides.a), b, Int64(strides.b), keeping, c, Int64(strides.c)),
    "multiply matrices", layer: layer)
}
