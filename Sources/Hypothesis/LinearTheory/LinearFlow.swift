import LinearAlgebra

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Gradient flow of the two-layer linear model, the limit of gradient descent at small steps.
///
/// Integrates d(v, B)/dt = −∇L with the pair of Runge and Kutta formulas of orders 5 and 4 by
/// Dormand and Prince ("A family of embedded Runge-Kutta formulae", 1980), in all k + k·d
/// coordinates. A step is accepted when the estimated error of every coordinate is below
/// ``tolerance``; the last slope of a step is the first of the next.
public struct LinearFlow: Equatable, Sendable {
  /// The largest estimated error of a coordinate in one step.
  public var tolerance = 1e-9

  /// The mean squared error on the examples, as a share of max(1, ‖w*‖²), at which the flow counts as
  /// finished.
  public var lossTolerance = 1e-16

  /// The time at which the flow is given up.
  public var latestTime = 1e8

  /// The number of steps, accepted or not, after which the flow is given up.
  public var stepLimit = 50_000

  /// The defaults.
  public init() {}

  /// Follows the flow from `start`, calling `observe` with the time and the model at the beginning
  /// and after every accepted step.
  ///
  /// - Returns: The last model, whether its loss came below ``lossTolerance``, and the number of
  ///   accepted steps.
  public func run(
    _ problem: LinearProblem, from start: LinearModel,
    observe: (_ time: Double, _ model: LinearModel) -> Void = { _, _ in }
  ) -> (model: LinearModel, converged: Bool, steps: Int) {
    let objective = LinearObjective(problem)
    let goal = lossTolerance * max(1, dot(problem.signal, problem.signal))
    var integration = DormandPrince(objective, start: start.parameters)
    func model() -> LinearModel {
      LinearModel(
        parameters: integration.position, rank: objective.rank, dimension: objective.dimension)
    }
    var (time, length, steps) = (0.0, 1e-3, 0)
    observe(time, model())
    for _ in 0..<stepLimit {
      if integration.loss < goal { return (model(), true, steps) }
      if time > latestTime { break }
      let error = integration.attempt(length)
      if error < tolerance || length < 1e-13 {
        integration.accept()
        time += length
        steps += 1
        observe(time, model())
      }
      let factor = error > 0 ? 0.9 * root(tolerance / error) : 4
      length *= factor.isFinite ? min(4, max(0.2, factor)) : 0.2
    }
    return (model(), integration.loss < goal, steps)
  }

  /// The fifth root, by which the step length follows the error of a method of order 4.
  private func root(_ value: Double) -> Double { pow(value, 0.2) }
}

/// The state of an integration: a position, the slopes of the current step, a proposal.
private struct DormandPrince {
  private let objective: LinearObjective
  private(set) var position: [Double]
  private var proposal: [Double]

  /// The loss at `position`.
  private(set) var loss: Double
  private var proposedLoss = 0.0

  /// Seven slopes, one after the other.
  private var slopes: [Double]
  private var scratch: [Double]

  /// The weights of the earlier slopes in each stage; the last row gives the step itself.
  private static let stages: [[Double]] = [
    [1.0 / 5],
    [3.0 / 40, 9.0 / 40],
    [44.0 / 45, -56.0 / 15, 32.0 / 9],
    [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
    [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
    [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
  ]

  /// The fifth-order weights less the fourth-order ones.
  private static let errorWeights: [Double] = [
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
  ]

  init(_ objective: LinearObjective, start: [Double]) {
    self.objective = objective
    position = start
    proposal = start
    slopes = [Double](repeating: 0, count: 7 * start.count)
    scratch = [Double](repeating: 0, count: objective.scratchCount)
    loss = 0
    loss = slope(at: start, stage: 0)
  }

  /// Proposes a step of `length` and returns the largest error estimate of a coordinate.
  mutating func attempt(_ length: Double) -> Double {
    for (stage, weights) in Self.stages.enumerated() {
      proposal = position
      combine(weights.map { length * $0 }, into: &proposal)
      proposedLoss = slope(at: proposal, stage: stage + 1)
    }
    var errors = [Double](repeating: 0, count: position.count)
    combine(Self.errorWeights.map { length * $0 }, into: &errors)
    var largest = 0.0
    for error in errors {
      // A comparison with NaN is false: an overflow must not pass for a small error.
      guard error.isFinite else { return .infinity }
      largest = max(largest, abs(error))
    }
    return largest
  }

  /// Moves to the proposal.
  mutating func accept() {
    swap(&position, &proposal)
    loss = proposedLoss
    let count = position.count
    for index in 0..<count { slopes[index] = slopes[6 * count + index] }
  }

  private func combine(_ weights: [Double], into sum: inout [Double]) {
    let count = sum.count
    slopes.withUnsafeBufferPointer { slopes in
      sum.withUnsafeMutableBufferPointer { sum in
        for (stage, weight) in weights.enumerated() where weight != 0 {
          let offset = stage * count
          for index in 0..<count { sum[index] += weight * slopes[offset + index] }
        }
      }
    }
  }

  private mutating func slope(at point: [Double], stage: Int) -> Double {
    let objective = objective
    return slopes.withUnsafeMutableBufferPointer { slopes in
      scratch.withUnsafeMutableBufferPointer { scratch in
        point.withUnsafeBufferPointer { point in
          guard let slopes = slopes.baseAddress, let scratch = scratch.baseAddress,
            let point = point.baseAddress
          else { return 0 }
          return objective.descend(
            from: point, into: slopes + stage * objective.parameterCount, scratch: scratch)
        }
      }
    }
  }
}
