public import Files
public import Randomness

extension ExampleSet {
  /// The examples in the given rows, in that order; they keep their labels and identifiers.
  ///
  /// - Precondition: each row is in `0..<count`.
  public func subset(_ rows: [Int]) -> ExampleSet {
    precondition(rows.allSatisfy { (0..<count).contains($0) }, "a row outside 0..<\(count)")
    var set = replacing(SelectedRows(source: source, indices: rows))
    set.labels = labels.map { labels in rows.map { labels[$0] } }
    set.identifiers = identifiers.selected(rows)
    return set
  }

  /// Disjoint random subsets with these many examples, all from one permutation of the rows.
  ///
  /// The rows of each subset are in random order. Rows beyond the sum of `counts` are left out.
  ///
  /// - Precondition: the counts are not negative and add up to at most `count`.
  public func split(_ counts: [Int], using generator: inout SeededGenerator) -> [ExampleSet] {
    precondition(
      counts.allSatisfy { $0 >= 0 } && counts.reduce(0, +) <= count,
      "subsets of \(counts) from \(count) examples")
    let order = generator.permutation(count)
    var start = 0
    return counts.map { size in
      defer { start += size }
      return subset(Array(order[start..<start + size]))
    }
  }

  /// The set with every example seen as `shape`, its values in the same order: vectors of 256 as
  /// images of `[16, 16, 1]`, or images as vectors.
  ///
  /// - Throws: ``Files/FileError`` when the shape has another number of values, which depends on
  ///   the file.
  /// - Precondition: `shape` is `[d]` or `[height, width, channels]`.
  public func reshaped(to shape: [Int]) throws(FileError) -> ExampleSet {
    precondition(
      [1, 3].contains(shape.count) && shape.allSatisfy { $0 > 0 }, "examples of shape \(shape)")
    guard shape.reduce(1, *) == valuesPerExample else {
      let setName = SetName(parsing: name)
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "examples of \(NumberArray.text(exampleShape)) values cannot be seen as "
          + NumberArray.text(shape))
    }
    var set = replacing(ReshapedRows(source: source, exampleShape: shape))
    set.exampleShape = shape
    return set
  }

  /// Whether its images lie in files of their own, of whatever size, and are decoded when they are
  /// read.
  public var readsImageFiles: Bool { source is ImageFiles }

  /// The set with its images resized and cropped as they are read.
  ///
  /// Images in files are decoded and sized in one go, from the size they have, whatever sizing the set
  /// had before.
  ///
  /// - Throws: ``Files/FileError`` when its examples are no images of bytes.
  public func sized(by sizing: ImageSizing) throws(FileError) -> ExampleSet {
    if sizing.isNone { return self }
    let setName = SetName(parsing: name)
    if let files = source as? ImageFiles {
      let sized = try ImageFiles(root: files.root, paths: files.paths, sizing)
      var set = replacing(sized)
      set.exampleShape = Array(sized.shape.dropFirst())
      return set
    }
    guard exampleShape.count == 3, elementKind == .uint8 else {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "only images of bytes can be resized, not \(NumberArray.text(exampleShape)) "
          + "\(elementKind.rawValue)")
    }
    let (height, width) = (exampleShape[0], exampleShape[1])
    guard SizedImage(height: height, width: width, channels: exampleShape[2], sizing) != nil else {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "would be resized to more pixels than are made")
    }
    var set = replacing(SizedRows(try reshaped(to: exampleShape).source, sizing))
    set.exampleShape = Array(set.source.shape.dropFirst())
    return set
  }

  /// The examples of this set with those of others beside them, row by row, as vectors; labels and
  /// identifiers are those of this set.
  ///
  /// - Precondition: all have as many examples.
  public func joined(with others: [ExampleSet]) -> ExampleSet {
    if others.isEmpty { return self }
    precondition(
      others.allSatisfy { $0.count == count }, "sets of \(others.map(\.count)) beside \(count)")
    var set = replacing(JoinedRows(sources: [source] + others.map(\.source)))
    set.exampleShape = [set.source.shape[1]]
    return set
  }

  /// The set with other classes for its examples, for instance groups of the old ones.
  ///
  /// - Precondition: the set has labels, and every new label is in `0..<classCount`.
  public func relabelled(classCount: Int, _ newLabel: (_ label: Int) -> Int) -> ExampleSet {
    guard let labels else { preconditionFailure("\(name) has no labels to change") }
    let changed = labels.map(newLabel)
    precondition(
      changed.allSatisfy { (0..<classCount).contains($0) }, "a label outside 0..<\(classCount)")
    var set = self
    set.labels = changed
    set.classCount = classCount
    set.classNames = nil
    return set
  }
}
