import HDF5

extension StoredNumbers {
  /// `values` as bytes, lowest first; the inverse of ``doubles(_:)``.
  ///
  /// - Precondition: every value is one that the element type holds.
  func bytes(_ values: [Double]) -> [UInt8] {
    func words<W: FixedWidthInteger>(_ convert: (Double) -> W) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(values.count * MemoryLayout<W>.size)
      for value in values {
        withUnsafeBytes(of: convert(value).littleEndian) { bytes.append(contentsOf: $0) }
      }
      return bytes
    }
    switch elementType {
    case .float64: return words { $0.bitPattern }
    case .float32: return words { Float($0).bitPattern }
    case .bfloat16: return words { UInt16(truncatingIfNeeded: Float($0).bitPattern >> 16) }
    case .float16: return words(Self.half)
    case .boolean: return values.map { $0 == 0 ? 0 : 1 }
    case .integer(64, true): return words { Int64(exactly: $0) ?? ($0 < 0 ? .min : .max) }
    case .integer(64, false): return words { UInt64(exactly: $0) ?? .max }
    case .integer(32, true): return words { Int32(exactly: $0) ?? 0 }
    case .integer(32, false): return words { UInt32(exactly: $0) ?? 0 }
    case .integer(16, true): return words { Int16(exactly: $0) ?? 0 }
    case .integer(16, false): return words { UInt16(exactly: $0) ?? 0 }
    case .integer(8, true): return words { Int8(exactly: $0) ?? 0 }
    case .integer(8, false): return words { UInt8(exactly: $0) ?? 0 }
    default: preconditionFailure("\(elementType) elements as numbers")
    }
  }

  /// A number that half precision holds, in bits; others are cut to one.
  static func half(_ value: Double) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = value.magnitude
    if value.isNaN { return sign | 0x7E00 }
    if magnitude >= 0x1p16 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 { return sign | UInt16(clamping: Int(magnitude * 0x1p24)) }
    let exponent = UInt16(clamping: Int(magnitude.exponent) + 15)
    let fraction = UInt16(clamping: Int((magnitude.significand - 1) * 1024))
    return sign | exponent << 10 | fraction
  }
}
