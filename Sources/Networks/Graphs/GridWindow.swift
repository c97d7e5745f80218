/// A window that moves over one to three axes; for images, ``Window`` is what is fused and fast.
public struct GridWindow: Hashable, Sendable {
  /// What surrounds a grid before a window moves over it.
  public enum Padding: Hashable, Sendable {
    /// Nothing.
    case valid
    /// As much as makes the output ⌈input / stride⌉ long, the odd one after (TensorFlow's SAME).
    case same
    /// So many along each axis.
    case explicit(before: [Int], after: [Int])
  }

  /// Its extent along each axis.
  public var kernel: [Int]
  /// How far it moves at a time.
  public var strides: [Int]
  /// The distance between neighbouring elements of the window; 1 means adjacent.
  public var dilation: [Int]
  /// What surrounds the grid.
  public var padding: Padding

  /// A window; by default it moves by one, has no gaps and stays inside.
  public init(
    _ kernel: [Int], strides: [Int]? = nil, dilation: [Int]? = nil, padding: Padding = .valid
  ) {
    self.kernel = kernel
    self.strides = strides ?? kernel.map { _ in 1 }
    self.dilation = dilation ?? kernel.map { _ in 1 }
    self.padding = padding
  }
}

/// A window placed on grids of a known size.
struct PlacedGridWindow: Hashable, Sendable {
  /// The number of positions of the window along each axis.
  var steps: [Int]
  /// The larger grid: what a convolution reads, or what a transposed one writes.
  var grid: [Int]
  /// What lies before the grid.
  var before: [Int]
}

extension GridWindow {
  /// How far the window reaches along an axis.
  func reach(_ axis: Int) -> Int { (kernel[axis] - 1) * dilation[axis] + 1 }

  private func check(_ grid: [Int], layer: String) throws(NetworkError) {
    let axes = grid.count
    guard 1...3 ~= axes, kernel.count == axes, strides.count == axes, dilation.count == axes else {
      throw NetworkError(
        layer: layer, reason: "a window of \(kernel) over \(axes) axes; 1 to 3 are supported")
    }
    var numbers = kernel + strides + dilation
    if case .explicit(let before, let after) = padding {
      guard before.count == axes, after.count == axes,
        (before + after).allSatisfy({ 0...65536 ~= $0 })
      else { throw NetworkError(layer: layer, reason: "padding \(before), \(after)") }
    }
    numbers += grid.filter { $0 > 1 << 24 }
    guard numbers.allSatisfy({ 1...65536 ~= $0 }) else {
      throw NetworkError(
        layer: layer,
        reason: "window \(kernel), strides \(strides), dilation \(dilation) on \(grid); "
          + "each must lie between 1 and 65536")
    }
  }

  /// Where the window comes to lie on `grid`, whose elements it reads.
  func placed(on grid: [Int], layer: String) throws(NetworkError) -> PlacedGridWindow {
    try check(grid, layer: layer)
    var placed = PlacedGridWindow(steps: [], grid: grid, before: [])
    for axis in grid.indices {
      let reach = reach(axis)
      switch padding {
      case .same:
        let steps = (grid[axis] + strides[axis] - 1) / strides[axis]
        placed.steps.append(steps)
        placed.before.append(max((steps - 1) * strides[axis] + reach - grid[axis], 0) / 2)
      case .valid, .explicit:
        var sides = (0, 0)
        if case .explicit(let before, let after) = padding { sides = (before[axis], after[axis]) }
        let room = grid[axis] + sides.0 + sides.1 - reach
        guard room >= 0 else {
          throw NetworkError(
            layer: layer, reason: "a window of \(kernel) does not fit on a grid of \(grid)")
        }
        placed.steps.append(room / strides[axis] + 1)
        placed.before.append(sides.0)
      }
    }
    return placed
  }

  /// Where the window comes to lie when it spreads `inputs` over a larger grid.
  func spread(
    over inputs: [Int], outputPadding: [Int]?, layer: String
  ) throws(NetworkError) -> PlacedGridWindow {
    try check(inputs, layer: layer)
    guard
      outputPadding.map({ $0.count == inputs.count && $0.allSatisfy { 0...65536 ~= $0 } })
        ?? true
    else { throw NetworkError(layer: layer, reason: "output padding \(outputPadding ?? [])") }
    var placed = PlacedGridWindow(steps: inputs, grid: [], before: [])
    for axis in inputs.indices {
      let (reach, stride) = (reach(axis), strides[axis])
      let whole = (inputs[axis] - 1) * stride + reach
      let extra = outputPadding?[axis]
      var output: Int
      var before = 0
      switch padding {
      case .valid:
        output = extra.map { whole + $0 } ?? inputs[axis] * stride + max(reach - stride, 0)
      case .same:
        output = extra.map { whole + $0 - reach / 2 * 2 } ?? inputs[axis] * stride
        before = max(whole - output, 0) / 2
      case .explicit(let first, let last):
        output = whole - first[axis] - last[axis] + (extra ?? 0)
        before = first[axis]
      }
      guard output > 0 else {
        throw NetworkError(layer: layer, reason: "its output has no extent along axis \(axis)")
      }
      placed.grid.append(output)
      placed.before.append(before)
    }
    return placed
  }
}
