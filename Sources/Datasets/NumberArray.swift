import Files

/// An array whose numbers lie one after the other in a file or in memory.
struct NumberArray: ExampleSource {
  let bytes: any ByteSource
  let offset: Int
  let kind: ElementKind
  let isBigEndian: Bool

  /// Whether the first index changes fastest, as Fortran and MATLAB have it.
  let isColumnMajor: Bool

  /// The extents, first axis first.
  let shape: [Int]

  /// Takes the array that begins at `offset` of `bytes` and is all that follows.
  ///
  /// - Throws: `FileError` when the extents claim more, or less, than is there.
  init(
    _ bytes: any ByteSource, offset: Int, kind: ElementKind, isBigEndian: Bool = false,
    isColumnMajor: Bool = false, shape: [Int]
  ) throws(FileError) {
    let available = bytes.count - offset
    var claimed = kind.byteCount
    var isEmpty = false
    for extent in shape {
      guard extent >= 0 else {
        throw FileError(path: bytes.path, reason: "an axis of negative length in its header")
      }
      if extent == 0 { isEmpty = true }
      let (product, overflow) = claimed.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else {
        throw FileError(
          path: bytes.path,
          reason: "its header claims \(Self.text(shape)) numbers, more than any memory holds")
      }
      claimed = product
    }
    if isEmpty { claimed = 0 }
    guard claimed == available else {
      throw FileError(
        path: bytes.path,
        reason: "its header claims \(Self.text(shape)) \(kind.rawValue) numbers, which are "
          + "\(claimed) bytes, but \(available) bytes follow")
    }
    self.bytes = bytes
    self.offset = offset
    self.kind = kind
    self.isBigEndian = isBigEndian
    self.isColumnMajor = isColumnMajor && shape.count > 1
    self.shape = shape
  }

  var path: String { bytes.path }
  var count: Int { shape.first ?? 1 }
  private var valuesPerRow: Int { shape.dropFirst().reduce(1, *) }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    try isColumnMajor ? columnMajorValues(rows) : rowMajorValues(rows)
  }

  /// The numbers, exactly; for labels.
  ///
  /// - Throws: `FileError` naming the first row whose number is not whole.
  func integers() throws(FileError) -> [Int] {
    let size = kind.byteCount
    let total = shape.reduce(1, *)
    var result: [Int] = []
    result.reserveCapacity(total)
    let block = 1 << 16
    for start in stride(from: 0, to: total, by: block) {
      let end = min(start + block, total)
      let raw = try bytes.bytes(in: offset + start * size..<offset + end * size)
      for index in 0..<end - start {
        let value = raw.withUnsafeBytes {
          kind.integer(
            .init(rebasing: $0[index * size..<(index + 1) * size]), isBigEndian: isBigEndian)
        }
        guard let value else {
          throw FileError(
            path: path, object: "row \(start + index)", reason: "not a whole number")
        }
        result.append(value)
      }
    }
    return result
  }

  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double] {
    guard kind == .float64 else { return try values(rows).map { Double($0) } }
    let width = valuesPerRow
    func read(_ places: Range<Int>) throws(FileError) -> [Double] {
      let raw = try bytes.bytes(
        in: offset + places.lowerBound * 8..<offset + places.upperBound * 8)
      return raw.withUnsafeBytes { raw in
        (0..<places.count).map { index in
          let bits = raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
          return Double(
            bitPattern: isBigEndian ? UInt64(bigEndian: bits) : UInt64(littleEndian: bits))
        }
      }
    }
    guard isColumnMajor else {
      return try read(rows.lowerBound * width..<rows.upperBound * width)
    }
    var output = [Double](repeating: 0, count: rows.count * width)
    for place in 0..<width {
      let start = place * count + rows.lowerBound
      let column = try read(start..<start + rows.count)
      let target = rowMajorPlace(place)
      for row in 0..<rows.count { output[row * width + target] = column[row] }
    }
    return output
  }

  private func rowMajorValues(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let stride = valuesPerRow * kind.byteCount
    let raw = try bytes.bytes(
      in: offset + rows.lowerBound * stride..<offset + rows.upperBound * stride)
    var output: [Float] = []
    raw.withUnsafeBytes { kind.floats($0, isBigEndian: isBigEndian, into: &output) }
    return output
  }

  /// One read for each place in a row, since a place's values for all rows lie together.
  private func columnMajorValues(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let (size, width) = (kind.byteCount, valuesPerRow)
    var output = [Float](repeating: 0, count: rows.count * width)
    var column: [Float] = []
    for place in 0..<width {
      let start = offset + (place * count + rows.lowerBound) * size
      let raw = try bytes.bytes(in: start..<start + rows.count * size)
      column.removeAll(keepingCapacity: true)
      raw.withUnsafeBytes { kind.floats($0, isBigEndian: isBigEndian, into: &column) }
      let target = rowMajorPlace(place)
      for row in 0..<rows.count { output[row * width + target] = column[row] }
    }
    return output
  }

  /// Where the value at `place` of the column-major order of a row stands in row-major order.
  private func rowMajorPlace(_ place: Int) -> Int {
    var (rest, result, weight) = (place, 0, valuesPerRow)
    for extent in shape.dropFirst() {
      weight /= extent
      result += rest % extent * weight
      rest /= extent
    }
    return result
  }

  static func text(_ shape: [Int]) -> String {
    shape.isEmpty ? "single" : shape.map(String.init).joined(separator: " × ")
  }
}
