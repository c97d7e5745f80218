import Files

/// Arrays saved by NumPy.
enum NumPyFile {
  static func isNumPy(_ start: [UInt8]) -> Bool { NumPyHeader.isNumPy(start) }

  static func array(in bytes: any ByteSource) throws(FileError) -> NumberArray {
    let start = try bytes.bytes(in: 0..<min(bytes.count, NumPyHeader.longest))
    let header: NumPyHeader
    do throws(NumPyHeader.Problem) { header = try NumPyHeader(start) } catch {
      throw FileError(path: bytes.path, reason: "not a readable .npy file: \(error.reason)")
    }
    return try NumberArray(
      bytes, offset: header.byteCount, kind: ElementKind(header), isBigEndian: header.isBigEndian,
      isColumnMajor: header.isColumnMajor, shape: header.shape)
  }
}

extension ElementKind {
  fileprivate init(_ header: NumPyHeader) {
    self =
      switch (header.kind, header.elementByteCount) {
      case (.boolean, _): .bool
      case (.signed, 1): .int8
      case (.signed, 2): .int16
      case (.signed, 4): .int32
      case (.signed, _): .int64
      case (.unsigned, 1): .uint8
      case (.unsigned, 2): .uint16
      case (.unsigned, 4): .uint32
      case (.unsigned, _): .uint64
      case (.floatingPoint, 2): .float16
      case (.floatingPoint, 4): .float32
      case (.floatingPoint, _): .float64
      }
  }
}
