public import LinearAlgebra

/// What training did to a two-layer linear model, and how good the result is.
public struct LinearOutcome: Sendable {
  /// The trained model.
  public let model: LinearModel

  /// The OOD error ‖Bᵀ v − w*‖ at the end.
  public let oodError: Double

  /// The least OOD error at any recorded time: what stopping at the best moment would give.
  public let smallestOODError: Double

  /// The ID error ‖P_S (Bᵀ v − w*)‖ at the end, with P_S the projection on the span of the inputs.
  public let idError: Double

  /// ‖(B − B₀) P_S‖, the Frobenius norm of the features' change along the span of the inputs, at the
  /// end.
  public let changeInSpan: Double

  /// ‖(B − B₀) P_S⊥‖, the change along the complement: the largest at any recorded time.
  public let changeOutsideSpan: Double

  /// The largest entry of v vᵀ − B Bᵀ − (v₀ v₀ᵀ − B₀ B₀ᵀ), in magnitude, at any recorded time; gradient
  /// flow keeps it at 0.
  public let invariantDrift: Double

  /// Whether the loss on the examples came down to what was asked; `true` where nothing was asked.
  public let converged: Bool

  /// The size that rounding goes with: the largest ‖B‖ at any recorded time plus the length of the
  /// path that B took between recorded times.
  public let travel: Double

  /// Whether the features changed along the span of the inputs only: the change along the
  /// complement is rounding, below 10⁻¹² of ``travel``.
  public var isFrozenOutsideSpan: Bool { changeOutsideSpan <= 1e-12 * travel }
}

/// Watches a model in training and sums it up as a ``LinearOutcome``.
struct LinearObservation {
  private let problem: LinearProblem
  private let start: LinearModel
  private let startInvariant: Matrix
  private var last: LinearModel
  private var smallestOODError = Double.infinity
  private var changeOutsideSpan = 0.0
  private var invariantDrift = 0.0
  private var largestFeatures = 0.0
  private var pathLength = 0.0

  init(_ problem: LinearProblem, start: LinearModel) {
    self.problem = problem
    self.start = start
    startInvariant = Self.invariant(start)
    last = start
  }

  mutating func add(_ model: LinearModel) {
    largestFeatures = max(largestFeatures, model.features.frobeniusNorm)
    pathLength += (model.features - last.features).frobeniusNorm
    last = model
    smallestOODError = min(smallestOODError, Self.length(error(of: model)))
    let change = model.features - start.features
    changeOutsideSpan = max(changeOutsideSpan, (change * problem.complement).frobeniusNorm)
    let drift = Self.invariant(model) - startInvariant
    invariantDrift = max(invariantDrift, drift.values.reduce(0) { max($0, abs($1)) })
  }

  func outcome(converged: Bool) -> LinearOutcome {
    let error = error(of: last)
    return LinearOutcome(
      model: last, oodError: Self.length(error),
      smallestOODError: min(smallestOODError, Self.length(error)),
      idError: Self.length(problem.span.transposedTimes(error)),
      changeInSpan: ((last.features - start.features) * problem.span).frobeniusNorm,
      changeOutsideSpan: changeOutsideSpan, invariantDrift: invariantDrift, converged: converged,
      travel: largestFeatures + pathLength)
  }

  private func error(of model: LinearModel) -> [Double] {
    zip(model.weights, problem.signal).map { $0 - $1 }
  }

  private static func length(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }

  /// v vᵀ − B Bᵀ.
  private static func invariant(_ model: LinearModel) -> Matrix {
    let head = Matrix(rows: model.rank, columns: 1, values: model.head)
    return head.timesTransposed(head) - model.features.timesTransposed(model.features)
  }
}

extension LinearProblem {
  /// Linear probing: the head is fitted, the features stay (see ``probed()``).
  ///
  /// - Throws: ``LinearAlgebraError`` when a decomposition does not converge.
  public func probing() throws(LinearAlgebraError) -> LinearOutcome {
    // Fitting the head is no gradient flow: the invariant is counted from the fitted model.
    let model = try probed()
    var observation = LinearObservation(self, start: model)
    observation.add(model)
    return observation.outcome(converged: true)
  }

  /// Fine-tuning of head and features from `start`, by gradient flow.
  public func fineTuning(from start: LinearModel, flow: LinearFlow = LinearFlow()) -> LinearOutcome
  {
    var observation = LinearObservation(self, start: start)
    let result = flow.run(self, from: start) { _, model in observation.add(model) }
    return observation.outcome(converged: result.converged)
  }

  /// Fine-tuning of head and features from `start` in steps, recorded every `interval` steps.
  ///
  /// - Returns: The outcome, or `nil` when the training diverged.
  public func fineTuning(
    from start: LinearModel, by training: LinearTraining, seed: UInt64, interval: Int = 50
  ) -> LinearOutcome? {
    var observation = LinearObservation(self, start: start)
    let model = training.run(self, from: start, seed: seed, interval: interval) { _, model in
      observation.add(model)
    }
    return model == nil ? nil : observation.outcome(converged: true)
  }
}
