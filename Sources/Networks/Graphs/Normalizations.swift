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

/// Normalisation of each example by itself over its last axes:
/// `gamma (x − mean) / √(variance + epsilon) + beta`, gamma and beta of the shape of those axes.
///
/// Ba, Kiros, Hinton, "Layer Normalization", 2016.
public struct LayerNormalization: Hashable, Sendable {
  /// Over how many of the last axes mean and variance are taken.
  public var axes: Int
  /// What is added to the variance.
  public var epsilon: Float
  /// Whether there is a gamma.
  public var hasScale: Bool
  /// Whether there is a beta.
  public var hasShift: Bool

  /// A normalisation, by default over the last axis (Keras adds 0.001 to the variance, PyTorch
  /// 0.00001, timm's vision transformers 0.000001).
  public init(
    axes: Int = 1, epsilon: Float = 0.001, hasScale: Bool = true, hasShift: Bool = true
  ) {
    self.axes = axes
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasShift = hasShift
  }
}

/// Normalisation of each example by itself over all positions and the channels of one group.
///
/// Groups are neighbouring channels of the last axis; gamma and beta have a number for each channel.
/// Wu, He, "Group Normalization", 2018; as many groups as channels is instance normalisation.
public struct GroupNormalization: Hashable, Sendable {
  /// How many groups the channels fall into.
  public var groups: Int
  /// What is added to the variance.
  public var epsilon: Float
  /// Whether there is a gamma.
  public var hasScale: Bool
  /// Whether there is a beta.
  public var hasShift: Bool

  /// A normalisation in `groups` groups.
  public init(
    groups: Int, epsilon: Float = 0.001, hasScale: Bool = true, hasShift: Bool = true
  ) {
    self.groups = groups
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasShift = hasShift
  }
}
