import LinearAlgebra
import Randomness

/// Training of the two-layer linear model in steps, on the mean squared error of all examples or of
/// random batches of them.
public struct LinearTraining: Equatable, Sendable {
  /// How a step is made.
  public var optimizer: LinearOptimizer

  /// The number of steps.
  public var steps: Int

  /// Training by `optimizer` for `steps` steps.
  ///
  /// - Precondition: `steps >= 0`.
  public init(_ optimizer: LinearOptimizer, steps: Int) {
    precondition(steps >= 0, "\(steps) steps")
    self.optimizer = optimizer
    self.steps = steps
  }

  /// Trains `start` on the examples of `problem`; batches are drawn by `seed`.
  ///
  /// `observe` sees the model before the first step, after every `interval` steps, and at the end.
  ///
  /// - Returns: The trained model, or `nil` when a parameter is no longer finite: the learning rate
  ///   was too large for the problem.
  public func run(
    _ problem: LinearProblem, from start: LinearModel, seed: UInt64, interval: Int = 1,
    observe: (_ step: Int, _ model: LinearModel) -> Void = { _, _ in }
  ) -> LinearModel? {
    precondition(interval > 0, "an interval of \(interval) steps")
    var state = State(start: start.parameters)
    var gradient = BatchGradient(problem)
    var generator = SeededGenerator(seed: seed, "linear theory: batches")
    let count = problem.inputs.rows
    var batch = Array(0..<count)
    func model() -> LinearModel {
      LinearModel(parameters: state.parameters, rank: start.rank, dimension: start.dimension)
    }
    observe(0, model())
    for step in stride(from: 1, through: steps, by: 1) {
      if let size = optimizer.batchSize {
        batch = (0..<size).map { _ in generator.index(below: count) }
      }
      gradient.compute(at: state.parameters, batch: batch)
      state.step(optimizer, gradient: gradient.values)
      if step % interval == 0 || step == steps {
        guard state.parameters.allSatisfy(\.isFinite) else { return nil }
        observe(step, model())
      }
    }
    return model()
  }
}

/// Parameters and what an optimizer remembers about them.
private struct State {
  var parameters: [Double]
  private let start: [Double]
  private var first: [Double]
  private var second: [Double]
  private var firstShare = 1.0
  private var secondShare = 1.0

  init(start: [Double]) {
    parameters = start
    self.start = start
    first = [Double](repeating: 0, count: start.count)
    second = first
  }

  mutating func step(_ optimizer: LinearOptimizer, gradient: [Double]) {
    firstShare *= 0.9
    secondShare *= 0.999
    for index in parameters.indices {
      var slope = gradient[index]
      switch optimizer.decay {
      case .none: break
      case .towardsZero(let strength): slope += strength * parameters[index]
      case .towardsStart(let strength): slope += strength * (parameters[index] - start[index])
      }
      switch optimizer.rule {
      case .descent(let momentum):
        first[index] = momentum * first[index] + slope
        parameters[index] -= optimizer.rate * first[index]
      case .adam:
        first[index] = 0.9 * first[index] + 0.1 * slope
        second[index] = 0.999 * second[index] + 0.001 * slope * slope
        let scale = (second[index] / (1 - secondShare)).squareRoot() + 1e-8
        parameters[index] -= optimizer.rate * first[index] / (1 - firstShare) / scale
      }
    }
  }
}

/// The gradient of the mean squared error of a batch, example by example:
/// ∂/∂v = 2 B s and ∂/∂B = 2 v sᵀ, with s the mean of (vᵀ B x − y) x.
private struct BatchGradient {
  /// Laid out as ``LinearModel/parameters``.
  private(set) var values: [Double]
  private let problem: LinearProblem
  private var weights: [Double]
  private var slope: [Double]

  init(_ problem: LinearProblem) {
    self.problem = problem
    values = [Double](repeating: 0, count: problem.truth.rank * (problem.truth.dimension + 1))
    weights = [Double](repeating: 0, count: problem.truth.dimension)
    slope = weights
  }

  mutating func compute(at parameters: [Double], batch: [Int]) {
    let (rank, dimension) = (problem.truth.rank, problem.truth.dimension)
    for input in 0..<dimension {
      weights[input] = 0
      slope[input] = 0
    }
    for feature in 0..<rank {
      let (weight, row) = (parameters[feature], rank + feature * dimension)
      for input in 0..<dimension { weights[input] += weight * parameters[row + input] }
    }
    for example in batch {
      let row = example * dimension
      var residual = -problem.targets[example]
      for input in 0..<dimension { residual += weights[input] * problem.inputs.values[row + input] }
      for input in 0..<dimension { slope[input] += residual * problem.inputs.values[row + input] }
    }
    let factor = 2 / Double(batch.count)
    for feature in 0..<rank {
      let (weight, row) = (parameters[feature], rank + feature * dimension)
      var sum = 0.0
      for input in 0..<dimension {
        sum += parameters[row + input] * slope[input]
        values[row + input] = factor * weight * slope[input]
      }
      values[feature] = factor * sum
    }
  }
}
