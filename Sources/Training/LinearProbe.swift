import LinearAlgebra

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A linear probe: a classifier head fitted on frozen features.
///
/// The head minimises, over the kernel W (d × C) and the bias b (C),
/// ```
/// (1/n) Σᵢ −log softmax(xᵢ W + b)[yᵢ] + (λ/2) ‖W‖²
/// ```
/// where x are the features after one scalar mean and one scalar standard deviation, those of all
/// training features together, are taken out; the bias is not penalised. With mean cross-entropy, λ
/// is `1 / (C n)` in scikit-learn's terms. Every λ of a grid is fitted by ``LBFGS``, from strong to
/// weak, each from the solution before it; the one with the best accuracy on ID validation wins, the
/// stronger λ on a tie. Weights are mapped back to the features as they are.
///
/// Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
/// Out-of-Distribution" (2022), section 4.
public struct LinearProbe: Sendable {
  /// What is searched, and how hard.
  public struct Settings: Codable, Equatable, Sendable {
    /// The values of λ, from strong to weak.
    public var regularisation: [Double]

    /// The most iterations of L-BFGS for one λ.
    public var maximumIterations: Int

    /// Thirteen values from 10 to 10⁻⁵, evenly spaced in the logarithm.
    public static let defaultRegularisation = (0..<13).map { pow(10, 1 - Double($0) / 2) }

    /// Thirteen values from 10 to 10⁻⁵, evenly spaced in the logarithm.
    public init(
      regularisation: [Double] = Settings.defaultRegularisation,
      maximumIterations: Int = 500
    ) {
      self.regularisation = regularisation
      self.maximumIterations = maximumIterations
    }
  }

  /// One λ and what came of it.
  public struct Candidate: Codable, Equatable, Sendable {
    /// λ.
    public var regularisation: Double

    /// The share of validation examples classified correctly.
    public var validationAccuracy: Double

    /// The objective at the solution.
    public var objective: Double

    /// The largest absolute entry of the objective's gradient at the solution.
    public var gradientNorm: Double

    /// The iterations that L-BFGS took.
    public var iterations: Int
  }

  /// d × C, row by row: one row per feature, as a dense layer's kernel.
  public var kernel: [Float]

  /// C biases.
  public var bias: [Float]

  /// The λ chosen.
  public var regularisation: Double

  /// Every λ tried, in order.
  public var candidates: [Candidate]

  /// The candidate that was chosen.
  public var chosen: Candidate? { candidates.first { $0.regularisation == regularisation } }

  /// Fits a head on `training` and chooses λ by accuracy on `validation`.
  ///
  /// - Throws: ``TrainingError`` when a set is empty, has no labels or holds a number that is not
  ///   finite, or the widths differ.
  /// - Complexity: O(λs · iterations · n · d · C).
  public init(
    training: FeatureSet, validation: FeatureSet, classes: Int, settings: Settings = Settings()
  ) throws {
    let labels = try training.labels(below: classes)
    let validationLabels = try validation.labels(below: classes)
    guard training.width == validation.width else {
      throw TrainingError(
        "the training features are \(training.width) wide and the validation features "
          + "\(validation.width)")
    }
    guard !settings.regularisation.isEmpty else {
      throw TrainingError("the linear probe has no regularisation strengths to try")
    }
    guard settings.regularisation.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw TrainingError("regularisation strengths must not be negative")
    }
    try training.checkFinite()
    try validation.checkFinite()
    let (mean, deviation) = training.scalarMoments()
    let scale = deviation > 0 ? 1 / deviation : 1
    let inputs = training.standardised(mean: mean, scale: scale)
    let validationInputs = validation.standardised(mean: mean, scale: scale)
    let width = training.width

    var solver = LBFGS()
    solver.maximumIterations = settings.maximumIterations
    var weights = [Double](repeating: 0, count: (width + 1) * classes)
    var best: (candidate: Candidate, weights: [Double])?
    var candidates: [Candidate] = []
    for strength in settings.regularisation {
      let objective = LogisticObjective(
        inputs: inputs, labels: labels, classes: classes, regularisation: strength)
      let result = solver.minimize(from: weights) { objective.evaluate($0, gradient: &$1) }
      weights = result.point
      let candidate = Candidate(
        regularisation: strength,
        validationAccuracy: LogisticObjective.accuracy(
          weights, inputs: validationInputs, labels: validationLabels, classes: classes),
        objective: result.value, gradientNorm: result.gradientNorm, iterations: result.iterations)
      candidates.append(candidate)
      if candidate.validationAccuracy > best?.candidate.validationAccuracy ?? -1 {
        best = (candidate, weights)
      }
    }
    guard let best else { throw TrainingError("no regularisation strength gave a linear probe") }

