public import Checkpoints

/// A convolution over one or two axes, without its activation.
///
/// Values of rank 2, steps × channels, are images of one column: the window then is k × 1.
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

/// A convolution over three axes, such as time or depth, height and width; kernel of
/// extents × inputs / groups × outputs.
public struct VolumeConvolution: Hashable, Sendable {
  /// The filters' window, over three axes.
  public var window: GridWindow
  /// The number of filters.
  public var filters: Int
  /// How many groups input and output channels fall into.
  public var groups: Int
  /// Whether a number is added to each output channel.
  public var hasBias: Bool

  /// A convolution of `filters` filters.
  public init(_ window: GridWindow, filters: Int, groups: Int = 1, hasBias: Bool = true) {
    self.window = window
    self.filters = filters
    self.groups = groups
    self.hasBias = hasBias
  }
}

/// The transpose of a convolution over one to three axes: each input spreads its kernel over the
/// output, `strides` apart. Kernel of extents × outputs × inputs, as Keras orders it.
///
/// With `.same` padding the output is input × stride large, with `.valid` it is
/// input × stride + max(kernel − stride, 0), and with explicit padding
/// (input − 1) × stride + kernel − padding; ``outputPadding`` replaces the first two by Keras's
/// (input − 1) × stride + kernel + output padding (− 2 ⌊kernel/2⌋ for `.same`) and adds to the third.
/// What is cut off is, for `.same`, ⌊half⌋ before and the rest after, as TensorFlow does.
public struct TransposedConvolution: Hashable, Sendable {
  /// The filters' window.
  public var window: GridWindow
  /// How much longer the output is along each axis.
  public var outputPadding: [Int]?
  /// The number of filters.
  public var filters: Int
  /// Whether a number is added to each output channel.
  public var hasBias: Bool

  /// A transposed convolution of `filters` filters.
  public init(
    _ window: GridWindow, outputPadding: [Int]? = nil, filters: Int, hasBias: Bool = true
  ) {
    self.window = window
    self.outputPadding = outputPadding
    self.filters = filters
    self.hasBias = hasBias
  }
}
