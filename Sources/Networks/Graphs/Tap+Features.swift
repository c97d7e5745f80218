extension Tap {
  /// How many features an example has here: all values of a vector, the channels of an image.
  public var featureCount: Int { shape.count == 3 ? shape[2] : size }

  /// The features of `count` examples from the values recorded here: the values themselves, or the
  /// mean over positions of each channel of an image, summed in Float64.
  ///
  /// - Precondition: `values` holds `count` examples.
  public func features(of values: UnsafeBufferPointer<Float>, count: Int) -> [Float] {
    precondition(values.count == count * size, "\(values.count) values for \(count) of \(size)")
    guard shape.count == 3 else { return Array(values) }
    let (positions, channels) = (shape[0] * shape[1], shape[2])
    var result: [Float] = []
    result.reserveCapacity(count * channels)
    for example in 0..<count {
      var sums = [Double](repeating: 0, count: channels)
      for position in 0..<positions {
        let start = example * size + position * channels
        for channel in 0..<channels { sums[channel] += Double(values[start + channel]) }
      }
      for sum in sums { result.append(Float(sum / Double(positions))) }
    }
    return result
  }
}
