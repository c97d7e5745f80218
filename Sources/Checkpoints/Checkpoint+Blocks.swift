import Files
import HDF5

extension HDF5Values {
  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void
  ) throws(FileError) {
    try naming(path) { () throws(HDF5Error) in
      let dataset = try dataset(parameter)
      for rows in try dataset.blocks(of: valuesAtATime) {
        body(try dataset.read(as: Double.self, rows: rows))
      }
    }
  }
}

extension Checkpoint {
  /// How `parameter` changed to `other` of `checkpoint`, which has the same shape and order of axes.
  ///
  /// - Throws: `FileError` when values cannot be read.
  func change(
    _ parameter: Parameter, to other: Parameter, of checkpoint: Checkpoint, tolerance: Double
  ) throws(FileError) -> ParameterChange {
    precondition(tolerance >= 0, "a tolerance of \(tolerance)")
    guard let source = source as? HDF5Values, let otherSource = checkpoint.source as? HDF5Values
    else {
      return ParameterChange(
        from: try values(parameter), to: try checkpoint.values(other), shape: parameter.shape,
        tolerance: tolerance, elementType: parameter.elementType)
    }
    let before = try naming(path) { () throws(HDF5Error) in try source.dataset(parameter) }
    let after = try naming(checkpoint.path) { () throws(HDF5Error) in
      try otherSource.dataset(other)
    }
    do throws(HDF5Error) {
      return ParameterChange(
        try Self.sums(before, after, tolerance: tolerance), shape: parameter.shape)
    } catch {
      // The error names the file that was read, which may have been taken out of an archive.
      var failure = error.fileError
      failure.path = error.path == before.file.path ? path : checkpoint.path
      throw failure
    }
  }

  private static func sums(
    _ before: Dataset, _ after: Dataset, tolerance: Double
  ) throws(HDF5Error) -> ChangeSums {
    if before.elementType == .float32, after.elementType == .float32 {
      // Values that lie in the files as they are in memory are summed where they are.
      let mapped = try before.withMappedBytes { a throws(HDF5Error) in
        try after.withMappedBytes { b in
          ChangeSums(
            SinglePrecisionValues(bytes: a), SinglePrecisionValues(bytes: b), tolerance: tolerance)
        }
      }
      if let mapped, let sums = mapped { return sums }
    }
    let areSingle = before.elementType == .float32 && after.elementType.isExactInSingle
    let ordinals = Ordinals(before.elementType)
    var sums = ChangeSums()
    for rows in try before.blocks(of: valuesAtATime, alike: after) {
      if areSingle {
        let a = try before.read(as: Float.self, rows: rows)
        let b = try after.read(as: Float.self, rows: rows)
        sums.add(
          a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
              ChangeSums(
                SinglePrecisionValues(bytes: a), SinglePrecisionValues(bytes: b),
                tolerance: tolerance)
            }
          })
      } else {
        sums.add(
          ChangeSums(
            try before.read(as: Double.self, rows: rows),
            try after.read(as: Double.self, rows: rows), tolerance: tolerance,
            ordinals: ordinals))
      }
    }
    return sums
  }
}

extension ElementType {
  /// Whether single precision holds every value.
  fileprivate var isExactInSingle: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .boolean: true
    case .integer(let bits, _): bits <= 16
    default: false
    }
  }
}

extension Dataset {
  /// Ranges of rows that together hold all values, each about `count` of them; whole rows of
  /// blocks, so that none is decoded twice. `nil` stands for all.
  fileprivate func blocks(
    of count: Int, alike other: Dataset? = nil
  ) throws(HDF5Error) -> [Range<Int>?] {
    guard let rows = shape.first, self.count > count else { return [nil] }
    let width = max(1, self.count / max(1, rows))
    var step = 1
    for dataset in [self, other ?? self] {
      if case .chunked(let extents) = dataset.storage.layout, let extent = extents.first {
        step = max(step, min(extent, rows))
      }
    }
    let taken = max(step, count / width / step * step)
    guard taken * width <= file.allowance / 8 else {
      throw HDF5Error(
        kind: .tooLarge, path: file.path, object: path,
        reason: "has to be read \(taken * width) values at a time; repack it in smaller blocks")
    }
    return stride(from: 0, to: rows, by: taken).map { $0..<min(rows, $0 + taken) }
  }
}
