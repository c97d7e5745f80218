import COneDNN
import Checkpoints

/// The numbers of a batch normalisation, by role.
struct NormalizationParameters {
  let gamma: Buffer?
  let beta: Buffer?
  let mean: Buffer
  let variance: Buffer
  let epsilon: Float

  init(_ graph: Graph, _ index: Int, _ parameters: [Buffer]) {
    let node = graph.nodes[index]
    func buffer(_ role: Role) -> Buffer? {
      node.parameters.first { graph.parameters[$0].role == role }.map { parameters[$0] }
    }
    guard case .batchNormalization(let normalization) = node.operation,
      let mean = buffer(.movingMean), let variance = buffer(.movingVariance)
    else { preconditionFailure("node \(index) is no batch normalization") }
    gamma = buffer(.gamma)
    beta = buffer(.beta)
    self.mean = mean
    self.variance = variance
    epsilon = normalization.epsilon
  }
}

/// Multiplies a batch normalisation in evaluate mode into the weights before it:
/// with s = gamma / √(variance + epsilon), kernel · s and (bias − mean) · s + beta for each output.
final class FoldingStep: Step {
  private let kernel: Buffer
  private let bias: Buffer?
  private let normalization: NormalizationParameters
  private let foldedKernel: Buffer
  private let foldedBias: Buffer

  init(
    kernel: Buffer, bias: Buffer?, normalization: NormalizationParameters, foldedKernel: Buffer,
    foldedBias: Buffer
  ) {
    self.kernel = kernel
    self.bias = bias
    self.normalization = normalization
    self.foldedKernel = foldedKernel
    self.foldedBias = foldedBias
  }

  func run(on stream: dnnl_stream_t) {
    // Outputs run fastest in every kernel as Keras stores it, depthwise ones included.
    let outputs = foldedBias.count
    for output in 0..<outputs {
      let variance = Double(normalization.variance.pointer[output])
      let deviation = (variance + Double(normalization.epsilon)).squareRoot()
      let scale = Double(normalization.gamma?.pointer[output] ?? 1) / deviation
      for index in stride(from: output, to: kernel.count, by: outputs) {
        foldedKernel.pointer[index] = Float(Double(kernel.pointer[index]) * scale)
      }
      let centred =
        Double(bias?.pointer[output] ?? 0) - Double(normalization.mean.pointer[output])
      foldedBias.pointer[output] = Float(
        centred * scale + Double(normalization.beta?.pointer[output] ?? 0))
    }
  }
}
