/// What repeated runs, usually over seeds, say about a number.
public enum Repetitions {
  /// The mean with its t interval, x̄ ± t(n−1) s/√n; no interval for fewer than two values.
  ///
  /// Assumes runs drawn independently; the interval is about the mean over seeds, not about a run.
  public static func mean(of values: [Double], level: Double = 0.95) -> Estimate {
    guard !values.isEmpty else {
      return Estimate(value: .undefined("there are no runs"), note: "there are no runs")
    }
    let mean = values.reduce(0, +) / Double(values.count)
    guard values.count > 1 else {
      return Estimate(value: Measured(mean), note: "one run has no interval")
    }
    guard let deviation = standardDeviation(of: values) else {
      return Estimate(value: Measured(mean), note: "a run is not a finite number")
    }
    return Estimate(
      value: mean, standardError: deviation / Double(values.count).squareRoot(),
      degreesOfFreedom: Double(values.count - 1), scale: .identity, level: level)
  }

  /// The standard deviation, divided by n − 1; `nil` for fewer than two values or for values that
  /// are not finite.
  public static func standardDeviation(of values: [Double]) -> Double? {
    guard values.count > 1 else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return deviation.isFinite ? deviation : nil
  }

  /// The quantile of a sample by linear interpolation between order statistics (type 7 of Hyndman
  /// and Fan, NumPy's default); `nil` for an empty sample.
  ///
  /// - Precondition: `0 <= probability <= 1`.
  public static func quantile(_ probability: Double, of values: [Double]) -> Double? {
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let position = probability * Double(sorted.count - 1)
    let below = min(Int(position), sorted.count - 1)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }

  /// The quantile of a randomisation test, by m draws of a null: the draw at place p (m + 1), rounded
  /// away from the median, so that a further draw lies beyond it with at most the chance of its tail:
  /// its p-value (b + 1)/(m + 1) is as small; `nil` for an empty sample.
  ///
  /// Places outside the sample are its ends: for 2.5 % it takes 39 draws. Davison and Hinkley,
  /// Bootstrap Methods and their Application (1997), section 4.2.
  ///
  /// - Precondition: `0 <= probability <= 1`.
  public static func randomisationQuantile(_ probability: Double, of draws: [Double]) -> Double? {
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    guard !draws.isEmpty else { return nil }
    let sorted = draws.sorted()
    if probability == 0.5 { return quantile(0.5, of: draws) }
    // p (m + 1) may be a whole number but for rounding.
    let place = probability * Double(sorted.count + 1)
    let rounded = probability < 0.5 ? (place + 1e-9).rounded(.down) : (place - 1e-9).rounded(.up)
    return sorted[min(max(Int(rounded) - 1, 0), sorted.count - 1)]
  }
}

/// The differences a − b between runs that share a seed.
public struct PairedDifferences: Equatable, Sendable {
  /// The mean difference, with its t interval.
  public let mean: Estimate

  /// In how many pairs a is the larger.
  public let positive: Int

  /// In how many pairs b is the larger.
  public let negative: Int

  /// In how many pairs they are equal.
  public let ties: Int

  /// The chance of at least as many positive signs, were both signs equally likely; ties are left
  /// out. 1 when there are only ties.
  public let positiveSignProbability: Double

  /// The chance of at least as uneven signs in either direction; 1 when there are only ties.
  public let twoSidedSignProbability: Double

  /// Pairs `a[i]` with `b[i]`.
  ///
  /// - Precondition: as many values in `a` as in `b`.
  public init(_ a: [Double], _ b: [Double], level: Double = 0.95) {
    precondition(a.count == b.count, "\(a.count) and \(b.count) runs cannot be paired")
    let differences = zip(a, b).map { $0 - $1 }
    mean = Repetitions.mean(of: differences, level: level)
    positive = differences.count { $0 > 0 }
    negative = differences.count { $0 < 0 }
    ties = differences.count { $0 == 0 }
    let trials = positive + negative
    positiveSignProbability = Distribution.binomialUpperTail(successes: positive, trials: trials)
    twoSidedSignProbability = min(
      1,
      2 * Distribution.binomialUpperTail(successes: max(positive, negative), trials: trials))
  }
}
