import CHDF5

/// What one element of a dataset or attribute is, whatever its byte order.
public enum ElementType: Hashable, Sendable {
  /// IEEE half precision.
  case float16
  /// The upper half of single precision; Keras 3 stores it as two opaque bytes.
  case bfloat16
  /// IEEE single precision.
  case float32
  /// IEEE double precision.
  case float64
  /// A whole number of the given size in bits: 8, 16, 32 or 64.
  case integer(bits: Int, signed: Bool)
  /// A truth value, as h5py stores it: an enumeration of `FALSE` and `TRUE`.
  case boolean
  /// A text in a fixed number of bytes.
  case fixedString(bytes: Int)
  /// A text of any length.
  case variableString
  /// Bytes without a meaning known to HDF5.
  case opaque(bytes: Int, tag: String)
  /// A type that is named but not read: compound, array, reference and the like.
  case other(String)

  /// Whether it is a floating-point type.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// Whether it holds numbers (truth values count as 0 and 1).
  public var isNumeric: Bool {
    switch self {
    case .integer, .boolean: true
    default: isFloatingPoint
    }
  }

  /// Whether it holds text.
  public var isString: Bool {
    switch self {
    case .fixedString, .variableString: true
    default: false
    }
  }

  /// The size of an element in bytes, where it is a number.
  public var byteCount: Int? {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .float64: 8
    case .integer(let bits, _): bits / 8
    case .boolean: 1
    case .fixedString(let bytes), .opaque(let bytes, _): bytes
    case .variableString, .other: nil
    }
  }
}

extension ElementType: CustomStringConvertible {
  /// The name as NumPy users know it, such as `float32` or `uint8`.
  public var description: String {
    switch self {
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .float32: "float32"
    case .float64: "float64"
    case .integer(let bits, let signed): (signed ? "int" : "uint") + String(bits)
    case .boolean: "bool"
    case .fixedString(let bytes): "string of \(bytes) bytes"
    case .variableString: "string"
    case .opaque(let bytes, let tag):
      "opaque of \(bytes) bytes" + (tag.isEmpty ? "" : " '\(tag)'")
    case .other(let name): name
    }
  }
}

extension ElementType {
  /// What the library's type `type` is.
  ///
  /// Call under `Library.call`. Floating-point formats are told by the place and width of their
  /// fields, so a type of the right size that is laid out otherwise is not taken for IEEE.
  init(_ type: hid_t) {
    let size = H5Tget_size(type)
    switch H5Tget_class(type) {
    case H5T_FLOAT: self = Self.floating(type, size)
    case H5T_INTEGER:
      let signed = H5Tget_sign(type) == H5T_SGN_2
      self =
        [1, 2, 4, 8].contains(size)
        ? .integer(bits: size * 8, signed: signed) : .other("integer of \(size) bytes")
    case H5T_STRING:
      self = H5Tis_variable_str(type) > 0 ? .variableString : .fixedString(bytes: size)
    case H5T_OPAQUE:
      var tag = ""
      if let text = H5Tget_tag(type) {
        tag = String(cString: text)
        H5free_memory(text)
      }
      self = .opaque(bytes: size, tag: tag)
    case H5T_ENUM: self = size == 1 && H5Tget_nmembers(type) == 2 ? .boolean : .other("enumeration")
    case H5T_COMPOUND: self = .other("compound")
    case H5T_ARRAY: self = .other("array")
    case H5T_VLEN: self = .other("variable-length list")
    case H5T_REFERENCE: self = .other("reference")
    case H5T_BITFIELD: self = .other("bit field")
    case H5T_TIME: self = .other("time")
    default: self = .other("unknown type")
    }
  }

  private static func floating(_ type: hid_t, _ size: Int) -> ElementType {
    var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
    let order = H5Tget_order(type)
    guard
      H5Tget_fields(type, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0,
      order == H5T_ORDER_LE || order == H5T_ORDER_BE,
      mantissa == 0, exponent == mantissaSize, sign == exponent + exponentSize,
      H5Tget_norm(type) == H5T_NORM_IMPLIED
    else { return .other("floating point of \(size) bytes in an unusual format") }
    switch (size, exponentSize, mantissaSize, H5Tget_ebias(type)) {
    case (2, 5, 10, 15): return .float16
    case (2, 8, 7, 127): return .bfloat16
    case (4, 8, 23, 127): return .float32
    case (8, 11, 52, 1023): return .float64
    default: return .other("floating point of \(size) bytes in an unusual format")
    }
  }
}
