/// A function applied to each number by itself.
public enum Activation: Hashable, Sendable {
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x where positive, `slope`·x elsewhere.
  case leakyRelu(slope: Float)
  /// `limit` from there on, x from `threshold` on, `slope`·(x − threshold) below: Keras's ReLU with
  /// all its settings.
  case rectifier(threshold: Float, slope: Float, limit: Float)
  /// x above `threshold`, 0 elsewhere.
  case thresholdedRelu(threshold: Float)
  /// x where positive, `alpha`·(eˣ − 1) elsewhere.
  case elu(alpha: Float)
  /// 1.0507…·x where positive, 1.0507…·1.6732…·(eˣ − 1) elsewhere.
  ///
  /// Klambauer et al., "Self-Normalizing Neural Networks", NIPS 2017.
  case selu
  /// x where positive, `alpha`·(e^(x/alpha) − 1) elsewhere.
  case celu(alpha: Float)
  /// x Φ(x), Φ the normal distribution's function.
  case gelu
  /// The approximation of x Φ(x) through the hyperbolic tangent:
  /// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
  case geluTanh
  /// The approximation of x Φ(x) as x / (1 + e^(−1.702 x)), "quick GELU" in CLIP.
  case geluSigmoid
  /// x / (1 + e⁻ˣ), also called swish.
  case silu
  /// x tanh(ln(1 + eˣ)).
  case mish
  /// The hyperbolic tangent.
  case tanh
  /// min(max(x, −1), 1).
  case hardTanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// min(max(slope·x + offset, 0), 1): slope 0.2 and offset 0.5 in Keras 1 and 2, slope 1/6 and
  /// offset 0.5 in Keras 3 and PyTorch.
  case hardSigmoid(slope: Float, offset: Float)
  /// x min(max(x + 3, 0), 6) / 6.
  case hardSwish
  /// ln(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  /// eˣ.
  case exponential
  /// −ln(1 + e⁻ˣ).
  case logSigmoid
  /// x where |x| is above `threshold`, 0 elsewhere.
  case hardShrink(threshold: Float)
  /// x moved towards 0 by `threshold`, 0 where |x| is not above it.
  case softShrink(threshold: Float)
  /// x − tanh x.
  case tanhShrink
  /// |x|.
  case absolute
  /// √x; NaN below 0.
  case squareRoot
  /// x to the power of `exponent`.
  case power(exponent: Float)
  /// The natural logarithm; NaN below 0.
  case logarithm
  /// min(max(x, `low`), `high`).
  case clip(low: Float, high: Float)
}

extension Activation {
  /// Keras 1's and 2's `hard_sigmoid`.
  public static let kerasHardSigmoid = Activation.hardSigmoid(slope: 0.2, offset: 0.5)

  /// Keras 3's `hard_sigmoid` and PyTorch's `Hardsigmoid`.
  public static let hardSigmoid = Activation.hardSigmoid(slope: 1 / 6, offset: 0.5)
}
