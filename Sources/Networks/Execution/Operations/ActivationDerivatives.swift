import COneDNN
import Glibc

extension Activation {
  /// The function in oneDNN's terms whose derivative it computes, and whether from its output.
  var differentiated: (algorithm: dnnl_alg_kind_t, alpha: Float, beta: Float, fromOutput: Bool)? {
    switch self {
    case .hardSwish:
      (dnnl_eltwise_hardswish, conednn_hard_swish_slope(), conednn_hard_swish_offset(), false)
    case .mish: (dnnl_eltwise_mish, 0, 0, false)
    case .softplus: (dnnl_eltwise_soft_relu, conednn_softplus_scale(), 0, false)
    default: function
    }
  }

  /// The derivative at `x`, for functions that oneDNN does not have; at a corner, that on one side.
  func derivative(_ x: Float) -> Float {
    switch self {
    case .rectifier(let threshold, let slope, let limit):
      x >= limit ? 0 : x >= threshold ? 1 : slope
    case .thresholdedRelu(let threshold): x > threshold ? 1 : 0
    case .selu: x > 0 ? 1.050700987355480493 : 1.758099340847376624 * expf(x)
    case .celu(let alpha): x > 0 ? 1 : expf(x / alpha)
    case .hardSigmoid(let slope, let offset):
      0 < slope * x + offset && slope * x + offset < 1 ? slope : 0
    case .softsign: 1 / ((1 + abs(x)) * (1 + abs(x)))
    case .logSigmoid: 1 / (1 + expf(x))
    case .hardShrink(let threshold): abs(x) > threshold ? 1 : 0
    case .softShrink(let threshold): abs(x) > threshold ? 1 : 0
    case .tanhShrink: tanhf(x) * tanhf(x)
    case .absolute: x > 0 ? 1 : x < 0 ? -1 : 0
    case .squareRoot: 0.5 / x.squareRoot()
    case .power(let exponent): exponent * powf(x, exponent - 1)
    case .logarithm: 1 / x
    case .clip(let low, let high): low <= x && x <= high ? 1 : 0
    default: preconditionFailure("oneDNN has the derivative of \(self)")
    }
  }
}

extension BackwardCompiler {
  func activationBackward(
    _ index: Int, _ activation: Activation, _ gradient: Buffer
  ) throws(NetworkError) {
    let layer = forward.name(index)
    let engine = forward.engine
    let result = inputGradient(index)
    guard let function = activation.differentiated else {
      let input = forward.input(index)
      let total = forward.count * forward.graph.nodes[index].size
      program.append(
        PlainStep {
          for i in 0..<total {
            result.pointer[i] = gradient.pointer[i] * activation.derivative(input.pointer[i])
          }
        })
      return
    }
    let data = try forward.flat(forward.graph.nodes[index].shape, layer)
    let attributes = try Attributes(layer: layer)
    // A fused activation has no descriptor of its own yet.
    let hint = try PrimitiveDescriptor(layer: layer, "apply \(activation)") { result in
      conednn_elementwise_forward(
        &result, engine.handle, attributes.handle, dnnl_forward_training, function.algorithm,
        data.handle, function.alpha, function.beta)
    }
    let descriptor = try PrimitiveDescriptor(layer: layer, "differentiate \(activation)") { made in
      conednn_elementwise_backward(
        &made, engine.handle, attributes.handle, activation.backwardAlgorithm, data.handle,
        function.alpha, function.beta, hint.handle)
    }
    let value: (argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer) =
      function.fromOutput
      ? (DNNL_ARG_DST, data, forward.values[index]) : (DNNL_ARG_SRC, data, forward.input(index))
    program.append(
      try PrimitiveStep(
        descriptor, engine: engine,
        [value, (DNNL_ARG_DIFF_DST, data, gradient), (DNNL_ARG_DIFF_SRC, data, result)]))
  }
}
