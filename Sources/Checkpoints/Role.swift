/// What a parameter does in its layer.
public enum Role: Hashable, Sendable {
  /// The matrix or filter that multiplies the input: Keras orders dense kernels
  /// inputs × outputs and convolutions height × width × inputs × outputs.
  case kernel
  /// What is added to each output.
  case bias
  /// The scale of a normalisation.
  case gamma
  /// The shift of a normalisation.
  case beta
  /// The running mean of a batch normalisation, not trained by gradients.
  case movingMean
  /// The running variance of a batch normalisation, not trained by gradients.
  case movingVariance
  /// The per-channel filter of a depthwise or separable convolution.
  case depthwiseKernel
  /// The 1 × 1 filter of a separable convolution.
  case pointwiseKernel
  /// The matrix that multiplies the state of a recurrent layer.
  case recurrentKernel
  /// The rows of an embedding.
  case embeddings
  /// Anything else, under the name the file gives it.
  case other(String)
}

extension Role {
  /// The role that a Keras weight name says: its last component, without `:0` and without the
  /// layer's name in front of it (`dense_1_W:0`, as Keras 1 wrote).
  ///
  /// `W` and `b` are the names of Keras 1; `weight` and `running_mean` those of other libraries.
  public init(weightName: String) {
    let name = Self.withoutNumber(weightName.split(separator: "/").last ?? weightName[...])
    if let role = Self.named[name] {
      self = role
    } else if let (_, role) = Self.suffixes.first(where: { name.hasSuffix("_" + $0.0) }) {
      self = role
    } else {
      self = .other(name)
    }
  }

  /// `kernel` of `kernel:0`, as TensorFlow numbers the outputs of operations.
  static func withoutNumber(_ name: Substring) -> String {
    guard let colon = name.lastIndex(of: ":"), name[colon...].dropFirst().allSatisfy(\.isNumber)
    else { return String(name) }
    return String(name[..<colon])
  }

  /// The name in Keras's terms, which Anamorph's own layout uses for its datasets.
  public var name: String {
    switch self {
    case .kernel: "kernel"
    case .bias: "bias"
    case .gamma: "gamma"
    case .beta: "beta"
    case .movingMean: "moving_mean"
    case .movingVariance: "moving_variance"
    case .depthwiseKernel: "depthwise_kernel"
    case .pointwiseKernel: "pointwise_kernel"
    case .recurrentKernel: "recurrent_kernel"
    case .embeddings: "embeddings"
    case .other(let name): name
    }
  }

  /// Whether gradients never change it: the running statistics of a batch normalisation.
  /// (and the count of batches that PyTorch keeps beside them).
  public var isStatistic: Bool {
    self == .movingMean || self == .movingVariance || self == .batchCount
  }

  /// The count of batches that PyTorch keeps beside the statistics of a batch normalisation.
  static let batchCount = Role.other("num_batches_tracked")

  /// What Caffe divides the statistics of a batch normalisation by.
  static let movingFactor = Role.other("moving_factor")

  /// Whether it is an array whose axes are inputs and outputs in an order that layouts disagree on.
  var isKernel: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .recurrentKernel: true
    default: false
    }
  }

  /// The role whose ``name`` is `name`.
  public init(exactly name: String) {
    self = Self.all.first { $0.name == name } ?? .other(name)
  }

  private static let all: [Role] = [
    .kernel, .bias, .gamma, .beta, .movingMean, .movingVariance, .depthwiseKernel,
    .pointwiseKernel, .recurrentKernel, .embeddings,
  ]

  private static let named: [String: Role] = [
    "kernel": .kernel, "W": .kernel, "weight": .kernel, "bias": .bias, "b": .bias,
    "gamma": .gamma, "beta": .beta, "moving_mean": .movingMean, "running_mean": .movingMean,
    "moving_variance": .movingVariance, "running_var": .movingVariance,
    "running_variance": .movingVariance, "running_std": .movingVariance,
    "depthwise_kernel": .depthwiseKernel, "pointwise_kernel": .pointwiseKernel,
    "recurrent_kernel": .recurrentKernel, "embeddings": .embeddings,
  ]

  /// Longest first, so that `depthwise_kernel` is not taken for `kernel`.
  private static let suffixes = named.map { ($0.key, $0.value) }.sorted {
    ($0.0.count, $0.0) > ($1.0.count, $1.0)
  }
}

extension Role: CustomStringConvertible {
  /// The name in Keras's terms.
  public var description: String { name }
}
