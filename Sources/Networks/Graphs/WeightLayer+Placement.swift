extension WeightLayer {
  /// Where a convolution's window lies on its input.
  public struct Placement: Hashable, Sendable {
    /// Rows and columns of the input, and of the positions.
    public let input, output: Extent

    /// Rows and columns of zeros before the input.
    public let top, left: Int
  }

  /// Where the window lies; `nil` for a dense layer.
  public var placement: Placement? {
    placed.map {
      Placement(input: $0.input, output: $0.output, top: $0.top, left: $0.left)
    }
  }

  /// The inputs that the kernel's matrix multiplied at some positions of one example, one per row; see
  /// ``inputRows(of:examples:into:)``.
  ///
  /// - Parameters:
  ///   - values: The values at ``inputTap``, example by example.
  ///   - positions: Which positions, row by row of the output.
  ///   - rows: Receives `positions.count · fanIn` numbers.
  /// - Precondition: `values` holds the example, the positions are there, and `rows` has exactly the
  ///   room.
  public func inputRows(
    of values: UnsafeBufferPointer<Float>, example: Int, positions chosen: [Int],
    into rows: UnsafeMutableBufferPointer<Float>
  ) {
    let size = inputTap.size
    precondition(
      example >= 0 && (example + 1) * size <= values.count,
      "example \(example) of \(values.count / max(size, 1))")
    precondition(
      chosen.allSatisfy { 0..<positions ~= $0 } && rows.count == chosen.count * fanIn,
      "room for \(rows.count) numbers of \(chosen.count) of \(positions) positions")
    guard let source = values.baseAddress, let base = rows.baseAddress else { return }
    let image = source + example * size
    for (place, position) in chosen.enumerated() {
      let row = base + place * fanIn
      if let placed {
        Self.copyPatch(
          placed, inputTap.shape[inputTap.shape.count - 1], image,
          position / placed.output.width, position % placed.output.width, to: row)
      } else {
        row.update(from: image + position * fanIn, count: fanIn)
      }
    }
  }
}
