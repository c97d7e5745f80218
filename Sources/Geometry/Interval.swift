/// An interval meant to hold the truth with probability `level`.
public struct Interval: Equatable, Sendable {
  /// The lower end.
  public var lower: Double

  /// The upper end.
  public var upper: Double

  /// The confidence level, between 0 and 1.
  public var level: Double

  /// An interval with the given ends.
  ///
  /// - Precondition: `0 < level < 1`.
  public init(lower: Double, upper: Double, level: Double) {
    precondition(level > 0 && level < 1, "\(level) is not a confidence level")
    self.lower = lower
    self.upper = upper
    self.level = level
  }

  /// Whether `value` lies in the interval, ends included.
  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}

/// The scale on which an interval is symmetric.
public enum EstimateScale: Equatable, Sendable {
  /// The value itself.
  case identity

  /// The logarithm, for what is positive and compared by ratios.
  case logarithm

  /// Fisher's z = artanh, for similarities between −1 and 1.
  case fisherZ
}

/// A measured value with its interval, or why it has none.
public struct Estimate: Equatable, Sendable {
  /// The value from all examples.
  public var value: Measured

  /// The standard error on ``scale``.
  public var standardError: Double?

  /// The degrees of freedom behind the standard error.
  public var degreesOfFreedom: Double?

  /// The scale on which the interval is symmetric.
  public var scale: EstimateScale

  /// The interval, when there is one.
  public var interval: Interval?

  /// Why there is no interval, when there is none.
  public var note: String?

  /// A value without an interval.
  public init(value: Measured, note: String) {
    self.value = value
    self.scale = .identity
    self.note = note
  }

  /// A value with a t interval, symmetric on `scale`.
  ///
  /// Where the scale does not hold the value (the logarithm of something that is not positive, the z
  /// of ±1), there is no interval.
  public init(
    value: Double, standardError: Double, degreesOfFreedom: Double, scale: EstimateScale,
    level: Double
  ) {
    self.init(
      value: value, standardError: standardError, degreesOfFreedom: degreesOfFreedom,
      scale: scale, level: level,
      quantile: Distribution.studentQuantile((1 + level) / 2, degreesOfFreedom: degreesOfFreedom))
  }

  /// A value with a t interval whose quantile is known already.
  init(
    value: Double, standardError: Double, degreesOfFreedom: Double, scale: EstimateScale,
    level: Double, quantile: Double
  ) {
    self.value = Measured(value)
    self.standardError = standardError
    self.degreesOfFreedom = degreesOfFreedom
    self.scale = scale
    guard let centre = scale.transformed(value), standardError.isFinite else {
      note = "the value lies outside the scale of the interval"
      return
    }
    interval = Interval(
      lower: scale.restored(centre - quantile * standardError),
      upper: scale.restored(centre + quantile * standardError), level: level)
  }
}
