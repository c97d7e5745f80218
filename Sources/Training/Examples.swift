public import Datasets
import Files

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
  /// - Parameter threads: How many threads decode images.
  /// - Throws: ``Files/FileError`` when the set has no labels, holds a number that is not finite or
  ///   cannot be read.
  public init(_ set: ExampleSet, threads: Int = 1) throws {
    guard let labels = set.labels else {
      throw FileError(path: set.name, reason: "has no labels; name them with --labels")
    }
    var inputs: [Float] = []
    inputs.reserveCapacity(set.count * set.valuesPerExample)
    try set.eachBatch(size: 256, threads: threads) { _, values in inputs += values }
    self.init(shape: set.exampleShape, inputs: inputs, labels: labels)
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
