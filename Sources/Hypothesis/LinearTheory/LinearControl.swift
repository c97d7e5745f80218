public import LinearAlgebra

/// Ways of fine-tuning in steps, some that keep the features fixed outside the span of the inputs
/// and some that break the reason why they are.
///
/// Each update of B by gradient descent is a sum of v (residual) xᵀ over examples, whose rows lie in
/// the span of the inputs whatever the step length or batch. What is added to the gradient or done to
/// it by coordinates may leave that span.
public enum LinearControl: String, CaseIterable, Sendable {
  /// Full gradients, no momentum.
  case gradientDescent = "gradient descent"

  /// Batches of 4 examples, momentum 0.9.
  case momentum = "SGD with momentum"

  /// The same, with a pull of 0.01 towards the pretrained parameters.
  case pullToStart = "SGD with momentum, L2-SP"

  /// The same, with weight decay of 0.01 towards zero instead.
  case weightDecay = "SGD with momentum, weight decay"

  /// Adam at rate 0.001 on batches of 4 examples.
  case adam = "Adam"

  /// Whether the features' change has to stay in the span of the inputs.
  public var staysInSpan: Bool {
    switch self {
    case .gradientDescent, .momentum, .pullToStart: true
    case .weightDecay, .adam: false
    }
  }

  /// Why it does, or why it need not.
  public var reason: String {
    switch self {
    case .gradientDescent: "each step is a sum of multiples of inputs"
    case .momentum: "so is a sum of earlier steps"
    case .pullToStart: "the pull is nothing where nothing changed"
    case .weightDecay: "decay shrinks the features in every direction"
    case .adam: "each coordinate has its own step length"
    }
  }

  /// The optimizer, with a learning rate that is stable for `problem` from its pretrained model.
  ///
  /// Except for Adam, whose steps do not depend on scale, the rate is
  /// 0.02 / ((λ + t/b) (1 + ‖w*‖² + ‖v₀‖²)), with λ the largest eigenvalue of XᵀX / n, t its trace and b
  /// the batch size: both the whole loss and a single batch's curve no more than that.
  ///
  /// - Throws: ``LinearAlgebraError`` when a decomposition does not converge.
  public func optimizer(for problem: LinearProblem) throws(LinearAlgebraError) -> LinearOptimizer {
    let batchSize = self == .gradientDescent ? problem.inputs.rows : 4
    let count = Double(problem.inputs.rows)
    let norm = try problem.inputs.spectralNorm()
    let curvature =
      norm * norm / count + problem.inputs.squaredNorm / count / Double(batchSize)
    let head = problem.pretrained.head
    let scale = 1 + dot(problem.signal, problem.signal) + dot(head, head)
    let rate = 0.02 / (curvature * scale)
    return switch self {
    case .gradientDescent: LinearOptimizer(.descent(momentum: 0), rate: 10 * rate)
    case .momentum: LinearOptimizer(.descent(momentum: 0.9), rate: rate, batchSize: batchSize)
    case .pullToStart:
      LinearOptimizer(
        .descent(momentum: 0.9), rate: rate, batchSize: batchSize, decay: .towardsStart(0.01))
    case .weightDecay:
      LinearOptimizer(
        .descent(momentum: 0.9), rate: rate, batchSize: batchSize, decay: .towardsZero(0.01))
    case .adam: LinearOptimizer(.adam, rate: 0.001, batchSize: batchSize)
    }
  }
}