    var bias = (0..<classes).map { best.weights[width * classes + $0] }
    for feature in 0..<width {
      for c in 0..<classes { bias[c] -= best.weights[feature * classes + c] * scale * mean }
    }
    self.kernel = best.weights[0..<width * classes].map { Float($0 * scale) }
    self.bias = bias.map { Float($0) }
    self.regularisation = best.candidate.regularisation
    self.candidates = candidates
  }

  /// The class with the highest logit for each row of `features`.
  public func predictions(on features: FeatureSet) -> [Int] {
    LogisticObjective.predictions(
      kernel.map { Double($0) } + bias.map { Double($0) },
      inputs: features.standardised(mean: 0, scale: 1), classes: bias.count)
  }

  /// The share of `features` whose highest logit is at their label.
  ///
  /// - Throws: ``TrainingError`` when the set is empty, has no labels, or one is no class.
  public func accuracy(on features: FeatureSet) throws -> Double {
    let labels = try features.labels(below: bias.count)
    let correct = zip(predictions(on: features), labels).filter { $0 == $1 }.count
    return Double(correct) / Double(labels.count)
  }
}

/// Multinomial logistic regression: value and gradient of the penalised mean cross-entropy.
///
/// Weights are (d + 1) × C row by row, the bias last.
struct LogisticObjective {
  let inputs: Matrix
  let labels: [Int]
  let classes: Int
  let regularisation: Double

  func evaluate(_ weights: [Double], gradient: inout [Double]) -> Double {
    let width = inputs.columns
    var residual = Self.logits(weights, inputs: inputs, classes: classes)
    let share = 1 / Double(labels.count)
    var loss = 0.0
    residual.values.withUnsafeMutableBufferPointer { values in
      for (row, label) in labels.enumerated() {
        let start = row * classes
        var highest = values[start]
        for c in 1..<classes { highest = max(highest, values[start + c]) }
        var sum = 0.0
        loss += highest - values[start + label]
        for c in 0..<classes {
          let power = exp(values[start + c] - highest)
          values[start + c] = power
          sum += power
        }
        loss += log(sum)
        for c in 0..<classes { values[start + c] *= share / sum }
        values[start + label] -= share
      }
    }
    let kernelGradient = inputs.transposedTimes(residual)
    var penalty = 0.0
    for index in 0..<width * classes {
      penalty += weights[index] * weights[index]
      gradient[index] = kernelGradient.values[index] + regularisation * weights[index]
    }
    for c in 0..<classes { gradient[width * classes + c] = 0 }
    for row in 0..<labels.count {
      for c in 0..<classes { gradient[width * classes + c] += residual[row, c] }
    }
    return loss * share + regularisation / 2 * penalty
  }

  static func logits(_ weights: [Double], inputs: Matrix, classes: Int) -> Matrix {
    let width = inputs.columns
    let kernel = Matrix(
      rows: width, columns: classes, values: Array(weights[0..<width * classes]))
    var logits = inputs * kernel
    logits.values.withUnsafeMutableBufferPointer { values in
      for row in 0..<inputs.rows {
        for c in 0..<classes { values[row * classes + c] += weights[width * classes + c] }
      }
    }
    return logits
  }

  static func predictions(_ weights: [Double], inputs: Matrix, classes: Int) -> [Int] {
    let logits = logits(weights, inputs: inputs, classes: classes)
    return (0..<inputs.rows).map { row in
      logits.values[row * classes..<(row + 1) * classes].indexOfLargest
    }
  }

  static func accuracy(
    _ weights: [Double], inputs: Matrix, labels: [Int], classes: Int
  ) -> Double {
    let predictions = predictions(weights, inputs: inputs, classes: classes)
    return Double(zip(predictions, labels).filter { $0 == $1 }.count) / Double(labels.count)
  }
}
