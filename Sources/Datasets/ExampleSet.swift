public import Files
import HDF5

/// Labelled examples, read in blocks from wherever they lie.
///
///     let set = try ExampleSet.open("usps.h5::/test/data")
///     print(set.count, set.exampleShape, set.elementKind)      // 2007 [16, 16, 1] float32
///     for rows in Batches.inOrder(set.count, size: 256) { use(try set.values(rows)) }
///
/// Reading takes memory for the block asked for, whatever the size of the set; only gzip-packed IDX
/// files are unpacked whole. An example is an image `[height, width, channels]`, channels last, or
/// a vector `[d]`; values are row-major.
public struct ExampleSet: Sendable {
  /// What the user called it: `FILE` or `FILE::/path`.
  public internal(set) var name: String

  /// How it is stored, for people: `NumPy array, uint8`.
  public internal(set) var format: String

  /// The extents of one example: `[height, width, channels]` or `[d]`.
  public internal(set) var exampleShape: [Int]

  /// The classes of the examples, or `nil` when the set has none.
  public internal(set) var labels: [Int]?

  /// How many classes there are: as stated, or one more than the largest label.
  public internal(set) var classCount: Int?

  /// What the examples are called.
  public internal(set) var identifiers: ExampleIdentifiers

  /// What the classes are called, where the set says it: one name for each class, in order.
  public internal(set) var classNames: [String]?

  /// Whether the examples are images whose channels come first in the file, and were moved to the end.
  public internal(set) var wasTurned = false

  /// What could not be decoded and was left out, as asked.
  public internal(set) var skipped: [FileError] = []

  var source: any ExampleSource

  init(
    name: String, format: String, source: any ExampleSource, exampleShape: [Int],
    labels: Labels?, identifiers: ExampleIdentifiers, classNames: [String]? = nil
  ) {
    self.name = name
    self.format = format
    self.source = source
    self.exampleShape = exampleShape
    self.labels = labels?.values
    self.classCount = labels?.classCount
    self.identifiers = identifiers
    self.classNames = classNames
  }

  /// A set in memory, for data that a program makes.
  ///
  /// - Parameters:
  ///   - values: One row of `exampleShape` numbers for each example, row-major.
  ///   - classCount: One more than the largest label when `nil`.
  /// - Precondition: the values and labels agree in number, and labels are in `0..<classCount`.
  public init(
    name: String, values: [Float], exampleShape: [Int], labels: [Int]? = nil,
    classCount: Int? = nil, identifiers: ExampleIdentifiers? = nil
  ) {
    let width = exampleShape.reduce(1, *)
    precondition(width > 0, "examples of shape \(exampleShape) hold nothing")
    precondition(
      values.count.isMultiple(of: width),
      "\(values.count) values are not whole examples of \(width)")
    let count = values.count / width
    let classes = classCount ?? labels.map { ($0.max() ?? -1) + 1 }
    if let labels, let classes {
      precondition(labels.count == count, "\(labels.count) labels for \(count) examples")
      precondition(
        labels.allSatisfy { (0..<classes).contains($0) }, "a label outside 0..<\(classes)")
    }
    precondition(
      identifiers.map { $0.count == count } ?? true,
      "\(identifiers?.count ?? 0) identifiers for \(count) examples")
    self.name = name
    format = "in memory"
    self.exampleShape = exampleShape
    self.labels = labels
    self.classCount = classes
    self.identifiers = identifiers ?? .rowNumbers(count)
    source = MemoryRows(shape: [count] + exampleShape, kind: .float32, values: values)
  }

  /// How many examples there are.
  public var count: Int { source.shape.first ?? 0 }

  /// How many numbers an example is.
  public var valuesPerExample: Int { exampleShape.reduce(1, *) }

  /// How many channels an image has; one for vectors.
  public var channelCount: Int { exampleShape.count == 3 ? exampleShape[2] : 1 }

  /// What the numbers are where they are stored.
  public var elementKind: ElementKind { source.kind }

  /// The values of `rows`: `rows.count × valuesPerExample`, row-major.
  ///
  /// - Throws: ``Files/FileError`` when the file cannot be read any more.
  /// - Precondition: `rows` lie in `0..<count`.
  public func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of \(count) examples")
    return rows.isEmpty ? [] : try source.values(rows)
  }

  /// The values of the examples in the given rows, in that order.
  ///
  /// Scattered rows of a file that is packed in chunks are slow one by one; use ``loaded()`` for
  /// sets that are read in random order again and again.
  ///
  /// - Throws: ``Files/FileError``.
  /// - Precondition: each row is in `0..<count`.
  public func values(at rows: some RandomAccessCollection<Int>) throws(FileError) -> [Float] {
    precondition(rows.allSatisfy { (0..<count).contains($0) }, "a row outside 0..<\(count)")
    return try source.values(at: rows)
  }

  /// The values of the examples in the given rows with all their digits, where they are stored in
  /// Float64; otherwise those of ``values(at:)``, widened.
  ///
  /// - Throws: ``Files/FileError``.
  /// - Precondition: each row is in `0..<count`.
  public func doubles(at rows: some RandomAccessCollection<Int>) throws(FileError) -> [Double] {
    precondition(rows.allSatisfy { (0..<count).contains($0) }, "a row outside 0..<\(count)")
    return try source.doubles(at: rows)
  }

  /// The same set with its values in memory.
  ///
  /// - Throws: ``Files/FileError``.
  public func loaded() throws(FileError) -> ExampleSet {
    if source is MemoryRows { return self }
    let values = try values(0..<count)
    return replacing(MemoryRows(shape: source.shape, kind: source.kind, values: values))
  }

  /// The same examples with another source of values.
  func replacing(_ source: any ExampleSource) -> ExampleSet {
    var set = self
    set.source = source
    return set
  }
}

extension ExampleSet: CustomStringConvertible {
  /// One line: name, count, shape, element type, classes.
  public var description: String {
    let shape = exampleShape.map(String.init).joined(separator: "×")
    let classes = classCount.map { ", \($0) classes" } ?? ", no labels"
    return "\(name): \(count) examples of \(shape) \(elementKind.rawValue)\(classes) (\(format))"
  }
}
