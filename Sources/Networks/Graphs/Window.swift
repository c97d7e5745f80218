/// Two numbers that belong to the two axes of an image.
public struct Extent: Hashable, Sendable {
  /// Along the columns of pixels.
  public var height: Int
  /// Along the rows of pixels.
  public var width: Int

  /// One number for each axis.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// The same number for both axes.
  public init(_ both: Int) { self.init(both, both) }
}

/// What surrounds an image before a window moves over it.
public enum Padding: Hashable, Sendable {
  /// Nothing: the window stays inside the image.
  case valid

  /// As much as makes the output ⌈input / stride⌉ large, the odd row or column after the image
  /// (TensorFlow's SAME; for strides above 1 this is not what PyTorch's symmetric padding gives).
  case same

  /// So many rows and columns on each side.
  case explicit(top: Int, bottom: Int, left: Int, right: Int)
}

/// A window that moves over an image, of a convolution or a pooling.
public struct Window: Hashable, Sendable {
  /// Rows and columns of the window.
  public var kernel: Extent
  /// How far it moves at a time.
  public var strides: Extent
  /// The distance between neighbouring elements of the window; 1 means adjacent.
  public var dilation: Extent
  /// What surrounds the image.
  public var padding: Padding
  /// Whether a last position counts that reaches beyond the padding (PyTorch's `ceil_mode`): it is
  /// added unless it would begin after the image.
  public var roundsUp: Bool

  /// A window; by default it moves by one, has no gaps and stays inside the image.
  public init(
    _ kernel: Extent, strides: Extent = Extent(1), dilation: Extent = Extent(1),
    padding: Padding = .valid, roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// Whether it can move over a value of steps × channels, an image of one column.
  var isColumn: Bool {
    let sides: Bool
    if case .explicit(_, _, let left, let right) = padding {
      sides = left == 0 && right == 0
    } else {
      sides = true
    }
    return sides && kernel.width == 1 && strides.width == 1
  }
}

/// A window placed on images of a known size.
struct PlacedWindow: Hashable, Sendable {
  let window: Window
  let input: Extent
  let output: Extent
  let top: Int
  let bottom: Int
  let left: Int
  let right: Int
}

extension Window {
  /// Where the window comes to lie on images of `height` × `width`.
  func placed(on input: Extent, layer: String) throws(NetworkError) -> PlacedWindow {
    let numbers = [
      kernel.height, kernel.width, strides.height, strides.width, dilation.height, dilation.width,
    ]
    // 2¹⁶ in each factor keeps every product below far from overflow.
    guard numbers.allSatisfy({ 1...65536 ~= $0 }) else {
      throw NetworkError(
        layer: layer,
        reason: "window \(kernel), strides \(strides), dilation \(dilation); "
          + "each must lie between 1 and 65536")
    }
    let sides: (top: Int, bottom: Int, left: Int, right: Int)?
    switch padding {
    case .valid: sides = (0, 0, 0, 0)
    case .same: sides = nil
    case .explicit(let top, let bottom, let left, let right):
      guard [top, bottom, left, right].allSatisfy({ 0...65536 ~= $0 }) else {
        throw NetworkError(
          layer: layer, reason: "padding \(top), \(bottom), \(left), \(right) is out of range")
      }
      sides = (top, bottom, left, right)
    }
    let vertical = place(
      kernel.height, strides.height, dilation.height, on: input.height,
      sides.map { ($0.top, $0.bottom) })
    let horizontal = place(
      kernel.width, strides.width, dilation.width, on: input.width,
      sides.map { ($0.left, $0.right) })
    guard vertical.output > 0, horizontal.output > 0 else {
      throw NetworkError(
        layer: layer,
        reason: "a window of \(kernel) does not fit on an image of \(input)")
    }
    return PlacedWindow(
      window: self, input: input, output: Extent(vertical.output, horizontal.output),
      top: vertical.before, bottom: vertical.after, left: horizontal.before,
      right: horizontal.after)
  }

  private func place(
    _ kernel: Int, _ stride: Int, _ dilation: Int, on input: Int, _ sides: (Int, Int)?
  ) -> (output: Int, before: Int, after: Int) {
    let reach = (kernel - 1) * dilation + 1
    if let (before, after) = sides {
      let room = input + before + after - reach
      if room < 0 { return (0, before, after) }
      guard roundsUp else { return (room / stride + 1, before, after) }
      var output = (room + stride - 1) / stride + 1
      if (output - 1) * stride >= input + before { output -= 1 }
      return (output, before, max((output - 1) * stride + reach - input - before, 0))
    }
    let output = (input + stride - 1) / stride
    let total = max((output - 1) * stride + reach - input, 0)
    return (output, total / 2, total - total / 2)
  }
}

extension Extent: CustomStringConvertible {
  /// Height × width.
  public var description: String { "\(height)×\(width)" }
}
