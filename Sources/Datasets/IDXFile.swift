import Files

/// Arrays in the format of the MNIST distribution.
///
/// Two zero bytes, a byte for the element type, a byte for the number of axes, four bytes of length
/// per axis, and the values; everything with its highest byte first.
enum IDXFile {
  private static let kinds: [UInt8: ElementKind] = [
    0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
  ]

  static func isIDX(_ start: [UInt8]) -> Bool {
    start.count >= 4 && start[0] == 0 && start[1] == 0 && kinds[start[2]] != nil
      && (1...8).contains(start[3])
  }

  static func array(in bytes: any ByteSource) throws(FileError) -> NumberArray {
    let start = try bytes.bytes(in: 0..<36)
    guard isIDX(start), let kind = kinds[start[2]] else {
      throw FileError(path: bytes.path, reason: "not an IDX file")
    }
    let rank = Int(start[3])
    guard start.count >= 4 + 4 * rank else {
      throw FileError(path: bytes.path, reason: "an IDX file that ends inside its header")
    }
    let shape = (0..<rank).map { axis in
      start[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
    }
    return try NumberArray(
      bytes, offset: 4 + 4 * rank, kind: kind, isBigEndian: true, shape: shape)
  }
}
