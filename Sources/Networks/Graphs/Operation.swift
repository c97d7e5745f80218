public import Checkpoints

/// What a node of a graph computes from the values of other nodes.
///
/// Axes are those of one example, counted from 0; the last one is that of the channels.
public enum Operation: Hashable, Sendable {
  /// The network's input.
  case input

  // MARK: Products with parameters

  /// `x W + b` over the last axis, with W inputs × outputs.
  case dense(outputs: Int, hasBias: Bool)
  /// Cross-correlation with a kernel of height × width × inputs × outputs, plus a bias; on a value of
  /// steps × channels, with a kernel of steps × inputs × outputs.
  case convolution(Convolution)
  /// Cross-correlation over three axes.
  case volumeConvolution(VolumeConvolution)
  /// The transpose of a cross-correlation, over one to three axes.
  case transposedConvolution(TransposedConvolution)
  /// For each number, which is a whole one from 0 below `count`, that row of a table of
  /// `count` × `width`.
  case embedding(count: Int, width: Int)
  /// States that follow from each other step by step.
  case recurrence(Recurrence)
  /// Rows mixed by the softmax of their products.
  case attention(Attention)

  // MARK: Normalisations

  /// Normalisation over the last axis with running statistics.
  case batchNormalization(BatchNormalization)
  /// Normalisation of each example over its last axes.
  case layerNormalization(LayerNormalization)
  /// Normalisation of each example over groups of channels.
  case groupNormalization(GroupNormalization)
  /// `(x − mean) / max(√variance, 10⁻⁷)` with stored mean and variance, which gradients leave alone
  /// (Keras's Normalization); they have the given shape, which is stretched over the value.
  case standardization(shape: [Int])

  // MARK: Functions of numbers

  /// A function of each number.
  case activation(Activation)
  /// x where positive, α x elsewhere, α a parameter of the given shape, stretched over the value.
  case parametricRelu(shape: [Int])
  /// eˣ over the sum of eˣ along the last axis.
  case softmax
  /// `scale · x + offset`, each one number or one for each channel.
  case affine(scale: [Float], offset: [Float])
  /// The value plus a parameter of the given shape, stretched over it: a positional embedding.
  case addParameter(Role, shape: [Int])
  /// The value times a parameter of the given shape, stretched over it: a layer scale.
  case multiplyParameter(Role, shape: [Int])

  // MARK: Several values

  /// The sum of two or more values of one shape.
  case add
  /// Number by number, values of extent 1 stretched along an axis.
  case arithmetic(Arithmetic)
  /// Values next to each other along an axis.
  case concatenate(axis: Int)
  /// Sums of products along one axis of each of two values; the remaining axes of the first come
  /// before those of the second. When `normalizes`, both are first divided by their lengths.
  case dot(axes: [Int], normalizes: Bool)
  /// Rows that are a parameter of `count` × d before the rows of a value of n × d: a class token.
  case prependParameter(Role, count: Int)

  // MARK: Windows and positions

  /// The largest value in each window.
  case maximumPooling(Window)
  /// The mean of the values in each window; padding counts as zeros when `countsPadding`.
  case averagePooling(Window, countsPadding: Bool)
  /// The largest value in each window over three axes.
  case maximumVolumePooling(GridWindow)
  /// The mean of the values in each window over three axes; padding does not count.
  case averageVolumePooling(GridWindow)
  /// The mean over all positions, with or without leaving axes of extent 1.
  case globalAveragePooling(keepsAxes: Bool)
  /// The largest value over all positions, with or without leaving axes of extent 1.
  case globalMaximumPooling(keepsAxes: Bool)
  /// Images of another size.
  case resizing(Resizing)

  // MARK: Arrangement

