import CDeflate
import Files

/// The variables of a MATLAB file of version 5 to 7.
///
/// After 128 bytes of header come elements: a tag of type and length, then the data, padded to 8 bytes
/// except after compressed ones. A matrix is an element that holds elements: flags, extents, name and
/// numbers, first index fastest. Numbers may be stored in a narrower type than the matrix has.
/// (MATLAB: MAT-File Format.)
enum MATLABVariables {
  /// Types of elements.
  private enum Kind {
    static let matrix = 14
    static let compressed = 15
  }

  /// Reads what variables there are; numbers of compressed ones are unpacked, up to `limit` bytes
  /// together.
  static func read(
    _ file: any ByteSource, limit: Int
  ) throws(FileError) -> [MATLABFile.Variable] {
    func wrong(_ reason: String) -> FileError {
      FileError(path: file.path, reason: "not a readable MATLAB file: \(reason)")
    }
    let header = try file.bytes(in: 0..<128)
    guard header.count == 128 else { throw wrong("it ends inside its header") }
    let isBigEndian: Bool
    switch (header[126], header[127]) {
    case (0x49, 0x4D): isBigEndian = false
    case (0x4D, 0x49): isBigEndian = true
    default: throw wrong("no byte order in its header")
    }
    var variables: [MATLABFile.Variable] = []
    var position = 128
    var unpacked = 0
    while position + 8 <= file.count, variables.count < 10_000 {
      let tag = Words(try file.bytes(in: position..<position + 8), isBigEndian)
      let (type, length) = (tag.word(0), tag.word(1))
      position += 8
      guard length <= file.count - position else {
        throw wrong("an element claims \(length) bytes and \(file.count - position) follow")
      }
      switch type {
      case Kind.compressed:
        let bytes = try inflate(
          try file.bytes(in: position..<position + length), limit: limit - unpacked,
          path: file.path)
        unpacked += bytes.count
        let memory = MemoryBytes(path: file.path, bytes: bytes)
        let inner = Words(Array(bytes.prefix(8)), isBigEndian)
        guard bytes.count >= 8, inner.word(0) == Kind.matrix, inner.word(1) <= bytes.count - 8
        else { throw wrong("a compressed element holds no matrix") }
        if let variable = try matrix(memory, 8..<8 + inner.word(1), isBigEndian) {
          variables.append(variable)
        }
        position += length
      case Kind.matrix:
        if let variable = try matrix(file, position..<position + length, isBigEndian) {
          variables.append(variable)
        }
        position += (length + 7) / 8 * 8
      default: position += (length + 7) / 8 * 8
      }
    }
    return variables
  }

  /// The matrix whose elements lie in `range`; `nil` for one without a name, which MATLAB keeps for
  /// itself.
  private static func matrix(
    _ bytes: any ByteSource, _ range: Range<Int>, _ isBigEndian: Bool
  ) throws(FileError) -> MATLABFile.Variable? {
    func wrong(_ reason: String) -> FileError {
      FileError(path: bytes.path, reason: "not a readable MATLAB file: \(reason)")
    }
    var position = range.lowerBound
    func element() throws(FileError) -> (type: Int, data: Range<Int>) {
      guard position + 8 <= range.upperBound else { throw wrong("a matrix ends too early") }
      let tag = Words(try bytes.bytes(in: position..<position + 8), isBigEndian)
      let first = tag.word(0)
      if first >> 16 != 0 {
        // A small element: length, type and up to four bytes in eight.
        let length = first >> 16
        guard length <= 4 else { throw wrong("a small element of \(length) bytes") }
        defer { position += 8 }
        return (first & 0xFFFF, position + 4..<position + 4 + length)
      }
      let (start, length) = (position + 8, tag.word(1))
      guard length <= range.upperBound - start else { throw wrong("an element leaves its matrix") }
      position = min(range.upperBound, start + (length + 7) / 8 * 8)
      return (first, start..<start + length)
    }
    let flags = try element()
    guard flags.data.count >= 8 else { throw wrong("a matrix without flags") }
    let flag = Words(try bytes.bytes(in: flags.data), isBigEndian).word(0)
    let (kind, isComplex) = (flag & 0xFF, flag & 0x800 != 0)
    let extents = try element()
    guard extents.data.count >= 8, extents.data.count <= 4 * 32 else {
      throw wrong("a matrix without extents")
    }
    let words = Words(try bytes.bytes(in: extents.data), isBigEndian)
    var shape = (0..<extents.data.count / 4).map { words.word($0) }
    let label = try element()
    guard label.data.count <= 4096 else { throw wrong("a name of \(label.data.count) bytes") }
    let name = String(decoding: try bytes.bytes(in: label.data), as: UTF8.self)
    guard !name.isEmpty else { return nil }

    let kinds = [
      1: "cells", 2: "structures", 3: "objects", 4: "text", 5: "a sparse matrix",
      16: "functions", 17: "objects",
    ]
    var problem = kinds[kind].map { "holds \($0), not a matrix of numbers" }
    if problem == nil, isComplex { problem = "holds complex numbers" }
    if problem == nil, !(6...15).contains(kind) { problem = "holds something unknown" }
    if shape.contains(where: { $0 > Int(Int32.max) }) { throw wrong("an axis of negative length") }
    if problem != nil {
      return variable(name, shape, problem, bytes.path, nil)
    }
    let numbers = try element()
    let types: [Int: ElementKind] = [
      1: .int8, 2: .uint8, 3: .int16, 4: .uint16, 5: .int32, 6: .uint32, 7: .float32, 9: .float64,
      12: .int64, 13: .uint64,
    ]
    guard let element = types[numbers.type] else {
      return variable(name, shape, "holds numbers of an unknown type", bytes.path, nil)
    }
    if shape.count == 2, shape[0] == 1 { shape.reverse() }
    let part = PartOfBytes(bytes: bytes, range: numbers.data)
    let array = try NumberArray(
      part, offset: 0, kind: element, isBigEndian: isBigEndian, isColumnMajor: true, shape: shape)
    return variable(name, shape, nil, bytes.path, array)
  }

