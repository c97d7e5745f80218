/// Minimises a smooth function by the limited-memory BFGS method.
///
/// Nocedal and Wright, "Numerical Optimization" (2nd edition), algorithms 7.4 and 7.5, with a line
/// search for the strong Wolfe conditions (algorithms 3.5 and 3.6; bisection safeguards the cubic
/// interpolation). Deterministic: the same function and start give the same bits.
public struct LBFGS: Sendable {
  /// How many pairs of steps and gradient changes are remembered.
  public var memory = 10

  /// The most iterations taken.
  public var maximumIterations = 500

  /// The search ends when the largest absolute entry of the gradient is at most this.
  public var gradientTolerance = 1e-7

  /// The settings scikit-learn's users know, with a tighter tolerance.
  public init() {}

  /// Where a search ended.
  public struct Result: Sendable {
    /// The point reached.
    public var point: [Double]

    /// The function's value there.
    public var value: Double

    /// The largest absolute entry of the gradient there.
    public var gradientNorm: Double

    /// How many iterations were taken.
    public var iterations: Int

    /// Whether the gradient tolerance was met.
    public var converged: Bool
  }

  /// Searches from `start` for a minimum.
  ///
  /// - Parameter evaluate: Fills its second argument with the gradient at its first and returns the
  ///   value there.
  /// - Complexity: One or two evaluations per iteration, and O(memory · dimension) besides.
  public func minimize(
    from start: [Double], _ evaluate: ([Double], inout [Double]) throws -> Double
  ) rethrows -> Result {
    var point = start
    var gradient = [Double](repeating: 0, count: start.count)
    var value = try evaluate(point, &gradient)
    var pairs: [(step: [Double], change: [Double], curvature: Double)] = []
    var iterations = 0

    while largest(gradient) > gradientTolerance, iterations < maximumIterations {
      var direction = self.direction(against: gradient, pairs)
      var slope = dot(direction, gradient)
      if !(slope < 0) {
        pairs.removeAll()
        direction = gradient.map { -$0 }
        slope = dot(direction, gradient)
      }
      let first = pairs.isEmpty ? min(1, 1 / dot(gradient, gradient).squareRoot()) : 1
      guard
        let reached = try search(
          from: point, value, slope, along: direction, firstStep: first, evaluate)
      else { break }
      let step = zip(reached.point, point).map { $0 - $1 }
      let change = zip(reached.gradient, gradient).map { $0 - $1 }
      let curvature = dot(step, change)
      if curvature > 1e-300 {
        if pairs.count == memory { pairs.removeFirst() }
        pairs.append((step, change, curvature))
      }
      (point, value, gradient) = (reached.point, reached.value, reached.gradient)
      iterations += 1
    }
    let norm = largest(gradient)
    return Result(
      point: point, value: value, gradientNorm: norm, iterations: iterations,
      converged: norm <= gradientTolerance)
  }

  /// The two-loop recursion: minus the gradient, multiplied by the approximate inverse Hessian.
  private func direction(
    against gradient: [Double], _ pairs: [(step: [Double], change: [Double], curvature: Double)]
  ) -> [Double] {
    var direction = gradient.map { -$0 }
    var weights = [Double](repeating: 0, count: pairs.count)
    for (index, pair) in pairs.enumerated().reversed() {
      weights[index] = dot(pair.step, direction) / pair.curvature
      addScaled(pair.change, by: -weights[index], to: &direction)
    }
    if let last = pairs.last {
      let scale = last.curvature / dot(last.change, last.change)
      for index in direction.indices { direction[index] *= scale }
    }
    for (index, pair) in pairs.enumerated() {
      let weight = dot(pair.change, direction) / pair.curvature
      addScaled(pair.step, by: weights[index] - weight, to: &direction)
    }
    return direction
  }

  private struct Trial {
    var length: Double
    var point: [Double]
    var value: Double
    var slope: Double
    var gradient: [Double]
  }

  /// A point along `direction` that meets the strong Wolfe conditions, or the best one found; `nil`
  /// when no step lowers the value, which is where rounding ends a search.
  private func search(
    from point: [Double], _ value: Double, _ slope: Double, along direction: [Double],
    firstStep: Double, _ evaluate: ([Double], inout [Double]) throws -> Double
  ) rethrows -> Trial? {
    func trial(_ length: Double) throws -> Trial {
      var (moved, gradient) = (point, [Double](repeating: 0, count: point.count))
      addScaled(direction, by: length, to: &moved)
      let value = try evaluate(moved, &gradient)
      return Trial(
        length: length, point: moved, value: value, slope: dot(gradient, direction),
        gradient: gradient)
    }
    func lowersEnough(_ trial: Trial) -> Bool {
      trial.value <= value + 1e-4 * trial.length * slope
    }
    func isFlatEnough(_ trial: Trial) -> Bool { abs(trial.slope) <= -0.9 * slope }

    var low = Trial(length: 0, point: point, value: value, slope: slope, gradient: [])
    var high: Trial?
    var length = firstStep
    for _ in 0..<40 {
      let tried = try trial(length)
      if !tried.value.isFinite || !lowersEnough(tried)
        || (low.length > 0 && tried.value >= low.value)
      {
        high = tried
      } else if isFlatEnough(tried) {
        return tried
      } else if tried.slope * ((high?.length ?? .infinity) - low.length) >= 0 {
        high = low
        low = tried
      } else {
        low = tried
      }
      guard let high else {
        length *= 2
        continue
      }
      length = between(low.length, low.value, low.slope, high.length, high.value)
      if abs(high.length - low.length) < 1e-16 * max(1, low.length) { break }
    }
    return low.length > 0 && low.value < value ? low : nil
  }

  /// The minimum of the parabola through two trials, kept in the middle 80 % between them.
  private func between(
    _ low: Double, _ lowValue: Double, _ lowSlope: Double, _ high: Double, _ highValue: Double
  ) -> Double {
    let width = high - low
    let curvature = (highValue - lowValue - lowSlope * width) / (width * width)
    let step = -lowSlope / (2 * curvature)
    let share = step / width
    guard share.isFinite else { return low + width / 2 }
    return low + width * min(0.9, max(0.1, share))
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}

private func largest(_ vector: [Double]) -> Double {
  vector.reduce(0) { max($0, abs($1)) }
}

private func addScaled(_ x: [Double], by factor: Double, to y: inout [Double]) {
  for index in y.indices { y[index] += factor * x[index] }
}
