import HDF5

/// Numbers as bytes: what an element is and which of its bytes comes first.
struct StoredNumbers: Hashable, Sendable {
  var elementType: ElementType
  var isBigEndian = false

  /// Whether elements of the type are numbers of a width that is read here.
  var areRead: Bool {
    switch elementType {
    case .integer(let bits, _): [8, 16, 32, 64].contains(bits)
    default: elementType.isNumeric
    }
  }

  /// The numbers in `bytes` in double precision.
  ///
  /// - Precondition: the element type is numeric and `bytes` hold whole elements.
  func doubles(_ bytes: [UInt8]) -> [Double] {
    switch elementType {
    case .float64: return words(bytes, UInt64.self) { Double(bitPattern: $0) }
    case .integer(64, true): return words(bytes, UInt64.self) { Double(Int64(bitPattern: $0)) }
    case .integer(64, false): return words(bytes, UInt64.self) { Double($0) }
    case .integer(32, true): return words(bytes, UInt32.self) { Double(Int32(bitPattern: $0)) }
    case .integer(32, false): return words(bytes, UInt32.self) { Double($0) }
    default: return floats(bytes).map { Double($0) }
    }
  }

  /// The numbers in `bytes` in single precision, rounded to the nearest.
  ///
  /// - Precondition: the element type is numeric and `bytes` hold whole elements.
  func floats(_ bytes: [UInt8]) -> [Float] {
    switch elementType {
    case .float32: return words(bytes, UInt32.self) { Float(bitPattern: $0) }
    case .float16: return words(bytes, UInt16.self) { Self.single(half: $0) }
    case .bfloat16: return words(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .integer(16, true): return words(bytes, UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .integer(16, false): return words(bytes, UInt16.self) { Float($0) }
    case .integer(8, true): return bytes.map { Float(Int8(bitPattern: $0)) }
    case .integer(8, false): return bytes.map { Float($0) }
    case .boolean: return bytes.map { $0 == 0 ? 0 : 1 }
    case .float64, .integer(64, _), .integer(32, _): return doubles(bytes).map { Float($0) }
    default: preconditionFailure("\(elementType) elements as numbers")
    }
  }

  /// IEEE half precision in bits, by hand, as not every machine has `Float16`.
  private static func single(half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let exponent = UInt32(half >> 10 & 0x1F)
    let fraction = UInt32(half & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  private func words<W: FixedWidthInteger & UnsignedInteger & BitwiseCopyable, T>(
    _ bytes: [UInt8], _: W.Type, _ convert: (W) -> T
  ) -> [T] {
    let size = MemoryLayout<W>.size
    let count = bytes.count / size
    return bytes.withUnsafeBytes { buffer in
      [T](unsafeUninitializedCapacity: count) { result, initialized in
        for index in 0..<count {
          let word = buffer.loadUnaligned(fromByteOffset: index * size, as: W.self)
          let value = convert(isBigEndian ? W(bigEndian: word) : W(littleEndian: word))
          result.initializeElement(at: index, to: value)
        }
        initialized = count
      }
    }
  }
}
