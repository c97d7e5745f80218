import CHDF5

/// A Swift number that datasets are read into and written from.
public protocol Element: Sendable {
  /// What a file holds it as; files written here are little-endian on every machine.
  static var elementType: ElementType { get }
}

extension Float: Element {
  /// Single precision.
  public static var elementType: ElementType { .float32 }
}

extension Double: Element {
  /// Double precision.
  public static var elementType: ElementType { .float64 }
}

extension Int8: Element {
  /// 8 bits with a sign.
  public static var elementType: ElementType { .integer(bits: 8, signed: true) }
}

extension UInt8: Element {
  /// 8 bits without a sign.
  public static var elementType: ElementType { .integer(bits: 8, signed: false) }
}

extension Int16: Element {
  /// 16 bits with a sign.
  public static var elementType: ElementType { .integer(bits: 16, signed: true) }
}

extension UInt16: Element {
  /// 16 bits without a sign.
  public static var elementType: ElementType { .integer(bits: 16, signed: false) }
}

extension Int32: Element {
  /// 32 bits with a sign.
  public static var elementType: ElementType { .integer(bits: 32, signed: true) }
}

extension UInt32: Element {
  /// 32 bits without a sign.
  public static var elementType: ElementType { .integer(bits: 32, signed: false) }
}

extension Int64: Element {
  /// 64 bits with a sign.
  public static var elementType: ElementType { .integer(bits: 64, signed: true) }
}

extension UInt64: Element {
  /// 64 bits without a sign.
  public static var elementType: ElementType { .integer(bits: 64, signed: false) }
}

extension ElementType {
  /// The library's type for such a number in this machine's memory.
  ///
  /// Call under `Library.call`; the identifier is the library's own and never closed.
  var memoryType: hid_t? {
    switch self {
    case .float32: chdf5_native_float()
    case .float64: chdf5_native_double()
    case .integer(8, true): chdf5_native_int8()
    case .integer(16, true): chdf5_native_int16()
    case .integer(32, true): chdf5_native_int32()
    case .integer(64, true): chdf5_native_int64()
    case .integer(8, false): chdf5_native_uint8()
    case .integer(16, false): chdf5_native_uint16()
    case .integer(32, false): chdf5_native_uint32()
    case .integer(64, false): chdf5_native_uint64()
    default: nil
    }
  }

  /// The library's type for such a number in a file written here.
  ///
  /// Call under `Library.call`; the identifier is the library's own and never closed.
  var fileType: hid_t? {
    switch self {
    case .float32: chdf5_little_float32()
    case .float64: chdf5_little_float64()
    case .integer(8, true): chdf5_little_int8()
    case .integer(16, true): chdf5_little_int16()
    case .integer(32, true): chdf5_little_int32()
    case .integer(64, true): chdf5_little_int64()
    case .integer(8, false): chdf5_little_uint8()
    case .integer(16, false): chdf5_little_uint16()
    case .integer(32, false): chdf5_little_uint32()
    case .integer(64, false): chdf5_little_uint64()
    default: nil
    }
  }
}
