/// A number, or the reason why there is none.
///
/// A measure that is 0/0 for its input says so; NaN never leaves this module.
public enum Measured: Equatable, Sendable {
  /// The value, always finite.
  case value(Double)

  /// Why there is no value, as a phrase: "the features before are constant".
  case undefined(String)

  /// A value, unless the arithmetic overflowed.
  public init(_ number: Double) {
    self = number.isFinite ? .value(number) : .undefined("the sums are not finite numbers")
  }

  /// The ratio of two numbers, or `reason` when the denominator is not positive.
  public init(_ numerator: Double, over denominator: Double, otherwise reason: String) {
    if denominator > 0 || !denominator.isFinite {
      self.init(numerator / denominator)
    } else {
      self = .undefined(reason)
    }
  }

  /// The value, when there is one.
  public var number: Double? {
    if case .value(let number) = self { number } else { nil }
  }

  /// Why there is none, when there is none.
  public var reason: String? {
    if case .undefined(let reason) = self { reason } else { nil }
  }

  /// The value after `transform`; a reason stays what it is.
  public func map(_ transform: (Double) -> Double) -> Measured {
    switch self {
    case .value(let number): Measured(transform(number))
    case .undefined: self
    }
  }
}

extension Measured: CustomStringConvertible {
  /// The number with all its digits, or "undefined: " and the reason.
  public var description: String {
    switch self {
    case .value(let number): "\(number)"
    case .undefined(let reason): "undefined: \(reason)"
    }
  }
}
