#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Probabilities and quantiles of the distributions that intervals and nulls need.
///
/// Probabilities are good to about 1e-13 relative (1e-12 for degrees of freedom in the thousands);
/// quantiles invert them by bisection, to the last bits.
public enum Distribution {
  /// P(Z ≤ x) for a standard normal Z.
  public static func normalProbability(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }

  /// The x with P(Z ≤ x) = `probability`; infinite at 0 and 1.
  ///
  /// - Precondition: `0 <= probability <= 1`.
  public static func normalQuantile(_ probability: Double) -> Double {
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    if probability == 0 { return -.infinity }
    if probability == 1 { return .infinity }
    if probability > 0.5 { return -normalQuantile(1 - probability) }
    return root(from: -40, to: 0) { normalProbability($0) < probability }
  }

  /// P(T ≤ x) for Student's T.
  ///
  /// - Precondition: `degreesOfFreedom > 0`.
  public static func studentProbability(_ x: Double, degreesOfFreedom: Double) -> Double {
    precondition(degreesOfFreedom > 0, "\(degreesOfFreedom) degrees of freedom")
    let tail = studentTail(abs(x), degreesOfFreedom)
    return x > 0 ? 1 - tail : tail
  }

  /// The x with P(T ≤ x) = `probability`; infinite at 0 and 1.
  ///
  /// - Precondition: `0 <= probability <= 1` and `degreesOfFreedom > 0`.
  public static func studentQuantile(_ probability: Double, degreesOfFreedom: Double) -> Double {
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    precondition(degreesOfFreedom > 0, "\(degreesOfFreedom) degrees of freedom")
    if probability == 0.5 { return 0 }
    if probability == 0 { return -.infinity }
    if probability == 1 { return .infinity }
    let tail = min(probability, 1 - probability)
    var upper = 1.0
    while studentTail(upper, degreesOfFreedom) > tail, upper < 1e300 { upper *= 2 }
    let x = root(from: 0, to: upper) { studentTail($0, degreesOfFreedom) > tail }
    return probability < 0.5 ? -x : x
  }

  /// The regularised incomplete beta function I(x; a, b): P(B ≤ x) for B ~ Beta(a, b).
  ///
  /// - Precondition: `a > 0` and `b > 0`.
  public static func betaProbability(_ x: Double, _ a: Double, _ b: Double) -> Double {
    precondition(a > 0 && b > 0, "Beta(\(a), \(b)) does not exist")
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    return incompleteBeta(x, 1 - x, a, b)
  }

  /// The x with I(x; a, b) = `probability`.
  ///
  /// - Precondition: `0 <= probability <= 1`, `a > 0` and `b > 0`.
  public static func betaQuantile(_ probability: Double, _ a: Double, _ b: Double) -> Double {
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    return root(from: 0, to: 1) { betaProbability($0, a, b) < probability }
  }

  /// P(X ≥ successes) for X ~ Binomial(trials, probability): the chance of as many or more.
  ///
  /// Summed term by term; for probability ½ and up to 62 trials exact but for the last division.
  ///
  /// - Precondition: `0 <= successes`, `0 <= trials` and `0 <= probability <= 1`.
  public static func binomialUpperTail(
    successes: Int, trials: Int, probability: Double = 0.5
  ) -> Double {
    precondition(successes >= 0 && trials >= 0, "\(successes) of \(trials)")
    precondition(probability >= 0 && probability <= 1, "\(probability) is not a probability")
    if successes == 0 { return 1 }
    if successes > trials || probability == 0 { return 0 }
    if probability == 1 { return 1 }
    if probability == 0.5, trials <= 62 {
      var (choices, sum): (UInt64, UInt64) = (1, 0)
      for k in 0...trials - successes {
        sum += choices
        // C(n, k+1) = C(n, k) (n − k) / (k + 1), in 128 bits and without remainder.
        let product = choices.multipliedFullWidth(by: UInt64(trials - k))
        choices = UInt64(k + 1).dividingFullWidth(product).quotient
      }
      return Double(sum) / Double(UInt64(1) << UInt64(trials))
    }
    let (n, p) = (Double(trials), probability)
    var sum = 0.0
    for k in successes...trials {
      let x = Double(k)
      let choices = logGamma(n + 1) - logGamma(x + 1) - logGamma(n - x + 1)
      sum += exp(choices + x * log(p) + (n - x) * log1p(-p))
    }
    return min(1, sum)
  }

  /// P(T > x) for x ≥ 0.
  private static func studentTail(_ x: Double, _ freedom: Double) -> Double {
    if x.isInfinite { return 0 }
    let ratio = x * x / freedom
    return incompleteBeta(1 / (1 + ratio), ratio / (1 + ratio), freedom / 2, 0.5) / 2
  }

  /// I(x; a, b) with 1 − x given as `y`, so that x near 1 keeps its digits; by the continued
  /// fraction of Abramowitz and Stegun 26.5.8, evaluated with Lentz's method.
  private static func incompleteBeta(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if y <= 0 { return 1 }
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(y, x, b, a) }
    let front = exp(
      a * log(x) + b * log(y) + logGamma(a + b) - logGamma(a) - logGamma(b) - log(a))
    let tiny = 1e-300
    var (c, d) = (1.0, 1 - (a + b) * x / (a + 1))
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for step in 1...10_000 {
      let m = Double(step)
      for numerator in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 + numerator * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + numerator / c
        if abs(c) < tiny { c = tiny }
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-16 { break }
    }
    return front * fraction
  }

  private static func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
  }

  /// The point where `isBelow` turns from true to false, by bisection until the ends are adjacent.
  private static func root(
    from lower: Double, to upper: Double, where isBelow: (Double) -> Bool
  ) -> Double {
    var (lower, upper) = (lower, upper)
    for _ in 0..<2000 {
      let middle = lower + (upper - lower) / 2
      if middle <= lower || middle >= upper { break }
      if isBelow(middle) { lower = middle } else { upper = middle }
    }
    return lower + (upper - lower) / 2
  }
}
