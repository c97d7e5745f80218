import Checkpoints

/// Blocks of convolutions in torchvision's mobile networks: each convolution with a batch
/// normalisation and an activation, the last of a block without, and a sum with what the block reads
/// where shapes allow it.
struct InvertedResiduals {
  var epsilon: Float
  var momentum: Float
  var activation: Activation

  /// `name.0`, a convolution; `name.1`, its normalisation; the activation.
  func convolution(
    _ name: String, to input: Int, strides: Int = 1, activates: Bool = true,
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    var value = try builder.convolution("\(name).0", to: input, strides: strides)
    value = try builder.batchNormalization(
      "\(name).1", to: value, epsilon: epsilon, momentum: momentum)
    return activates ? try builder.activation("\(name).2", activation, to: value) : value
  }

  /// The members of `name.block`, in order: convolutions, and squeeze-and-excitation where there is
  /// a `fc1`. The first convolution with a window larger than 1 × 1 moves in strides.
  func block(
    _ name: String, to input: Int, strides: Int, _ inner: Activation, _ outer: Activation,
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    let count = builder.shapes.count(of: "\(name).block")
    guard count > 0 else {
      throw NetworkError(
        parameter: "\(name).block.0.0.weight", reason: "is missing; \(builder.title) needs it")
    }
    var value = input
    var hasMoved = strides == 1
    for index in 0..<count {
      let member = "\(name).block.\(index)"
      if builder.shapes.contains("\(member).fc1.weight") {
        value = try builder.squeezeExcitation(member, to: value, inner, outer)
        continue
      }
      let moves = !hasMoved && (builder.shapes["\(member).0.weight"]?.last ?? 1) > 1
      if moves { hasMoved = true }
      value = try convolution(
        member, to: value, strides: moves ? strides : 1, activates: index + 1 < count || count == 1,
        &builder)
    }
    guard strides == 1, builder.shape(of: value) == builder.shape(of: input) else { return value }
    return try builder.add(name, .add, to: [value, input])
  }
}
