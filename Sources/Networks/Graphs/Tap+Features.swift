/// What becomes of a value with positions when it is recorded as features.
public enum FeaturePooling: String, Hashable, Sendable, CaseIterable {
  /// The mean over positions of each channel, summed in Float64: an example is a row of channels.
  case mean
  /// All values, in the order height, width, channel: an example is one long row.
  case flatten
  /// Each position is a row of channels; an example is as many rows as there are positions.
  case positions
}

extension Tap {
  /// How many features an example has here: all values of a vector, the channels of an image.
  public var featureCount: Int { featureCount(.mean) }

  /// How many features a row has.
  public func featureCount(_ pooling: FeaturePooling) -> Int {
    pooling == .flatten ? size : shape.last ?? 1
  }

  /// How many rows an example becomes.
  public func rowCount(_ pooling: FeaturePooling) -> Int {
    pooling == .positions ? positions : 1
  }

  /// The number of positions: 1 for a vector.
  private var positions: Int { shape.dropLast().reduce(1, *) }

  /// The features of `count` examples from the values recorded here: the values themselves, or the
  /// mean over positions of each channel of an image (of the channels of a sequence), summed in
  /// Float64.
  ///
  /// - Precondition: `values` holds `count` examples.
  public func features(
    of values: UnsafeBufferPointer<Float>, count: Int, pooling: FeaturePooling = .mean
  ) -> [Float] {
    precondition(values.count == count * size, "\(values.count) values for \(count) of \(size)")
    guard shape.count > 1, pooling == .mean else { return Array(values) }
    let channels = shape[shape.count - 1]
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

extension Graph {
  /// The places after each layer: its last node.
  public var layerTaps: [Tap] {
    var last: [String: Int] = [:]
    var order: [String] = []
    for (index, node) in nodes.enumerated() {
      if last.updateValue(index, forKey: node.layer) == nil { order.append(node.layer) }
    }
    return order.compactMap { last[$0] }.map(tap(at:))
  }
}
