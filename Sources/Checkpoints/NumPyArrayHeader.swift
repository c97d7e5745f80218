import HDF5

/// The start of a `.npy` file: what the values after it are.
///
/// Format versions 1 to 3: `\x93NUMPY`, two bytes of version, the length of a Python dictionary, and
/// the dictionary with `descr`, `fortran_order` and `shape`, which is taken apart by hand.
struct NumPyArrayHeader: Sendable {
  /// Why the header is not taken.
  struct Problem: Error {
    var reason: String
    /// Whether the array is sound but holds something else than numbers.
    var isOtherContent = false
  }

  /// The longest start that is looked at.
  static let longest = 12 + (1 << 16)

  /// The bytes before the values.
  let byteCount: Int
  let numbers: StoredNumbers
  let shape: [Int]
  /// Whether the first axis runs fastest.
  let isColumnMajor: Bool

  /// The header at the beginning of `start`, of a file of `fileByteCount` bytes.
  init(_ start: [UInt8], fileByteCount: Int) throws(Problem) {
    guard start.count >= 12, start.starts(with: [0x93] + Array("NUMPY".utf8)),
      (1...3).contains(start[6])
    else { throw Problem(reason: "not a .npy file of a known version") }
    let width = start[6] == 1 ? 2 : 4
    let length = start[8..<8 + width].reversed().reduce(0) { $0 << 8 | Int($1) }
    byteCount = 8 + width + length
    guard length <= 1 << 16, byteCount <= start.count else {
      throw Problem(reason: "a header of \(length) bytes, longer than the file or than allowed")
    }
    let text = String(decoding: start[8 + width..<byteCount], as: UTF8.self)
    guard let type = Self.quoted(after: "descr", in: text) else {
      throw Problem(
        reason: "its element type is missing, or records", isOtherContent: text.contains("descr"))
    }
    numbers = try Self.numbers(type)
    guard let order = Self.word(after: "fortran_order", in: text),
      order.hasPrefix("True") || order.hasPrefix("False")
    else { throw Problem(reason: "fortran_order is missing") }
    isColumnMajor = order.hasPrefix("True")
    shape = try Self.extents(text)
    var bytes = numbers.elementType.byteCount ?? 1
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { throw Problem(reason: "claims more values than any memory holds") }
      bytes = product
    }
    if shape.contains(0) { bytes = 0 }
    guard fileByteCount - byteCount == bytes else {
      throw Problem(reason: "\(fileByteCount - byteCount) bytes for \(bytes) of its shape and type")
    }
  }

  /// `values`, as they are stored, with the last axis running fastest.
  func inOrder(_ values: [Double]) -> [Double] {
    guard isColumnMajor, shape.count > 1 else { return values }
    return permuted(values, shape: shape.reversed(), axes: shape.indices.reversed())
  }

  private static func numbers(_ type: String) throws(Problem) -> StoredNumbers {
    let kinds: [String: ElementType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "b1": .boolean,
      "i1": .integer(bits: 8, signed: true), "u1": .integer(bits: 8, signed: false),
      "i2": .integer(bits: 16, signed: true), "u2": .integer(bits: 16, signed: false),
      "i4": .integer(bits: 32, signed: true), "u4": .integer(bits: 32, signed: false),
      "i8": .integer(bits: 64, signed: true), "u8": .integer(bits: 64, signed: false),
    ]
    guard let order = type.first, "<>|=".contains(order), let kind = kinds[String(type.dropFirst())]
    else {
      let isObject = type.dropFirst().hasPrefix("O")
      throw Problem(
        reason: isObject
          ? "holds Python objects, which are never loaded"
          : "the element type \(type.prefix(20)) is not read",
        isOtherContent: true)
    }
    return StoredNumbers(elementType: kind, isBigEndian: order == ">")
  }

  /// What follows the key `name` and its colon.
  private static func word(after name: String, in text: String) -> Substring? {
    for quote in ["'", "\""] {
      let parts = text.split(separator: quote + name + quote, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      let rest = parts[1].drop { $0 == " " }
      guard rest.first == ":" else { return nil }
      return rest.dropFirst().drop { $0 == " " }
    }
    return nil
  }

  private static func quoted(after name: String, in text: String) -> String? {
    guard let rest = word(after: name, in: text), let quote = rest.first,
      quote == "'" || quote == "\""
    else { return nil }
    let inside = rest.dropFirst()
    guard let end = inside.firstIndex(of: quote) else { return nil }
    return String(inside[..<end])
  }

  private static func extents(_ text: String) throws(Problem) -> [Int] {
    guard let rest = word(after: "shape", in: text), rest.first == "(",
      let end = rest.firstIndex(of: ")")
    else { throw Problem(reason: "its shape is missing") }
    var extents: [Int] = []
    for part in rest[rest.index(after: rest.startIndex)..<end].split(separator: ",") {
      let digits = part.filter { $0 != " " && $0 != "L" }
      guard let extent = Int(digits), extent >= 0, extents.count < 32 else {
        if digits.isEmpty { continue }
        throw Problem(reason: "its shape has an axis without a usable length")
      }
      extents.append(extent)
    }
    return extents
  }
}
