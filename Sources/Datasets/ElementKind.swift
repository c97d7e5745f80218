/// What the numbers of a set are in its file.
public enum ElementKind: String, CaseIterable, Sendable {
  /// Bytes that are zero or not.
  case bool
  /// Signed bytes.
  case int8
  /// Unsigned bytes, as most images are.
  case uint8
  /// Signed, two bytes.
  case int16
  /// Unsigned, two bytes.
  case uint16
  /// Signed, four bytes.
  case int32
  /// Unsigned, four bytes.
  case uint32
  /// Signed, eight bytes.
  case int64
  /// Unsigned, eight bytes.
  case uint64
  /// IEEE half precision.
  case float16
  /// bfloat16: the upper half of a single.
  case bfloat16
  /// IEEE single precision.
  case float32
  /// IEEE double precision.
  case float64

  /// The bytes one number takes.
  public var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether the numbers are whole.
  public var isInteger: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: false
    default: true
    }
  }
}

extension ElementKind {
  /// Decodes `bytes`, which are numbers of this kind, to Float, rounding where Float is narrower.
  ///
  /// - Precondition: `bytes` are a whole number of elements.
  func floats(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool, into output: inout [Float]) {
    let swaps = isBigEndian
    switch self {
    case .bool: append(bytes, UInt8.self, false, &output) { $0 == 0 ? 0 : 1 }
    case .int8: append(bytes, UInt8.self, false, &output) { Float(Int8(bitPattern: $0)) }
    case .uint8: append(bytes, UInt8.self, false, &output) { Float($0) }
    case .int16: append(bytes, UInt16.self, swaps, &output) { Float(Int16(bitPattern: $0)) }
    case .uint16: append(bytes, UInt16.self, swaps, &output) { Float($0) }
    case .int32: append(bytes, UInt32.self, swaps, &output) { Float(Int32(bitPattern: $0)) }
    case .uint32: append(bytes, UInt32.self, swaps, &output) { Float($0) }
    case .int64: append(bytes, UInt64.self, swaps, &output) { Float(Int64(bitPattern: $0)) }
    case .uint64: append(bytes, UInt64.self, swaps, &output) { Float($0) }
    case .float16: append(bytes, UInt16.self, swaps, &output) { ElementKind.half($0) }
    case .bfloat16:
      append(bytes, UInt16.self, swaps, &output) { Float(bitPattern: UInt32($0) << 16) }
    case .float32: append(bytes, UInt32.self, swaps, &output) { Float(bitPattern: $0) }
    case .float64: append(bytes, UInt64.self, swaps, &output) { Float(Double(bitPattern: $0)) }
    }
  }

  /// Decodes one number exactly, or `nil` when it is not whole or beyond `Int`.
  func integer(_ bytes: UnsafeRawBufferPointer, isBigEndian: Bool) -> Int? {
    var bits: UInt64 = 0
    for index in 0..<byteCount {
      bits |= UInt64(bytes[isBigEndian ? byteCount - 1 - index : index]) << UInt64(8 * index)
    }
    return switch self {
    case .bool: bits == 0 ? 0 : 1
    case .uint8, .uint16, .uint32, .uint64: Int(exactly: bits)
    case .int8: Int(Int8(truncatingIfNeeded: bits))
    case .int16: Int(Int16(truncatingIfNeeded: bits))
    case .int32: Int(Int32(truncatingIfNeeded: bits))
    case .int64: Int(Int64(bitPattern: bits))
    case .float16: Int(exactly: ElementKind.half(UInt16(truncatingIfNeeded: bits)))
    case .bfloat16: Int(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
    case .float32: Int(exactly: Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .float64: Int(exactly: Double(bitPattern: bits))
    }
  }

  /// The half precision number with these bits, by integer arithmetic alone: `Float16` is missing on
  /// some machines.
  static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return bits & 0x3FF == 0 ? sign * .infinity : .nan
    default:
      return sign * (1 + fraction * 0x1p-10)
        * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }

  private func append<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Word.Type, _ isBigEndian: Bool, _ output: inout [Float],
    _ convert: (Word) -> Float
  ) {
    let size = MemoryLayout<Word>.size
    precondition(bytes.count.isMultiple(of: size), "\(bytes.count) bytes of \(rawValue)")
    let count = bytes.count / size
    output.reserveCapacity(output.count + count)
    for index in 0..<count {
      let word = bytes.loadUnaligned(fromByteOffset: index * size, as: Word.self)
      output.append(convert(isBigEndian ? Word(bigEndian: word) : Word(littleEndian: word)))
    }
  }
}
