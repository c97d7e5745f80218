import Foundation

/// A `.safetensors` file written by hand, in the types that tests need.
struct SafeTensorsFile {
  private var bytes = Data()

  /// Arrays by name: type, shape, values, which the type must hold.
  init(_ arrays: [String: (type: String, shape: [Int], values: [Double])]) throws {
    var header: [String: Any] = [:]
    var body = Data()
    for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
      let start = body.count
      for value in array.values { body.append(contentsOf: Self.bytes(value, array.type)) }
      header[name] = [
        "dtype": array.type, "shape": array.shape, "data_offsets": [start, body.count],
      ]
    }
    let text = try JSONSerialization.data(withJSONObject: header, options: .sortedKeys)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += text + body
  }

  func write(to path: String) throws { try bytes.write(to: URL(filePath: path)) }

  private static func bytes(_ value: Double, _ type: String) -> [UInt8] {
    switch type {
    case "F16": withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) { Array($0) }
    case "BF16":
      withUnsafeBytes(of: UInt16(Float(value).bitPattern >> 16).littleEndian) { Array($0) }
    case "I64": withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) }
    default: withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) }
    }
  }
}
