import Files

/// Rows of numbers that can be read in blocks.
protocol ExampleSource: Sendable {
  /// The extents, the rows' count first.
  var shape: [Int] { get }

  /// What the numbers are where they are stored.
  var kind: ElementKind { get }

  /// The values of `rows`, row-major.
  ///
  /// - Precondition: `rows` lie in `0..<shape[0]`.
  func values(_ rows: Range<Int>) throws(FileError) -> [Float]
}

/// Rows in memory.
struct MemoryRows: ExampleSource {
  let shape: [Int]
  let kind: ElementKind
  let values: [Float]

  func values(_ rows: Range<Int>) -> [Float] {
    let width = shape.dropFirst().reduce(1, *)
    return Array(values[rows.lowerBound * width..<rows.upperBound * width])
  }
}

/// Some rows of another source, in an order of their own.
struct SelectedRows: ExampleSource {
  let source: any ExampleSource
  let indices: [Int]

  var shape: [Int] { [indices.count] + source.shape.dropFirst() }
  var kind: ElementKind { source.kind }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    try source.values(at: indices[rows])
  }
}

/// Rows of another source, changed as they are read.
struct ChangedRows: ExampleSource {
  let source: any ExampleSource
  let shape: [Int]

  /// Changes the values of the rows that begin at the given one.
  let change: @Sendable (inout [Float], _ firstRow: Int) throws(FileError) -> Void

  var kind: ElementKind { source.kind }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    var values = try source.values(rows)
    try change(&values, rows.lowerBound)
    return values
  }
}

/// Rows of another source with the same values in other extents.
struct ReshapedRows: ExampleSource {
  let source: any ExampleSource
  let exampleShape: [Int]

  var shape: [Int] { source.shape.prefix(1) + exampleShape }
  var kind: ElementKind { source.kind }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] { try source.values(rows) }
}

extension ExampleSource {
  /// The rows `indices`, in that order; neighbours that follow each other are read together.
  func values(at indices: some RandomAccessCollection<Int>) throws(FileError) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(indices.count * shape.dropFirst().reduce(1, *))
    var run = 0..<0
    for index in indices {
      if index == run.upperBound, !run.isEmpty {
        run = run.lowerBound..<index + 1
      } else {
        if !run.isEmpty { result += try values(run) }
        run = index..<index + 1
      }
    }
    if !run.isEmpty { result += try values(run) }
    return result
  }
}
