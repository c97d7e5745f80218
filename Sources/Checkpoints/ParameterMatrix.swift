public import Files

extension Checkpoint.Parameter {
  /// The extents of the parameter as a matrix: one row for each input (of a convolution, each place
  /// of the filter and input channel), one column for each output; a table of embeddings has a row
  /// for each entry. `nil` for what is no matrix, which ``whyNoMatrix`` explains.
  public var matrixShape: (rows: Int, columns: Int)? {
    guard whyNoMatrix == nil else { return nil }
    let shape = shapeInputsFirst
    return (shape.dropLast().reduce(1, *), shape.last ?? 1)
  }

  /// Why the parameter is no matrix; `nil` when it is one.
  public var whyNoMatrix: String? {
    if shape.count < 2 { return "not a matrix" }
    if role == .depthwiseKernel { return "one filter for each channel, not one matrix" }
    guard role.isKernel || kernelOrder != nil || role == .embeddings || shape.count == 2 else {
      return "not a matrix from inputs to outputs"
    }
    return shape.contains(0) ? "no values" : nil
  }
}

extension Checkpoint {
  /// The values of `parameter` as a matrix of its ``Parameter/matrixShape``, row by row.
  ///
  /// - Precondition: the parameter is a matrix.
  /// - Throws: `FileError` when values cannot be read.
  public func matrix(_ parameter: Parameter) throws(FileError) -> [Double] {
    precondition(parameter.whyNoMatrix == nil, "\(parameter.path) of shape \(parameter.shape)")
    let values = try values(parameter)
    guard parameter.kernelOrder == .outputsFirst else { return values }
    let axes = KernelOrder.outputsFirst.axesInOtherOrder(rank: parameter.shape.count)
    return permuted(values, shape: parameter.shape, axes: axes)
  }
}
