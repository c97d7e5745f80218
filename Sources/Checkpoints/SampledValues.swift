#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Some values of a parameter, made ready to be compared with those of many others.
struct SampledValues {
  /// How many values of a parameter are looked at.
  static let mostTaken = 512

  private let values: [Double]
  /// The values less their mean, divided by their length; empty when they are all the same.
  private let direction: [Double]

  init(_ values: [Double]) {
    self.values = values
    let mean = values.reduce(0, +) / Double(max(1, values.count))
    let centred = values.map { $0 - mean }
    let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let isConstant = values.allSatisfy { $0 == values.first }
    direction = isConstant || !length.isFinite || length == 0 ? [] : centred.map { $0 / length }
  }

  /// How much the values say that both are one parameter before and after: 1 − angle/90° of the
  /// values less their means; 1 for equal values, 0 where they say nothing.
  ///
  /// They say nothing when the cosine is below 0.5 or below what chance gives (3/√n, three standard
  /// deviations of the cosine of n independent values), which none of fewer than ten can exceed; nor
  /// are values that are all 0 or all 1 any evidence, as parameters begin like that.
  func likeness(to other: SampledValues) -> Double {
    guard values.count == other.values.count, let first = values.first else { return 0 }
    if values == other.values {
      return direction.isEmpty && (first == 0 || first == 1 || !first.isFinite) ? 0 : 1
    }
    guard !direction.isEmpty, !other.direction.isEmpty else { return 0 }
    let cosine = zip(direction, other.direction).reduce(0) { $0 + $1.0 * $1.1 }
    guard cosine >= max(0.5, 3 / Double(values.count).squareRoot()) else { return 0 }
    return max(0, 1 - acos(min(1, cosine)) / (.pi / 2))
  }
}
