/// How the axes of a kernel are ordered.
public enum KernelOrder: String, Hashable, Sendable {
  /// Inputs × outputs; height × width × inputs × outputs: Keras on TensorFlow, and Anamorph.
  case inputsFirst
  /// Outputs × inputs; outputs × inputs × height × width: PyTorch, Caffe, Theano.
  case outputsFirst

  /// The order in words, for a kernel of `rank` axes.
  public func title(rank: Int) -> String {
    switch (self, rank) {
    case (.inputsFirst, 2): "(in,out)"
    case (.outputsFirst, 2): "(out,in)"
    case (.inputsFirst, 4): "HWIO"
    case (.outputsFirst, 4): "OIHW"
    case (.inputsFirst, _): "(…,in,out)"
    case (.outputsFirst, _): "(out,in,…)"
    }
  }

  /// The axes of an array in this order, listed in the other order.
  ///
  /// An axis i of the result is the axis `axes[i]` of the array.
  func axesInOtherOrder(rank: Int) -> [Int] {
    guard rank >= 2 else { return Array(0..<rank) }
    return switch self {
    case .outputsFirst: Array(2..<rank) + [1, 0]
    case .inputsFirst: [rank - 1, rank - 2] + Array(0..<rank - 2)
    }
  }
}

/// `values` of `shape`, the last axis running fastest, with the axes in another order.
///
/// - Precondition: `axes` are the axes of `shape` in some order, and there are as many values as
///   `shape` says.
func permuted(_ values: [Double], shape: [Int], axes: [Int]) -> [Double] {
  precondition(
    axes.sorted() == Array(shape.indices) && values.count == shape.reduce(1, *),
    "axes \(axes) of \(values.count) values of shape \(shape)")
  guard !values.isEmpty, axes != Array(shape.indices) else { return values }
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * shape[axis + 1]
  }
  let extents = axes.map { shape[$0] }
  let steps = axes.map { strides[$0] }
  var result: [Double] = []
  result.reserveCapacity(values.count)
  var index = [Int](repeating: 0, count: shape.count)
  var offset = 0
  while true {
    result.append(values[offset])
    var axis = shape.count - 1
    while true {
      index[axis] += 1
      offset += steps[axis]
      if index[axis] < extents[axis] { break }
      offset -= steps[axis] * extents[axis]
      index[axis] = 0
      if axis == 0 { return result }
      axis -= 1
    }
  }
}
