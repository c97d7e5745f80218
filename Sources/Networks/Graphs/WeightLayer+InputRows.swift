extension WeightLayer {
  /// The inputs that the kernel's matrix multiplied, one per row: the patches of a convolution with
  /// the zeros of its padding (im2col), or the value's last axis for a dense layer.
  ///
  /// Row `example · positions + position` has ``fanIn`` numbers, in the order of the kernel's rows:
  /// height, width, channel. With K the kernel as a matrix, `rows · K + bias` is the layer's output.
  ///
  /// - Parameters:
  ///   - values: The values at ``inputTap``, example by example.
  ///   - examples: Which of those examples.
  ///   - rows: Receives `examples.count · positions · fanIn` numbers.
  /// - Precondition: `values` holds the examples, and `rows` has exactly the room.
  /// - Complexity: one copy of each number of the result.
  public func inputRows(
    of values: UnsafeBufferPointer<Float>, examples: Range<Int>,
    into rows: UnsafeMutableBufferPointer<Float>
  ) {
    let size = inputTap.size
    precondition(
      examples.lowerBound >= 0 && examples.upperBound * size <= values.count,
      "examples \(examples) of \(values.count / max(size, 1))")
    precondition(
      rows.count == examples.count * positions * fanIn,
      "room for \(rows.count) of \(examples.count * positions * fanIn) numbers")
    guard let source = values.baseAddress, var row = rows.baseAddress else { return }
    guard let placed else {
      row.update(from: source + examples.lowerBound * size, count: examples.count * size)
      return
    }
    let channels = inputTap.shape[inputTap.shape.count - 1]
    for example in examples {
      let image = source + example * size
      for y in 0..<placed.output.height {
        for x in 0..<placed.output.width {
          Self.copyPatch(placed, channels, image, y, x, to: row)
          row += fanIn
        }
      }
    }
  }

  /// The same as an array, for all of `values`.
  public func inputRows(of values: [Float]) -> [Float] {
    let examples = values.count / inputTap.size
    return [Float](unsafeUninitializedCapacity: examples * positions * fanIn) { rows, count in
      values.withUnsafeBufferPointer {
        inputRows(
          of: $0, examples: 0..<examples,
          into: UnsafeMutableBufferPointer(rebasing: rows[0..<examples * positions * fanIn]))
      }
      count = examples * positions * fanIn
    }
  }

  /// Copies one patch; rows of it that lie side by side in the image are copied in one go.
  static func copyPatch(
    _ placed: PlacedWindow, _ channels: Int, _ image: UnsafePointer<Float>, _ y: Int, _ x: Int,
    to patch: UnsafeMutablePointer<Float>
  ) {
    let window = placed.window
    let (height, width) = (placed.input.height, placed.input.width)
    let left = x * window.strides.width - placed.left
    var target = patch
    for i in 0..<window.kernel.height {
      let row = y * window.strides.height - placed.top + i * window.dilation.height
      guard 0..<height ~= row else {
        target.update(repeating: 0, count: window.kernel.width * channels)
        target += window.kernel.width * channels
        continue
      }
      if window.dilation.width == 1 {
        let before = min(max(-left, 0), window.kernel.width)
        let after = min(max(left + window.kernel.width - width, 0), window.kernel.width - before)
        let inside = window.kernel.width - before - after
        target.update(repeating: 0, count: before * channels)
        target += before * channels
        if inside > 0 {
          let source = image + (row * width + left + before) * channels
          target.update(from: source, count: inside * channels)
          target += inside * channels
        }
        target.update(repeating: 0, count: after * channels)
        target += after * channels
      } else {
        for j in 0..<window.kernel.width {
          let column = left + j * window.dilation.width
          if 0..<width ~= column {
            target.update(from: image + (row * width + column) * channels, count: channels)
          } else {
            target.update(repeating: 0, count: channels)
          }
          target += channels
        }
      }
    }
  }
}
