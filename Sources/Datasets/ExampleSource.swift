import Files

/// Rows of numbers that can be read in blocks.
protocol ExampleSource: Sendable {
  /// The extents, the rows' count first.
  var shape: [Int] { get }

  /// What the numbers are where they are stored.
  var kind: ElementKind { get }

  /// Whether rows cost time of their own, which several threads can share.
  var rowsReadApart: Bool { get }

  /// The values of `rows`, row-major.
  ///
  /// - Precondition: `rows` lie in `0..<shape[0]`.
  func values(_ rows: Range<Int>) throws(FileError) -> [Float]

  /// The values of `rows` with all their digits, where they are stored in Float64.
  ///
  /// - Precondition: `rows` lie in `0..<shape[0]`.
  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double]
}

extension ExampleSource {
  var rowsReadApart: Bool { false }

  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double] {
    try values(rows).map { Double($0) }
  }
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
  var rowsReadApart: Bool { source.rowsReadApart }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    try source.values(at: indices[rows])
  }

  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double] {
    try source.doubles(at: indices[rows])
  }
}

/// Rows of another source, changed as they are read.
struct ChangedRows: ExampleSource {
  let source: any ExampleSource
  let shape: [Int]

  /// Changes the values of the rows that begin at the given one.
  let change: @Sendable (inout [Float], _ firstRow: Int) throws(FileError) -> Void

  var kind: ElementKind { source.kind }
  var rowsReadApart: Bool { source.rowsReadApart }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    var values = try source.values(rows)
    try change(&values, rows.lowerBound)
    return values
  }
}

/// The rows of several sources side by side.
struct JoinedRows: ExampleSource {
  let sources: [any ExampleSource]

  private func width(_ source: any ExampleSource) -> Int {
    source.shape.dropFirst().reduce(1, *)
  }

  var shape: [Int] { [sources.first?.shape[0] ?? 0, sources.map(width).reduce(0, +)] }
  var kind: ElementKind { .float32 }
  var rowsReadApart: Bool { sources.contains(where: \.rowsReadApart) }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    var parts: [[Float]] = []
    for source in sources { parts.append(try source.values(rows)) }
    var values: [Float] = []
    values.reserveCapacity(rows.count * shape[1])
    for row in 0..<rows.count {
      for (part, source) in zip(parts, sources) {
        values += part[row * width(source)..<(row + 1) * width(source)]
      }
    }
    return values
  }
}

/// Rows of another source with the same values in other extents.
struct ReshapedRows: ExampleSource {
  let source: any ExampleSource
  let exampleShape: [Int]

  var shape: [Int] { source.shape.prefix(1) + exampleShape }
  var kind: ElementKind { source.kind }
  var rowsReadApart: Bool { source.rowsReadApart }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] { try source.values(rows) }
  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double] { try source.doubles(rows) }
}

/// Images of bytes, resized as they are read.
struct SizedRows: ExampleSource {
  let source: any ExampleSource
  let sizing: ImageSizing
  let shape: [Int]

  var kind: ElementKind { .uint8 }
  var rowsReadApart: Bool { source.rowsReadApart }

  /// - Precondition: the rows of `source` are images of bytes, channels last.
  init(_ source: any ExampleSource, _ sizing: ImageSizing) {
    let shape = source.shape
    precondition(shape.count == 4 && source.kind == .uint8, "no images of bytes: \(shape)")
    self.source = source
    self.sizing = sizing
    let extents = sizing.extents(height: shape[1], width: shape[2])
    self.shape = [shape[0], extents.height, extents.width, shape[3]]
  }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let (height, width, channels) = (source.shape[1], source.shape[2], source.shape[3])
    var result: [Float] = []
    result.reserveCapacity(rows.count * shape.dropFirst().reduce(1, *))
    for row in rows {
      let pixels = try source.values(row..<row + 1).map { UInt8($0) }
      // The extents were checked when the set was sized.
      guard var sized = SizedImage(height: height, width: width, channels: channels, sizing) else {
        continue
      }
      pixels.withUnsafeBufferPointer { pixels in
        guard let base = pixels.baseAddress else { return }
        for line in 0..<height { sized.append(row: line, base + line * width * channels) }
      }
      result.append(contentsOf: sized.finished().lazy.map { Float($0) })
    }
    return result
  }
}

/// Images whose channels come first where they are stored.
struct ChannelsFirstRows: ExampleSource {
  let source: any ExampleSource

  /// The channels go last.
  var shape: [Int] { [source.shape[0], source.shape[2], source.shape[3], source.shape[1]] }
  var kind: ElementKind { source.kind }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    transposed(
      try source.values(rows), count: rows.count, source.shape[1],
      source.shape[2] * source.shape[3])
  }
}

/// Images whose channels come last where they are stored, with their channels first.
struct ChannelsLastRows: ExampleSource {
  let source: any ExampleSource

  /// The channels go first.
  var shape: [Int] { [source.shape[0], source.shape[3], source.shape[1], source.shape[2]] }
  var kind: ElementKind { source.kind }
  var rowsReadApart: Bool { source.rowsReadApart }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    transposed(
      try source.values(rows), count: rows.count, source.shape[1] * source.shape[2],
      source.shape[3])
  }
}

/// `count` matrices of `height` × `width` numbers, each with its rows and columns exchanged.
private func transposed(_ values: [Float], count: Int, _ height: Int, _ width: Int) -> [Float] {
  var result = [Float](repeating: 0, count: values.count)
  for start in stride(from: 0, to: count * height * width, by: height * width) {
    for row in 0..<height {
      for column in 0..<width {
        result[start + column * height + row] = values[start + row * width + column]
      }
    }
  }
  return result
}

extension ExampleSource {
  /// The rows `indices`, in that order; neighbours that follow each other are read together.
  func values(at indices: some RandomAccessCollection<Int>) throws(FileError) -> [Float] {
    try gathered(indices) { (run) throws(FileError) in try values(run) }
  }

  /// The same with all digits.
  func doubles(at indices: some RandomAccessCollection<Int>) throws(FileError) -> [Double] {
    try gathered(indices) { (run) throws(FileError) in try doubles(run) }
  }

  private func gathered<Number>(
    _ indices: some RandomAccessCollection<Int>,
    _ read: (Range<Int>) throws(FileError) -> [Number]
  ) throws(FileError) -> [Number] {
    var result: [Number] = []
    result.reserveCapacity(indices.count * shape.dropFirst().reduce(1, *))
    var run = 0..<0
    for index in indices {
      if index == run.upperBound, !run.isEmpty {
        run = run.lowerBound..<index + 1
      } else {
        if !run.isEmpty { result += try read(run) }
        run = index..<index + 1
      }
    }
    if !run.isEmpty { result += try read(run) }
    return result
  }
}
