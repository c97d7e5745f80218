import Files

/// Images as bytes, each a record of the same length, channel after channel: the binary files of
/// CIFAR-10, CIFAR-100 and STL-10.
struct PackedImages: ExampleSource {
  /// How the bytes of a record are arranged.
  struct Layout: Sendable {
    var recordBytes: Int
    /// Where in a record its pixels begin.
    var pixels: Int
    var size: Int
    /// Whether pixels follow each other down the columns.
    var isColumnMajor = false
  }

  let files: [ByteFile]
  let layout: Layout
  /// The first row of each file, and the count of all at the end.
  private let starts: [Int]

  /// Takes the records of some files, one file after the other.
  ///
  /// - Throws: `FileError` when a file is not made of whole records.
  init(_ files: [ByteFile], _ layout: Layout) throws(FileError) {
    var starts = [0]
    for file in files {
      guard file.count > 0, file.count.isMultiple(of: layout.recordBytes) else {
        throw FileError(
          path: file.path,
          reason: "\(file.count) bytes are no whole images of \(layout.recordBytes) bytes")
      }
      starts.append(starts[starts.count - 1] + file.count / layout.recordBytes)
    }
    self.files = files
    self.layout = layout
    self.starts = starts
  }

  var kind: ElementKind { .uint8 }
  var shape: [Int] { [starts.last ?? 0, layout.size, layout.size, 3] }

  /// One byte of each record; for labels.
  func bytes(at place: Int) throws(FileError) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(shape[0])
    for rows in Batches.inOrder(shape[0], size: 4096) {
      try eachRecord(rows) { result.append(Int($0[place])) }
    }
    return result
  }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let size = layout.size
    let plane = size * size
    var values = [Float](repeating: 0, count: rows.count * plane * 3)
    var target = 0
    try eachRecord(rows) { record in
      for channel in 0..<3 {
        for place in 0..<plane {
          let pixel = layout.isColumnMajor ? place % size * size + place / size : place
          values[target + 3 * pixel + channel] =
            Float(record[layout.pixels + channel * plane + place])
        }
      }
      target += plane * 3
    }
    return values
  }

  private func eachRecord(
    _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError) {
    let length = layout.recordBytes
    for (file, start) in zip(files, starts) {
      let part = rows.clamped(to: start..<start + file.count / length)
      guard !part.isEmpty else { continue }
      let raw = try file.bytes(
        (part.lowerBound - start) * length..<(part.upperBound - start) * length)
      raw.withUnsafeBytes { raw in
        for index in 0..<part.count {
          body(.init(rebasing: raw[index * length..<(index + 1) * length]))
        }
      }
    }
  }
}