  private static func variable(
    _ name: String, _ shape: [Int], _ problem: String?, _ path: String, _ array: NumberArray?
  ) -> MATLABFile.Variable {
    @Sendable func present() throws(FileError) -> NumberArray {
      guard let array else { throw FileError(path: path, object: name, reason: problem ?? "") }
      return array
    }
    return MATLABFile.Variable(
      name: name, shape: shape, problem: problem, path: path,
      read: { () throws(FileError) in try present() },
      readIntegers: { () throws(FileError) in try present().integers() })
  }

  /// Unpacks zlib data (RFC 1950) within a limit, and no further than deflate can expand.
  private static func inflate(
    _ packed: [UInt8], limit: Int, path: String
  ) throws(FileError) -> [UInt8] {
    guard let decompressor = libdeflate_alloc_decompressor() else {
      throw FileError(path: path, reason: "no memory to unpack it")
    }
    defer { libdeflate_free_decompressor(decompressor) }
    let (expanded, overflow) = packed.count.multipliedReportingOverflow(by: 1032)
    let most = max(0, min(limit, overflow ? .max : expanded))
    var capacity = min(most, max(1 << 12, packed.count * 4))
    while true {
      var written = 0
      var result = LIBDEFLATE_BAD_DATA
      let content = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        packed.withUnsafeBytes { input in
          result = libdeflate_zlib_decompress(
            decompressor, input.baseAddress, packed.count, buffer.baseAddress, capacity, &written)
        }
        count = result == LIBDEFLATE_SUCCESS ? written : 0
      }
      switch result {
      case LIBDEFLATE_SUCCESS: return content
      case LIBDEFLATE_INSUFFICIENT_SPACE where capacity < most:
        capacity = min(most, capacity * 4)
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        throw FileError(path: path, reason: "unpacks to more than \(limit) bytes")
      default: throw FileError(path: path, reason: "damaged: a compressed variable does not unpack")
      }
    }
  }
}

/// Numbers of four bytes.
private struct Words {
  let bytes: [UInt8]
  let isBigEndian: Bool

  init(_ bytes: [UInt8], _ isBigEndian: Bool) {
    self.bytes = bytes
    self.isBigEndian = isBigEndian
  }

  /// Word number `index`; 0 beyond the end.
  func word(_ index: Int) -> Int {
    guard 4 * index + 4 <= bytes.count else { return 0 }
    let part = bytes[4 * index..<4 * index + 4]
    let ordered = isBigEndian ? Array(part) : part.reversed()
    return ordered.reduce(0) { $0 << 8 | Int($1) }
  }
}

/// A range of other bytes.
private struct PartOfBytes: ByteSource {
  let bytes: any ByteSource
  let range: Range<Int>

  var path: String { bytes.path }
  var count: Int { range.count }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    guard offset >= 0, buffer.count <= count, offset <= count - buffer.count else {
      throw FileError(path: path, reason: "fewer bytes than expected")
    }
    try bytes.read(into: buffer, at: range.lowerBound + offset)
  }
}
