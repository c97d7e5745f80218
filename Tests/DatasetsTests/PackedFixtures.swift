import Foundation

/// Small files in the binary formats, made by rule.
enum PackedFixtures {
  /// The byte of image `row` in `channel`, line `y` and column `x`.
  static func pixel(_ row: Int, _ channel: Int, _ y: Int, _ x: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: 31 * row + 97 * channel + 7 * y + 3 * x)
  }

  static func planes(_ row: Int, size: Int, columnMajor: Bool = false) -> [UInt8] {
    (0..<3).flatMap { channel in
      (0..<size).flatMap { a in
        (0..<size).map { b in
          columnMajor ? pixel(row, channel, b, a) : pixel(row, channel, a, b)
        }
      }
    }
  }

  /// The values of image `row` with channels last.
  static func values(_ row: Int, size: Int) -> [Float] {
    (0..<size).flatMap { y in
      (0..<size).flatMap { x in (0..<3).map { Float(pixel(row, $0, y, x)) } }
    }
  }

  /// Writes records of some label bytes and an image.
  static func write(_ labels: [[UInt8]], size: Int, columnMajor: Bool = false, to path: String)
    throws
  {
    var bytes: [UInt8] = []
    for (row, label) in labels.enumerated() {
      bytes += label + planes(row, size: size, columnMajor: columnMajor)
    }
    try Data(bytes).write(to: URL(filePath: path))
  }

  /// Writes bytes as NumPy does, and returns the file.
  static func numPy(_ values: [UInt8], shape: [Int], in folder: String) throws -> String {
    let extents = shape.map { "\($0)," }.joined()
    var header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(extents)), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let path = folder + "/array.npy"
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]
    try Data(start + Array(header.utf8) + values).write(to: URL(filePath: path))
    return path
  }
}
