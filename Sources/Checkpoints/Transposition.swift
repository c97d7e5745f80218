/// How the values of a parameter are brought into the order of axes of another.
struct Transposition {
  /// What is said of kernels that are turned as Theano turns them.
  static let turn = ", turned by 180 degrees"

  /// What was done, such as `OIHW → HWIO`; `nil` for nothing.
  let title: String?
  private let shape: [Int]
  private let axes: [Int]
  private let isOutputsFirst: Bool

  /// The way from `parameter` to `other`, or `nil` when their shapes do not allow a comparison.
  init?(of parameter: Checkpoint.Parameter, to other: Checkpoint.Parameter) {
    shape = parameter.shape
    isOutputsFirst = parameter.kernelOrder == .outputsFirst
    let rank = parameter.shape.count
    guard let from = parameter.kernelOrder, let to = other.kernelOrder, from != to, rank >= 2 else {
      guard parameter.shape == other.shape else { return nil }
      axes = Array(shape.indices)
      title = nil
      return
    }
    guard rank == other.shape.count, parameter.shapeInputsFirst == other.shapeInputsFirst else {
      return nil
    }
    var order = from.axesInOtherOrder(rank: rank)
    // A depthwise kernel of Keras has channels × 1 where one output for each group is 1 × channels.
    if other.role == .depthwiseKernel, from == .outputsFirst { order.swapAt(rank - 2, rank - 1) }
    if parameter.role == .depthwiseKernel, from == .inputsFirst { order.swapAt(0, 1) }
    axes = order
    title = "\(from.title(rank: rank)) → \(to.title(rank: rank))"
  }

  /// `values` in the other order and turned by 180 degrees in the axes that are places.
  func flipped(_ values: [Double]) -> [Double] {
    // Reversing all values turns every axis; those of inputs and outputs are then turned back.
    let rank = shape.count
    let channels = shape[0] == 0 ? [] : isOutputsFirst ? [0, 1] : [rank - 2, rank - 1]
    var strides = [Int](repeating: 1, count: rank)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let turned = values.indices.map { flat in
      var place = values.count - 1 - flat
      for axis in channels {
        let index = place / strides[axis] % shape[axis]
        place += (shape[axis] - 1 - 2 * index) * strides[axis]
      }
      return values[place]
    }
    return applied(to: turned)
  }

  /// `values` in the other order.
  func applied(to values: [Double]) -> [Double] { permuted(values, shape: shape, axes: axes) }
}

extension Checkpoint.Parameter {
  /// The extents as they are with inputs first, and a depthwise kernel as one with groups.
  var shapeInputsFirst: [Int] {
    guard shape.count >= 2 else { return shape }
    if kernelOrder == .outputsFirst {
      return KernelOrder.outputsFirst.axesInOtherOrder(rank: shape.count).map { shape[$0] }
    }
    guard role == .depthwiseKernel, shape.count >= 3, shape.last == 1 else { return shape }
    var turned = shape
    turned.swapAt(shape.count - 2, shape.count - 1)
    return turned
  }
}

extension Checkpoint {
  /// The name of the head: the innermost layer of the last kernel in model order.
  ///
  /// Where the order is not recorded, the last kernel of two axes whose layer is called as heads
  /// are (`fc`, `classifier`, `head`, …), or `nil`.
  public var head: String? {
    let kernels = parameters.filter { $0.role == .kernel }
    if orderIsRecorded { return kernels.last?.innermostLayer }
    let names = ["fc", "classifier", "head", "heads", "logits", "output", "predictions", "linear"]
    return kernels.last { kernel in
      kernel.shape.count == 2
        && kernel.layer.split { $0 == "." || $0 == "/" }.contains {
          names.contains($0.lowercased())
        }
    }?.innermostLayer
  }
}
