/// Elements as they are in a file, to be taken for numbers of this machine.
struct StoredNumbers {
  let bytes: UnsafeRawBufferPointer
  let type: ElementType
  let isBigEndian: Bool

  func floats() -> [Float] {
    if type == .float32, !isBigEndian { return copied() }
    return switch type {
    case .float32: each(UInt32.self) { Float(bitPattern: $0) }
    case .float64: each(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: each(UInt16.self, Self.half)
    case .bfloat16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .boolean: each(UInt8.self) { $0 == 0 ? 0 : 1 }
    case .integer(8, true): each(UInt8.self) { Float(Int8(bitPattern: $0)) }
    case .integer(8, false): each(UInt8.self) { Float($0) }
    case .integer(16, true): each(UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .integer(16, false): each(UInt16.self) { Float($0) }
    case .integer(32, true): each(UInt32.self) { Float(Int32(bitPattern: $0)) }
    case .integer(32, false): each(UInt32.self) { Float($0) }
    case .integer(64, true): each(UInt64.self) { Float(Int64(bitPattern: $0)) }
    case .integer(64, false): each(UInt64.self) { Float($0) }
    default: []
    }
  }

  func doubles() -> [Double] {
    if type == .float64, !isBigEndian { return copied() }
    return switch type {
    case .float64: each(UInt64.self) { Double(bitPattern: $0) }
    case .integer(32, true): each(UInt32.self) { Double(Int32(bitPattern: $0)) }
    case .integer(32, false): each(UInt32.self) { Double($0) }
    case .integer(64, true): each(UInt64.self) { Double(Int64(bitPattern: $0)) }
    case .integer(64, false): each(UInt64.self) { Double($0) }
    // Single precision holds all the others.
    default: floats().map { Double($0) }
    }
  }

  /// Whole numbers of the width in the file.
  func integers<T: FixedWidthInteger>() -> [T] {
    switch type {
    case .integer(8, true): each(UInt8.self) { T(truncatingIfNeeded: Int8(bitPattern: $0)) }
    case .integer(16, true): each(UInt16.self) { T(truncatingIfNeeded: Int16(bitPattern: $0)) }
    case .integer(32, true): each(UInt32.self) { T(truncatingIfNeeded: Int32(bitPattern: $0)) }
    case .integer(64, true): each(UInt64.self) { T(truncatingIfNeeded: Int64(bitPattern: $0)) }
    case .integer(8, false): each(UInt8.self) { T(truncatingIfNeeded: $0) }
    case .integer(16, false): each(UInt16.self) { T(truncatingIfNeeded: $0) }
    case .integer(32, false): each(UInt32.self) { T(truncatingIfNeeded: $0) }
    case .integer(64, false): each(UInt64.self) { T(truncatingIfNeeded: $0) }
    default: []
    }
  }

  private func copied<T>() -> [T] {
    let count = bytes.count / MemoryLayout<T>.stride
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<T>.stride)]))
      initialized = count
    }
  }

  @inline(__always)
  private func each<S: FixedWidthInteger & BitwiseCopyable, T>(
    _: S.Type, _ convert: (S) -> T
  ) -> [T] {
    let size = MemoryLayout<S>.size
    let count = bytes.count / size
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress {
        for index in 0..<count {
          let raw = bytes.loadUnaligned(fromByteOffset: index * size, as: S.self)
          (target + index).initialize(
            to: convert(isBigEndian ? S(bigEndian: raw) : S(littleEndian: raw)))
        }
      }
      initialized = count
    }
  }

  /// Half precision, exactly.
  private static func half(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let (exponent, fraction) = (UInt32(bits >> 10 & 0x1F), UInt32(bits & 0x3FF))
    switch exponent {
    case 0:
      // Subnormal: a multiple of 2⁻²⁴.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
