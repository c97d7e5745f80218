public import Datasets
public import Files

/// Labelled examples in memory, as training reads them.
public struct Examples: Equatable, Sendable {
  /// The shape of one example: [height, width, channels] or [d].
  public let shape: [Int]

  /// count × the product of `shape`, example by example.
  public let inputs: [Float]

  /// One class per example.
  public let labels: [Int]

  /// How many examples there are.
  public var count: Int { labels.count }

  /// How many values one example has.
  public var width: Int { shape.reduce(1, *) }

  /// - Precondition: `inputs` holds one example per label.
  public init(shape: [Int], inputs: [Float], labels: [Int]) {
    let width = shape.reduce(1, *)
    precondition(
      inputs.count == labels.count * width,
      "\(inputs.count) values for \(labels.count) examples of \(width)")
    self.shape = shape
    self.inputs = inputs
    self.labels = labels
  }

  /// Every example of a set, read into memory.
  ///
  /// - Throws: ``Files/FileError`` when the set has no labels, holds a number that is not finite or
  ///   cannot be read.
  public init(_ set: ExampleSet) throws(FileError) {
    guard let labels = set.labels else {
      throw FileError(path: set.name, reason: "has no labels; name them with --labels")
    }
    self.init(
      shape: set.exampleShape, inputs: try set.finiteValues(0..<set.count), labels: labels)
  }

  /// The same examples as a set that can be read in blocks.
  public func set(named name: String) -> ExampleSet {
    ExampleSet(name: name, values: inputs, exampleShape: shape, labels: labels)
  }

  /// The examples of a range.
  public subscript(range: Range<Int>) -> Examples {
    Examples(
      shape: shape, inputs: Array(inputs[range.lowerBound * width..<range.upperBound * width]),
      labels: Array(labels[range]))
  }
}

extension ExampleSet {
  /// The examples in `rows`, none of them with a NaN or an infinity, which a ReLU may turn into a
  /// zero that nobody notices.
  ///
  /// - Throws: ``Files/FileError`` with the example that holds one, or what reading throws.
  package func finiteValues(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let values = try values(rows)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw FileError(
        path: name, object: "example \(identifiers[rows.lowerBound + index / valuesPerExample])",
        reason: "holds \(values[index].isNaN ? "NaN" : "an infinity")")
    }
    return values
  }
}
