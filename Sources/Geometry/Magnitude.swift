/// The magnitudes of features whose fourth powers, summed over examples and features, Float64 holds with
/// all their digits.
private let usualMagnitudes = 1e-70...1e70

/// The largest magnitude among `values`; zero when there are none.
public func largestMagnitude(_ values: some Sequence<Double>) -> Double {
  values.reduce(0) { max($0, abs($1)) }
}

/// Refuses features whose largest magnitude is beyond 1e70, or not zero and below 1e-70.
///
/// - Throws: ``GeometryError/magnitude(side:largest:)``.
public func checkMagnitude(_ largest: Double, side: String) throws(GeometryError) {
  guard largest == 0 || usualMagnitudes.contains(largest) else {
    throw .magnitude(side: side, largest: largest)
  }
}

/// Refuses features by the largest of `values`.
func checkMagnitude(_ values: [Double], side: String) throws(GeometryError) {
  try checkMagnitude(largestMagnitude(values), side: side)
}
