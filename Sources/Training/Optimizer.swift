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

/// The state of an optimizer: one or two running means per parameter.
struct Optimizer {
  private let settings: OptimizerSettings
  private var first: [[Float]]
  private var second: [[Float]]
  private var steps = 0

  /// An optimizer of parameters with the given numbers of values.
  init(_ settings: OptimizerSettings, counts: [Int]) {
    self.settings = settings
    first = counts.map { [Float](repeating: 0, count: $0) }
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
    let decay = Float(decays ? settings.weightDecay : 0)
    switch settings.method {
    case .sgd:
      let (momentum, rate) = (Float(settings.momentum), Float(learningRate))
      first[index].withUnsafeMutableBufferPointer { velocity in
        for i in values.indices {
          velocity[i] = momentum * velocity[i] + (gradient[i] + decay * values[i])
          values[i] -= rate * velocity[i]
        }
      }
    case .adam:
      let (b1, b2) = (settings.firstDecay, settings.secondDecay)
      let scale = Float(learningRate / (1 - pow(b1, Double(steps))))
      let shrinkage = Float(learningRate) * decay
      let correction = Float(1 / (1 - pow(b2, Double(steps))))
      let (keep1, keep2, stability) = (Float(b1), Float(b2), Float(settings.stability))
      first[index].withUnsafeMutableBufferPointer { mean in
        second[index].withUnsafeMutableBufferPointer { square in
          for i in values.indices {
            let g = gradient[i]
            mean[i] = keep1 * mean[i] + (1 - keep1) * g
            square[i] = keep2 * square[i] + (1 - keep2) * g * g
            let step = mean[i] / ((square[i] * correction).squareRoot() + stability)
            values[i] -= scale * step + shrinkage * values[i]
          }
        }
      }
    }
  }
}
