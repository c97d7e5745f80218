import LinearAlgebra

/// The mean squared error of the two-layer linear model on all examples, and how to descend it.
///
/// With e = Bᵀ v − w* and G = XᵀX / n the loss is L = eᵀ G e, and with g = 2 G e
///
///     −∂L/∂v = −B g        −∂L/∂B = −v gᵀ
///
/// Dividing the sum of squares by n changes the time scale of gradient flow and nothing else. All
/// k·d coordinates of B are kept: that −v gᵀ has its rows in the span of the inputs is what the
/// theory claims, so nothing here assumes it.
///
/// Parameters are laid out as in ``LinearModel/parameters``.
struct LinearObjective {
  let rank: Int
  let dimension: Int

  /// G, d × d, row by row.
  private let gram: [Double]

  /// w*.
  private let signal: [Double]

  init(_ problem: LinearProblem) {
    rank = problem.truth.rank
    dimension = problem.truth.dimension
    let count = Double(problem.inputs.rows)
    gram = problem.inputs.gram.values.map { $0 / count }
    signal = problem.signal
  }

  /// The number of parameters, k + k·d.
  var parameterCount: Int { rank * (dimension + 1) }

  /// Writes the direction of steepest descent at `parameters` to `descent`, and returns the loss.
  func descend(
    from parameters: UnsafePointer<Double>, into descent: UnsafeMutablePointer<Double>,
    scratch: UnsafeMutablePointer<Double>
  ) -> Double {
    let (features, featureDescent) = (parameters + rank, descent + rank)
    let (error, slope) = (scratch, scratch + dimension)
    for input in 0..<dimension {
      error[input] = -signal[input]
      slope[input] = 0
    }
    for feature in 0..<rank {
      let (weight, row) = (parameters[feature], features + feature * dimension)
      for input in 0..<dimension { error[input] += weight * row[input] }
    }
    gram.withUnsafeBufferPointer { gram in
      for input in 0..<dimension {
        let (factor, row) = (error[input], input * dimension)
        for other in 0..<dimension { slope[other] += factor * gram[row + other] }
      }
    }
    var loss = 0.0
    for input in 0..<dimension { loss += error[input] * slope[input] }
    for input in 0..<dimension { slope[input] *= 2 }
    for feature in 0..<rank {
      let row = feature * dimension
      let weight = parameters[feature]
      var sum = 0.0
      for input in 0..<dimension {
        sum += features[row + input] * slope[input]
        featureDescent[row + input] = -weight * slope[input]
      }
      descent[feature] = -sum
    }
    return loss
  }

  /// The number of values that ``descend(from:into:scratch:)`` wants as scratch space.
  var scratchCount: Int { 2 * dimension }
}
