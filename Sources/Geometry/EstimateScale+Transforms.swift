#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension EstimateScale {
  /// The value on this scale; `nil` where it has none.
  func transformed(_ value: Double) -> Double? {
    switch self {
    case .identity: return value
    case .logarithm: return value > 0 ? log(value) : nil
    case .fisherZ: return abs(value) < 1 ? atanh(value) : nil
    }
  }

  /// The value whose transform this is.
  func restored(_ transformed: Double) -> Double {
    switch self {
    case .identity: transformed
    case .logarithm: exp(transformed)
    case .fisherZ: tanh(transformed)
    }
  }
}
