public import HDF5

/// How values are rounded to a floating-point element type: to the nearest, ties to even.
public struct Rounding: Equatable, Sendable {
  /// The bits of the significand after its leading one.
  private let bits: Int
  /// The exponent of the least normal number; smaller values have its spacing.
  private let leastExponent: Int
  /// The greatest finite value.
  private let largest: Double

  /// The rounding of `type`; `nil` for types that are not floating point.
  public init?(to type: ElementType) {
    switch type {
    case .float16: (bits, leastExponent, largest) = (10, -14, 65504)
    case .bfloat16: (bits, leastExponent, largest) = (7, -126, 0x1.FEp127)
    case .float32:
      (bits, leastExponent, largest) = (23, -126, Double(Float.greatestFiniteMagnitude))
    case .float64: (bits, leastExponent, largest) = (52, -1022, .greatestFiniteMagnitude)
    default: return nil
    }
  }

  /// The distance from `value` to the next number of the type away from zero, as the spacing of
  /// numbers of that size.
  public func spacing(at value: Double) -> Double {
    let exponent = value == 0 || !value.isFinite ? leastExponent : Int(value.exponent)
    return Double(
      sign: .plus, exponent: max(exponent, leastExponent) - bits, significand: 1)
  }

  /// `value` as the type holds it.
  public func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    let spacing = spacing(at: value)
    // The quotient has at most `bits` + 1 bits before the point, and division by a power of two is
    // exact.
    let nearest = (value / spacing).rounded(.toNearestOrEven) * spacing
    return nearest.magnitude > largest ? (value < 0 ? -.infinity : .infinity) : nearest
  }

  /// The root mean square of the error that rounding leaves in `values`, taken as uniform between
  /// half a spacing below and above; values that are not finite are left out.
  public func error(in values: [Double]) -> Double {
    var (sum, count) = (0.0, 0)
    for value in values where value.isFinite {
      let spacing = spacing(at: value)
      sum += spacing * spacing
      count += 1
    }
    return count == 0 ? 0 : (sum / Double(12 * count)).squareRoot()
  }

  /// Whether every value of `exact`, rounded, is the value in `stored`; NaN counts as equal to NaN.
  ///
  /// - Precondition: there are as many of both.
  func takes(_ exact: [Double], to stored: [Double]) -> Bool {
    precondition(exact.count == stored.count, "\(exact.count) and \(stored.count) values")
    return zip(exact, stored).allSatisfy { value, kept in
      value.isNaN ? kept.isNaN : rounded(value) == kept
    }
  }
}
