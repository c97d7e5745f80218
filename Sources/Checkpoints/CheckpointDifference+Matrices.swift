public import Files

extension CheckpointDifference.Pair {
  /// The extents of both as matrices, which are those of the first; `nil` for what is no matrix.
  public var matrixShape: (rows: Int, columns: Int)? { before.matrixShape }
}

extension CheckpointDifference {
  /// The values of a pair as two matrices of its ``Pair/matrixShape``, row by row.
  ///
  /// - Precondition: the pair has a matrix shape, and its shapes agree.
  /// - Throws: `FileError` when values cannot be read.
  public func matrices(
    of pair: Pair, _ first: Checkpoint, _ second: Checkpoint
  ) throws(FileError) -> (before: [Double], after: [Double]) {
    guard pair.matrixShape != nil, let turned = Transposition(of: pair.after, to: pair.before)
    else {
      preconditionFailure(
        "\(pair.before.path) and \(pair.after.path) are not matrices of one shape")
    }
    let a = try first.values(pair.before)
    let raw = try second.values(pair.after)
    let isFlipped = pair.transposition?.hasSuffix(Transposition.turn) ?? false
    var b = isFlipped ? turned.flipped(raw) : turned.applied(to: raw)
    if let rows = pair.rows { b = rows.applied(to: b) }
    guard pair.before.kernelOrder == .outputsFirst else { return (a, b) }
    let shape = pair.before.shape
    let axes = KernelOrder.outputsFirst.axesInOtherOrder(rank: shape.count)
    return (permuted(a, shape: shape, axes: axes), permuted(b, shape: shape, axes: axes))
  }
}