  /// Rows and columns of zeros around an image.
  case zeroPadding(top: Int, bottom: Int, left: Int, right: Int)
  /// So many zeros before and after, along each axis.
  case padding(before: [Int], after: [Int])
  /// Part of a value: along each axis `counts` numbers from `starts` on.
  case slice(starts: [Int], counts: [Int])
  /// Axis i of the result is axis `order[i]` of the value.
  case permute([Int])
  /// The other way round along an axis.
  case reverse(axis: Int)
  /// Each number so often along each axis, next to each other.
  case repetition([Int])
  /// The same numbers under another shape, the last axis running fastest: `flatten` gives H, W, C.
  case reshape([Int])

  // MARK: Training

  /// In training, zero with probability `rate` and otherwise divided by 1 − rate.
  case dropout(rate: Float)
  /// What changes values in training only and is not run there: noise, dropped paths, augmentation;
  /// the value itself in inference.
  case trainingOnly(String)
}

/// What two or more values become, number by number.
public enum Arithmetic: String, Hashable, Sendable {
  /// The sum.
  case addition
  /// The first minus the second.
  case subtraction
  /// The product.
  case multiplication
  /// The first over the second.
  case division
  /// The mean.
  case average
  /// The largest.
  case maximum
  /// The smallest.
  case minimum
}

/// Images resampled to a size of their own, pixel centres at half numbers (as TensorFlow 2, and
/// PyTorch without aligned corners), without antialiasing.
public struct Resizing: Hashable, Sendable {
  /// How a number is computed from its neighbours.
  public enum Method: String, Hashable, Sendable {
    /// The nearest one.
    case nearest
    /// Straight lines between the four around it.
    case bilinear
    /// Keys's cubic with a = −½ through 4 × 4.
    case bicubic
    /// Mitchell and Netravali's cubic with B = C = ⅓ over 4 × 4.
    case mitchellCubic = "mitchellcubic"
    /// A normal density with a deviation of ½, up to 1½ away.
    case gaussian
    /// Lanczos's windowed sinc, up to 3 away.
    case lanczos3
    /// The same up to 5 away.
    case lanczos5
  }

  /// The size of the result.
  public var size: Extent
  /// How a number is computed.
  public var method: Method

  /// Resampling to `size`.
  public init(to size: Extent, _ method: Method) {
    self.size = size
    self.method = method
  }
}

extension Operation {
  /// The name of the kind in a few words, for messages and tables.
  public var kind: String {
    switch self {
    case .input: "input"
    case .dense: "dense"
    case .convolution(let convolution):
      convolution.isDepthwise ? "depthwise convolution" : "convolution"
    case .volumeConvolution: "volume convolution"
    case .transposedConvolution: "transposed convolution"
    case .embedding: "embedding"
    case .recurrence(let recurrence):
      switch recurrence.cell {
      case .simple: "recurrence"
      case .longShortTermMemory: "LSTM"
      case .gatedUnit: "GRU"
      }
    case .attention: "attention"
    case .batchNormalization: "batch normalization"
    case .layerNormalization: "layer normalization"
    case .groupNormalization: "group normalization"
    case .standardization: "standardization"
    case .activation: "activation"
    case .parametricRelu: "parametric ReLU"
    case .softmax: "softmax"
    case .affine: "scale and offset"
    case .addParameter: "addition of a parameter"
    case .multiplyParameter: "product with a parameter"
    case .add: "addition"
    case .arithmetic(let arithmetic): arithmetic.rawValue
    case .concatenate: "concatenation"
    case .dot: "dot product"
    case .prependParameter: "leading rows"
    case .maximumPooling, .maximumVolumePooling: "maximum pooling"
    case .averagePooling, .averageVolumePooling: "average pooling"
    case .globalAveragePooling: "global average pooling"
    case .globalMaximumPooling: "global maximum pooling"
    case .resizing: "resizing"
    case .zeroPadding, .padding: "zero padding"
    case .slice: "slice"
    case .permute: "permutation of axes"
    case .reverse: "reversal"
    case .repetition: "repetition"
    case .reshape: "reshape"
    case .dropout: "dropout"
    case .trainingOnly(let name): name
    }
  }
}
