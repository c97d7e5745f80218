import Files
import HDF5

/// What the values of an array in a `.npz` file are, checked against the bytes that are there.
struct NumPyArrayHeader: Sendable {
  /// The bytes before the values.
  let byteCount: Int
  let numbers: StoredNumbers
  let shape: [Int]
  /// Whether the first axis runs fastest.
  let isColumnMajor: Bool

  /// The header at the beginning of `start`, of a file of `fileByteCount` bytes.
  init(_ start: [UInt8], fileByteCount: Int) throws(NumPyHeader.Problem) {
    let header = try NumPyHeader(start)
    byteCount = header.byteCount
    numbers = StoredNumbers(elementType: ElementType(header), isBigEndian: header.isBigEndian)
    shape = header.shape
    isColumnMajor = header.isColumnMajor && header.shape.count > 1
    var bytes = header.elementByteCount
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else {
        throw NumPyHeader.Problem(reason: "claims more values than any memory holds")
      }
      bytes = product
    }
    if shape.contains(0) { bytes = 0 }
    guard fileByteCount - byteCount == bytes else {
      throw NumPyHeader.Problem(
        reason: "\(fileByteCount - byteCount) bytes for \(bytes) of its shape and type")
    }
  }

  /// `values`, as they are stored, with the last axis running fastest.
  func inOrder(_ values: [Double]) -> [Double] {
    guard isColumnMajor else { return values }
    return permuted(values, shape: shape.reversed(), axes: shape.indices.reversed())
  }
}

extension ElementType {
  fileprivate init(_ header: NumPyHeader) {
    let bits = 8 * header.elementByteCount
    self =
      switch (header.kind, header.elementByteCount) {
      case (.boolean, _): .boolean
      case (.signed, _): .integer(bits: bits, signed: true)
      case (.unsigned, _): .integer(bits: bits, signed: false)
      case (.floatingPoint, 2): .float16
      case (.floatingPoint, 4): .float32
      case (.floatingPoint, _): .float64
      }
  }
}
