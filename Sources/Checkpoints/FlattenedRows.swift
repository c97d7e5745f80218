/// The dense kernels whose inputs are flattened images, and with how many channels.
///
/// PyTorch and Caffe flatten channels × height × width, Keras height × width × channels, so the rows
/// of such a kernel are in another order in each; the order of the places themselves is the same.
struct FlattenedRows {
  /// What is said of kernels whose rows were put in the order of `parameter`.
  static func words(to parameter: Checkpoint.Parameter) -> String {
    parameter.kernelOrder == .inputsFirst ? ", rows CHW → HWC" : ", rows HWC → CHW"
  }

  /// The channels of the convolution before each dense kernel, by the kernel's path.
  private var channels: [String: Int] = [:]

  /// Looks through `parameters` in model order for kernels of two axes right after convolutions.
  init(_ parameters: [Checkpoint.Parameter]) {
    var last: Int?
    for parameter in parameters where parameter.role.isKernel {
      let shape = parameter.shapeInputsFirst
      if shape.count >= 3 {
        last = shape.last
      } else if shape.count == 2 {
        if let last { channels[parameter.path] = last }
        last = nil
      }
    }
  }

  /// How the values of the second of `pair`, transposed to the axes of the first, get its order of
  /// rows; `nil` when neither is such a kernel, or both have one order.
  func rearrangement(of pair: CheckpointDifference.Pair) -> Rearrangement? {
    let (a, b) = (pair.before, pair.after)
    guard a.kernelOrder != b.kernelOrder, a.shape.count == 2,
      let count = channels[a.path] ?? channels[b.path], count > 1
    else { return nil }
    let (rows, outputs) = (a.shapeInputsFirst[0], a.shapeInputsFirst[1])
    guard rows > count, rows.isMultiple(of: count), a.count > 0 else { return nil }
    let places = rows / count
    return a.kernelOrder == .inputsFirst
      ? Rearrangement(
        view: [count, places, outputs], axes: [1, 0, 2], reversed: [], shape: a.shape)
      : Rearrangement(
        view: [outputs, places, count], axes: [0, 2, 1], reversed: [], shape: a.shape)
  }
}
