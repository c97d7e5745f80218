public import Checkpoints

/// A function applied to each number by itself.
public enum Activation: Hashable, Sendable {
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x where positive, `slope`·x elsewhere.
  case leakyRelu(slope: Float)
  /// x where positive, `alpha`·(eˣ − 1) elsewhere.
  case elu(alpha: Float)
  /// The hyperbolic tangent.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
}

/// A convolution, without its activation.
public struct Convolution: Hashable, Sendable {
  /// The filters' window.
  public var window: Window
  /// The number of filters; for a depthwise convolution, filters for each input channel.
  public var filters: Int
  /// How many groups input and output channels fall into; 1 when every filter sees every channel.
  public var groups: Int
  /// Whether each input channel has filters of its own (then `groups` has no meaning).
  public var isDepthwise: Bool
  /// Whether a number is added to each output channel.
  public var hasBias: Bool
  /// The role of the kernel: `.kernel`, `.depthwiseKernel` or `.pointwiseKernel`.
  public var kernelRole: Role

  /// A convolution of `filters` filters.
  public init(
    _ window: Window, filters: Int, groups: Int = 1, isDepthwise: Bool = false,
    hasBias: Bool = true, kernelRole: Role? = nil
  ) {
    self.window = window
    self.filters = filters
    self.groups = groups
    self.isDepthwise = isDepthwise
    self.hasBias = hasBias
    self.kernelRole = kernelRole ?? (isDepthwise ? .depthwiseKernel : .kernel)
  }
}

/// Normalisation of each channel over examples and positions:
/// `gamma (x − mean) / √(variance + epsilon) + beta`.
///
/// In training, mean and variance are those of the batch, the variance divided by n. The moving
/// average follows the variance divided by n − 1, as Keras 2's fused kernel and PyTorch do; Keras 3,
/// and Keras 2 for values that are not images, average the one divided by n.
public struct BatchNormalization: Hashable, Sendable {
  /// What is added to the variance.
  public var epsilon: Float
  /// The share of the old moving average that stays at each update.
  public var momentum: Float
  /// Whether there is a gamma.
  public var hasScale: Bool
  /// Whether there is a beta.
  public var hasShift: Bool

  /// A normalisation, by default with Keras's constants.
  public init(
    epsilon: Float = 0.001, momentum: Float = 0.99, hasScale: Bool = true, hasShift: Bool = true
  ) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.hasScale = hasScale
    self.hasShift = hasShift
  }
}

/// What a node of a graph computes from the values of other nodes.
public enum Operation: Hashable, Sendable {
  /// The network's input.
  case input
  /// `x W + b` over the last axis, with W inputs × outputs.
  case dense(outputs: Int, hasBias: Bool)
  /// Cross-correlation with a kernel of height × width × inputs × outputs, plus a bias.
  case convolution(Convolution)
  /// Normalisation over the last axis.
  case batchNormalization(BatchNormalization)
  /// A function of each number.
  case activation(Activation)
  /// eˣ over the sum of eˣ along the last axis.
  case softmax
  /// The largest value in each window.
  case maximumPooling(Window)
  /// The mean of the values in each window; padding does not count.
  case averagePooling(Window)
  /// The mean over all positions, with or without leaving axes of extent 1.
  case globalAveragePooling(keepsAxes: Bool)
  /// The largest value over all positions, with or without leaving axes of extent 1.
  case globalMaximumPooling(keepsAxes: Bool)
  /// The sum of two or more values of one shape.
  case add
  /// Rows and columns of zeros around an image.
  case zeroPadding(top: Int, bottom: Int, left: Int, right: Int)
  /// The same numbers under another shape, the last axis running fastest: `flatten` gives H, W, C.
  case reshape([Int])
  /// In training, zero with probability `rate` and otherwise divided by 1 − rate.
  case dropout(rate: Float)
}

extension Operation {
  /// The name of the kind in a few words, for messages.
  var kind: String {
    switch self {
    case .input: "input"
    case .dense: "dense"
    case .convolution(let convolution):
      convolution.isDepthwise ? "depthwise convolution" : "convolution"
    case .batchNormalization: "batch normalization"
    case .activation: "activation"
    case .softmax: "softmax"
    case .maximumPooling: "maximum pooling"
    case .averagePooling: "average pooling"
    case .globalAveragePooling: "global average pooling"
    case .globalMaximumPooling: "global maximum pooling"
    case .add: "addition"
    case .zeroPadding: "zero padding"
    case .reshape: "reshape"
    case .dropout: "dropout"
    }
  }
}
