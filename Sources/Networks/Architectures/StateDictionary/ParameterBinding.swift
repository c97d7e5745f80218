import Checkpoints

/// Which array of a state dictionary fills a slot of a graph, and how its axes are turned.
struct ParameterBinding: Hashable, Sendable {
  /// How an array becomes the value of a slot.
  enum Conversion: Hashable, Sendable {
    /// The same numbers in the same order, under the slot's shape.
    case none
    /// From outputs first to inputs first: (out, in) to (in, out), OIHW to HWIO.
    case inputsFirst
    /// As ``inputsFirst``, of a dense layer after an image that was flattened channels first: the
    /// rows come from the order channel, height, width into the order height, width, channel.
    case inputsFirstOfFlattened(channels: Int)
    /// From position embeddings of a square grid to those of another grid; the first rows, which
    /// belong to no patch, stay.
    case interpolated(leading: Int, from: Extent, to: Extent)
  }

  /// The array's name, without what wrappers put before all of them.
  var name: String
  /// What is done to it.
  var conversion = Conversion.none

  /// Whether an array of `shape` becomes a value of the shape `slot`.
  func fits(_ shape: [Int], slot: [Int]) -> Bool {
    if case .interpolated(let leading, let source, let target) = conversion, let width = slot.last {
      return Operation.size(of: shape) == (leading + source.height * source.width) * width
        && Operation.size(of: slot) == (leading + target.height * target.width) * width
    }
    return Operation.size(of: shape) != nil && Operation.size(of: shape) == Operation.size(of: slot)
  }

  /// The numbers of `tensor` as the slot of `shape` wants them.
  ///
  /// - Precondition: the array has the size of the slot; builders check that.
  func converted(_ tensor: Tensor, to shape: [Int]) -> Tensor {
    let values = tensor.values
    let outputs = tensor.shape.first ?? 1
    guard outputs > 0, !values.isEmpty else { return Tensor(shape: shape, values: values) }
    switch conversion {
    case .interpolated(let leading, let source, let target):
      let resampled = BicubicGrid.resampled(
        tensor.values, leading: leading, from: source, to: target, width: shape.last ?? 1)
      return Tensor(shape: shape, values: resampled)
    case .none: return Tensor(shape: shape, values: values)
    case .inputsFirst:
      let inputs = tensor.shape.count > 1 ? tensor.shape[1] : 1
      let positions = values.count / max(outputs * inputs, 1)
      return Tensor(
        shape: shape,
        values: Self.inputsFirst(values, outputs, channels: inputs, positions: positions))
    case .inputsFirstOfFlattened(let channels):
      let positions = values.count / max(outputs * channels, 1)
      return Tensor(
        shape: shape,
        values: Self.inputsFirst(values, outputs, channels: channels, positions: positions))
    }
  }

  /// From outputs × channels × positions to positions × channels × outputs.
  private static func inputsFirst(
    _ values: [Float], _ outputs: Int, channels: Int, positions: Int
  ) -> [Float] {
    let inputs = channels * positions
    return [Float](unsafeUninitializedCapacity: values.count) { result, count in
      values.withUnsafeBufferPointer { source in
        // Blocks of outputs and inputs that fit into the first cache together.
        let block = 32
        for firstInput in stride(from: 0, to: inputs, by: block) {
          for firstOutput in stride(from: 0, to: outputs, by: block) {
            for input in firstInput..<min(firstInput + block, inputs) {
              let (channel, position) = input.quotientAndRemainder(dividingBy: positions)
              let row = (position * channels + channel) * outputs
              for output in firstOutput..<min(firstOutput + block, outputs) {
                result[row + output] = source[output * inputs + input]
              }
            }
          }
        }
      }
      count = values.count
    }
  }
}
