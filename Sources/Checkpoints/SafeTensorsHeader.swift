import Files
import HDF5

/// The header of a `.safetensors` file, checked.
///
/// Eight bytes with the length of the header, lowest first; the header, a JSON object of
/// `{"dtype", "shape", "data_offsets"}` by name; then the values. Offsets count from the end of the
/// header and must cover the rest of the file without gaps or overlaps, as the format demands.
struct SafeTensorsHeader {
  /// An array in the file.
  struct Entry {
    var name: String
    var shape: [Int]
    var elementType: ElementType
    /// Where its bytes are, from the start of the file.
    var range: Range<Int>
  }

  /// What the reference implementation allows.
  static let longest = 100_000_000

  /// The arrays in the order of their bytes.
  private(set) var entries: [Entry] = []
  /// The texts under `__metadata__`.
  private(set) var metadata: [String: String] = [:]

  /// Whether `start` begins as such files do.
  static func isLikely(_ start: [UInt8]) -> Bool {
    guard start.count > 8, start[8] == UInt8(ascii: "{") else { return false }
    let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length >= 2 && length <= UInt64(Int64.max)
  }

  init(_ file: ByteFile) throws(FileError) {
    func wrong(_ reason: String, _ object: String? = nil) -> FileError {
      FileError(
        path: file.path, object: object, reason: "not safetensors as it should be: \(reason)")
    }
    let start = try file.bytes(0..<8)
    guard start.count == 8 else { throw wrong("it is shorter than the length of its header") }
    let length = start.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.longest) else {
      throw wrong("a header of \(length) bytes, where \(Self.longest) are allowed")
    }
    guard Int(length) <= file.count - 8 else {
      throw wrong("a header of \(length) bytes in a file of \(file.count); download it again")
    }
    let end = 8 + Int(length)
    guard let text = String(validating: try file.bytes(8..<end), as: UTF8.self) else {
      throw wrong("its header is not UTF-8")
    }
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: text, namesOnce: true) } catch {
      if let name = error.repeatedName {
        throw wrong("its header has the name twice; save it again", name)
      }
      throw wrong("its header is \(error.description)")
    }
    guard let members = json.object else { throw wrong("its header is no object") }
    for (name, member) in members {
      if name == "__metadata__" {
        for (key, value) in member.object ?? [:] { metadata[key] = value.string }
        continue
      }
      entries.append(
        try Self.entry(name, member, base: end, fileCount: file.count, wrong: { wrong($0, name) }))
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name)
        < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var position = end
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw wrong("its bytes do not follow those before them", entry.name)
      }
      position = entry.range.upperBound
    }
    guard position == file.count else {
      throw wrong("\(file.count - position) bytes at the end belong to nothing")
    }
  }

  private static func entry(
    _ name: String, _ json: JSON, base: Int, fileCount: Int, wrong: (String) -> FileError
  ) throws(FileError) -> Entry {
    guard let dtype = json["dtype"]?.string, let extents = json["shape"]?.array,
      let offsets = json["data_offsets"]?.array, offsets.count == 2, let begin = offsets[0].int,
      let end = offsets[1].int
    else { throw wrong("its dtype, shape or data_offsets is missing") }
    guard let elementType = types[dtype], let size = elementType.byteCount else {
      throw wrong("its dtype \(dtype.prefix(20)) is not read")
    }
    var shape: [Int] = []
    var byteCount = size
    for extent in extents {
      guard let extent = extent.int, extent >= 0, shape.count < 32 else {
        throw wrong("its shape has an axis without a usable length, or more than 32")
      }
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: extent)
      let (_, hidden) = max(byteCount, 1).multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, !hidden else { throw wrong("it claims more values than any memory holds") }
      byteCount = product
      shape.append(extent)
    }
    guard begin >= 0, end >= begin, end <= fileCount - base else {
      throw wrong("its bytes \(begin)..<\(end) are not in the file")
    }
    guard end - begin == byteCount else {
      throw wrong("\(end - begin) bytes for \(byteCount) of its shape and dtype")
    }
    return Entry(
      name: name, shape: shape, elementType: elementType, range: base + begin..<base + end)
  }

  private static let types: [String: ElementType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "BOOL": .boolean,
    "I64": .integer(bits: 64, signed: true), "U64": .integer(bits: 64, signed: false),
    "I32": .integer(bits: 32, signed: true), "U32": .integer(bits: 32, signed: false),
    "I16": .integer(bits: 16, signed: true), "U16": .integer(bits: 16, signed: false),
    "I8": .integer(bits: 8, signed: true), "U8": .integer(bits: 8, signed: false),
  ]
}
