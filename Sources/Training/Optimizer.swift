#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Which optimizer a run uses, and its constants.
///
/// The claim that fine-tuning leaves orthogonal directions alone is exact for ``sgd`` without weight
/// decay. ``adam`` and weight decay break it, so both are recorded in every checkpoint.
public struct OptimizerSettings: Codable, Equatable, Sendable {
  /// The update rule.
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// `v ← μ v + g`, `w ← w − η v`, as PyTorch does.
    case sgd

    /// Kingma and Ba, "Adam" (2015), algorithm 1, with bias correction.
    case adam
  }

  /// The update rule.
  public var method: Method

  /// μ of ``Method/sgd``.
  public var momentum: Double

  /// λ. ``Method/sgd`` adds λ w to the gradient; ``Method/adam`` takes η λ w off the weights instead
  /// (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019). Only kernels decay, not
  /// biases nor the parameters of normalisations.
  public var weightDecay: Double

  /// Adam's decay of the mean of gradients.
  public var firstDecay: Double

  /// Adam's decay of the mean of squared gradients.
  public var secondDecay: Double

  /// Adam's ε.
  public var stability: Double

  /// An optimizer with the usual constants.
  public init(
    _ method: Method, momentum: Double = 0.9, weightDecay: Double = 0, firstDecay: Double = 0.9,
    secondDecay: Double = 0.999, stability: Double = 1e-8
  ) {
    self.method = method
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.firstDecay = firstDecay
    self.secondDecay = secondDecay
    self.stability = stability
  }

  /// Reads an object in which only `method` is needed; the rest has the usual constants.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try container.decode(Method.self, forKey: .method))
    func read(_ key: CodingKeys, _ value: inout Double) throws {
      value = try container.decodeIfPresent(Double.self, forKey: key) ?? value
    }
    try read(.momentum, &momentum)
    try read(.weightDecay, &weightDecay)
    try read(.firstDecay, &firstDecay)
    try read(.secondDecay, &secondDecay)
    try read(.stability, &stability)
  }

  /// In words: `SGD, momentum 0.9` or `Adam, weight decay 0.0001`.
  public var summary: String {
    var parts = [method == .sgd ? "SGD" : "Adam"]
    if method == .sgd, momentum != 0 { parts.append("momentum \(momentum)") }
    if weightDecay != 0 { parts.append("weight decay \(weightDecay)") }
    return parts.joined(separator: ", ")
  }

  /// Whether updates of a weight matrix stay in the span of the layer's inputs.
  public var keepsUpdatesInInputSpan: Bool { method == .sgd && weightDecay == 0 }
}

/// The state of an optimizer: one or two running means per parameter, and the parameters themselves
/// in Float64.
///
/// Updates go to the Float64 copy, which is rounded to Float32 for the network each time. A run of
/// any length then rounds each weight once, not once per update, and what should stay in a span stays
/// there to the last digit of the weights.
struct Optimizer {
  private let settings: OptimizerSettings
  private var exact: [[Double]]
  private var first: [[Float]]
  private var second: [[Float]]
  private var steps = 0

  /// An optimizer of parameters that begin at the given values.
  init(_ settings: OptimizerSettings, parameters: [UnsafeMutableBufferPointer<Float>]) {
    self.settings = settings
    exact = parameters.map { $0.map(Double.init) }
    first = parameters.map { [Float](repeating: 0, count: $0.count) }
    second = settings.method == .adam ? first : []
  }

  /// Begins the next update; call once before updating each parameter.
  mutating func beginStep() { steps += 1 }

  /// Moves one parameter against its gradient.
  ///
  /// - Parameter decays: Whether weight decay applies to this parameter.
  mutating func update(
    _ index: Int, _ values: UnsafeMutableBufferPointer<Float>,
    gradient: UnsafeBufferPointer<Float>, learningRate: Double, decays: Bool
  ) {
    precondition(
      values.count == gradient.count && values.count == first[index].count,
      "parameter \(index): \(values.count) values, \(gradient.count) derivatives")
    let decay = decays ? settings.weightDecay : 0
    exact[index].withUnsafeMutableBufferPointer { exact in
      first[index].withUnsafeMutableBufferPointer { first in
        switch settings.method {
        case .sgd:
          let (momentum, decay) = (Float(settings.momentum), Float(decay))
          for i in values.indices {
            first[i] = momentum * first[i] + (gradient[i] + decay * values[i])
            exact[i] -= learningRate * Double(first[i])
            values[i] = Float(exact[i])
          }
        case .adam:
          let (b1, b2) = (settings.firstDecay, settings.secondDecay)
          let scale = Float(learningRate / (1 - pow(b1, Double(steps))))
          let correction = Float(1 / (1 - pow(b2, Double(steps))))
          let (keep1, keep2, stability) = (Float(b1), Float(b2), Float(settings.stability))
          let kept = 1 - learningRate * decay
          second[index].withUnsafeMutableBufferPointer { second in
            for i in values.indices {
              let g = gradient[i]
              first[i] = keep1 * first[i] + (1 - keep1) * g
              second[i] = keep2 * second[i] + (1 - keep2) * g * g
              let step = scale * first[i] / ((second[i] * correction).squareRoot() + stability)
              exact[i] = kept * exact[i] - Double(step)
              values[i] = Float(exact[i])
            }
          }
        }
      }
    }
  }
}
