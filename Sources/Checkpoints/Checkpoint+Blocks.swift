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

extension HDF5Values {
  func withElements<R>(
    _ parameter: Checkpoint.Parameter, _ body: (StoredElements) throws(FileError) -> R
  ) throws(FileError) -> R? {
    let result: Result<R, FileError>? = try naming(path) { () throws(HDF5Error) in
      let dataset = try dataset(parameter)
      guard StoredNumbers(elementType: dataset.elementType).areRead else { return nil }
      return try dataset.withMappedBytes { bytes in
        let elements = StoredElements(
          place: .mapped(bytes), numbers: StoredNumbers(elementType: dataset.elementType),
          count: dataset.count)
        return Result { () throws(FileError) in try body(elements) }
      }
    }
    return try result?.get()
  }
}

extension Checkpoint {
  /// How `parameter` changed to `other` of `checkpoint`, which has the same shape and order of axes.
  ///
  /// Memory does not grow with the values where both files hold them uncompressed or in blocks.
  ///
  /// - Parameter elementType: The type in which units in the last place are counted; that of
  ///   `parameter` when `nil`.
  /// - Throws: `FileError` when values cannot be read.
  func change(
    _ parameter: Parameter, to other: Parameter, of checkpoint: Checkpoint, tolerance: Double,
    countedIn elementType: ElementType? = nil
  ) throws(FileError) -> ParameterChange {
    if let change = try storedChange(
      parameter, to: other, of: checkpoint, tolerance: tolerance, countedIn: elementType)
    {
      return change
    }
    let ordinals = Ordinals(elementType ?? parameter.elementType)
    guard let source = source as? HDF5Values, let second = checkpoint.source as? HDF5Values else {
      return ParameterChange(
        ChangeSums(
          try values(parameter), try checkpoint.values(other), tolerance: tolerance,
          ordinals: ordinals), shape: parameter.shape)
    }
    let before = try naming(path) { () throws(HDF5Error) in try source.dataset(parameter) }
    let after = try naming(checkpoint.path) { () throws(HDF5Error) in try second.dataset(other) }
    return ParameterChange(
      try sums(before, after, of: checkpoint, tolerance: tolerance, ordinals: ordinals),
      shape: parameter.shape)
  }

  /// The same where both files hold the values uncompressed in their order, in memory that depends on
  /// the threads alone; `nil` elsewhere.
  ///
  /// - Parameter threads: How many threads sum values; `nil` for as many as there are processors.
  /// - Throws: `FileError` when values cannot be read.
  func storedChange(
    _ parameter: Parameter, to other: Parameter, of checkpoint: Checkpoint, tolerance: Double,
    countedIn elementType: ElementType? = nil, threads: Int? = nil
  ) throws(FileError) -> ParameterChange? {
    precondition(tolerance >= 0, "a tolerance of \(tolerance)")
    let ordinals = Ordinals(elementType ?? parameter.elementType)
    let second = checkpoint.source
    let sums = try source.withElements(parameter) { a throws(FileError) in
      try second.withElements(other) { b throws(FileError) in
        try ChangeSums(a, b, tolerance: tolerance, ordinals: ordinals, threads: threads)
      }
    }
    guard let sums, let sums else { return nil }
    return ParameterChange(sums, shape: parameter.shape)
  }

  /// The sums over two datasets, read in ranges of rows.
  private func sums(
    _ before: Dataset, _ after: Dataset, of checkpoint: Checkpoint, tolerance: Double,
    ordinals: Ordinals?
  ) throws(FileError) -> ChangeSums {
    let ranges = try naming(path) { () throws(HDF5Error) in
      try before.blocks(of: valuesAtATime, alike: after)
    }
    let areSingle = before.elementType == .float32 && after.elementType == .float32
    var sums = ChangeSums()
    for rows in ranges {
      if areSingle {
        let a = try naming(path) { () throws(HDF5Error) in
          try before.read(as: Float.self, rows: rows)
        }
        let b = try naming(checkpoint.path) { () throws(HDF5Error) in
          try after.read(as: Float.self, rows: rows)
        }
        sums.add(ChangeSums(a, b, .float32, tolerance: tolerance, ordinals: ordinals))
      } else {
        let a = try naming(path) { () throws(HDF5Error) in
          try before.read(as: Double.self, rows: rows)
        }
        let b = try naming(checkpoint.path) { () throws(HDF5Error) in
          try after.read(as: Double.self, rows: rows)
        }
        sums.add(ChangeSums(a, b, .float64, tolerance: tolerance, ordinals: ordinals))
      }
    }
    return sums
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
