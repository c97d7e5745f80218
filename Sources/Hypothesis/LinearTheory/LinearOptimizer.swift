/// How the two-layer linear model is trained in steps.
public struct LinearOptimizer: Equatable, Sendable {
  /// What becomes of a gradient.
  public enum Rule: Equatable, Sendable {
    /// u ← momentum · u + g, then p ← p − rate · u; momentum 0 is plain gradient descent.
    case descent(momentum: Double)

    /// Adam of Kingma and Ba (2015) with decay rates 0.9 and 0.999 and ε = 10⁻⁸: each coordinate has
    /// a step length of its own, which takes the update out of the span of the inputs.
    case adam
  }

  /// A pull that is added to the gradient.
  public enum Decay: Equatable, Sendable {
    /// None.
    case none

    /// Strength times the parameters: towards zero, in all directions.
    case towardsZero(Double)

    /// Strength times the change so far: towards the starting point (L2-SP of Li, Grandvalet and
    /// Davoine, 2018), so nothing where nothing has changed.
    case towardsStart(Double)
  }

  /// What becomes of a gradient.
  public var rule: Rule

  /// The length of a step.
  public var rate: Double

  /// How many examples, drawn with replacement, make one gradient; `nil` means all of them.
  public var batchSize: Int?

  /// A pull that is added to the gradient.
  public var decay: Decay

  /// An optimizer.
  ///
  /// - Precondition: `rate > 0`, and a batch has at least one example.
  public init(_ rule: Rule, rate: Double, batchSize: Int? = nil, decay: Decay = .none) {
    precondition(rate > 0, "a learning rate of \(rate)")
    precondition(batchSize.map { $0 > 0 } ?? true, "a batch of \(batchSize ?? 0) examples")
    self.rule = rule
    self.rate = rate
    self.batchSize = batchSize
    self.decay = decay
  }
}
