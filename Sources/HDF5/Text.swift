import CHDF5

/// How a fixed-length text fills what it does not need.
struct FixedText {
  /// What follows a text.
  enum Padding: UInt8 {
    /// Zeros, without which a text may fill its room.
    case zeros
    case spaces
    /// A zero, then anything.
    case terminated
  }

  let padding: Padding

  init(padding: Padding) { self.padding = padding }

  /// The padding of the library's type `type`; under `Library.call`.
  init(_ type: hid_t) {
    padding =
      switch H5Tget_strpad(type) {
      case H5T_STR_SPACEPAD: .spaces
      case H5T_STR_NULLPAD: .zeros
      default: .terminated
      }
  }

  /// The texts in `bytes`, `size` bytes each; a text that fills its room has no terminator.
  func strings(_ bytes: [UInt8], size: Int) -> [String] {
    stride(from: 0, to: bytes.count - bytes.count % size, by: size).map { start in
      var text = bytes[start..<start + size]
      switch padding {
      case .spaces: while text.last == 0x20 || text.last == 0 { text.removeLast() }
      case .zeros: while text.last == 0 { text.removeLast() }
      case .terminated: text = text.prefix { $0 != 0 }
      }
      return String(decoding: text, as: UTF8.self)
    }
  }
}

/// Texts of any length, which the library allocates and must free.
enum VariableText {
  /// Reads `count` texts through `read`, or `nil` when it fails; under `Library.call`.
  static func strings(
    count: Int, type: hid_t, space: hid_t, read: (UnsafeMutableRawPointer) -> Bool
  ) -> [String]? {
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    return pointers.withUnsafeMutableBytes { buffer -> [String]? in
      guard let base = buffer.baseAddress else { return [] }
      let done = read(base)
      let texts = buffer.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map { pointer in
        pointer.map { String(cString: $0) } ?? ""
      }
      H5Dvlen_reclaim(type, space, chdf5_default(), base)
      return done ? texts : nil
    }
  }

  /// Calls `body` with `texts` as an array of C strings.
  static func withPointers<R>(
    _ texts: [String], _ body: (UnsafeRawPointer?) -> R
  ) -> R {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for text in texts {
      offsets.append(bytes.count)
      bytes.append(contentsOf: text.utf8.map { CChar(bitPattern: $0) })
      bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { buffer in
      let pointers = offsets.map { buffer.baseAddress?.advanced(by: $0) }
      return pointers.withUnsafeBytes { body($0.baseAddress) }
    }
  }
}
