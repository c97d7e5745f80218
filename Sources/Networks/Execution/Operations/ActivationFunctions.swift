import Glibc

extension Activation {
  /// The function at `x`.
  func value(_ x: Float) -> Float {
    switch self {
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    case .leakyRelu(let slope): x > 0 ? x : slope * x
    case .rectifier(let threshold, let slope, let limit):
      x >= limit ? limit : x >= threshold ? x : slope * (x - threshold)
    case .thresholdedRelu(let threshold): x > threshold ? x : 0
    case .elu(let alpha): x > 0 ? x : alpha * expm1f(x)
    case .selu: 1.050700987355480493 * (x > 0 ? x : 1.673263242354377285 * expm1f(x))
    case .celu(let alpha): x > 0 ? x : alpha * expm1f(x / alpha)
    case .gelu: Float(Double(x) * 0.5 * erfc(-Double(x) * 0.5.squareRoot()))
    case .geluTanh:
      0.5 * x * (1 + tanhf(0.797884560802865356 * (x + 0.044715 * x * x * x)))
    case .geluSigmoid: x / (1 + expf(-1.702 * x))
    case .silu: x / (1 + expf(-x))
    case .mish: x * tanhf(Self.softplus(x))
    case .tanh: tanhf(x)
    case .hardTanh: min(max(x, -1), 1)
    case .sigmoid: 1 / (1 + expf(-x))
    case .hardSigmoid(let slope, let offset): min(max(slope * x + offset, 0), 1)
    case .hardSwish: x * min(max(x + 3, 0), 6) / 6
    case .softplus: Self.softplus(x)
    case .softsign: x / (1 + abs(x))
    case .exponential: expf(x)
    case .logSigmoid: -Self.softplus(-x)
    case .hardShrink(let threshold): abs(x) > threshold ? x : 0
    case .softShrink(let threshold):
      x > threshold ? x - threshold : x < -threshold ? x + threshold : 0
    case .tanhShrink: x - tanhf(x)
    case .absolute: abs(x)
    case .squareRoot: x.squareRoot()
    case .power(let exponent): exponent == 2 ? x * x : powf(x, exponent)
    case .logarithm: logf(x)
    case .clip(let low, let high): min(max(x, low), high)
    }
  }

  /// ln(1 + eˣ) without overflow.
  private static func softplus(_ x: Float) -> Float { max(x, 0) + log1pf(expf(-abs(x))) }
}

extension Compiler {
  /// An activation that oneDNN does not have.
  func plainActivation(_ index: Int, _ activation: Activation) {
    let (input, output) = (input(index), values[index])
    let total = count * graph.nodes[index].size
    program.append(
      PlainStep {
        for i in 0..<total { output.pointer[i] = activation.value(input.pointer[i]) }
      })
  }
}
