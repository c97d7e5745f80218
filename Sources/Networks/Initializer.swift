public import Checkpoints
public import Randomness

/// How the parameters of a new layer are drawn.
///
/// Whatever the rule, biases and betas start at 0 (except as stated), gammas and moving variances
/// at 1, moving means at 0.
public enum Initializer: String, Hashable, Sendable, CaseIterable {
  /// Kernels normal with mean 0 and variance 2 / fan-in.
  ///
  /// He et al., "Delving Deep into Rectifiers", ICCV 2015, eq. 10.
  case heNormal = "he-normal"

  /// Kernels uniform in ±1/√fan-in.
  case uniform

  /// Everything 0.
  case zeros

  /// Values for one slot, drawn from `generator`.
  public func tensor(
    for slot: ParameterSlot, using generator: inout SeededGenerator
  ) -> Tensor {
    var tensor = Tensor(shape: slot.shape)
    switch slot.role {
    case .gamma, .movingVariance: return Tensor(shape: slot.shape, repeating: 1)
    case .kernel, .depthwiseKernel, .pointwiseKernel: break
    default: return tensor
    }
    let fanIn = Double(max(slot.fanIn, 1))
    for index in tensor.values.indices {
      switch self {
      case .heNormal: tensor.values[index] = Float(generator.normal() * (2 / fanIn).squareRoot())
      case .uniform:
        let bound = 1 / fanIn.squareRoot()
        tensor.values[index] = Float(generator.uniform(-bound, bound))
      case .zeros: break
      }
    }
    return tensor
  }
}

extension ParameterSlot {
  /// How many inputs each output of a kernel is computed from.
  var fanIn: Int {
    role == .depthwiseKernel
      ? shape.prefix(2).reduce(1, *) : shape.dropLast().reduce(1, *)
  }
}
