import CDeflate
import Files

/// Unpacking of gzip files (RFC 1952), whole, within a limit.
enum Gzip {
  static func isGzip(_ start: [UInt8]) -> Bool { start.starts(with: [0x1F, 0x8B]) }

  /// What `file` unpacks to, all its members one after the other.
  ///
  /// The size that a gzip file states about itself is a hint: it may be a lie, and is only known
  /// modulo 2³². Room is grown from the hint up to `limit`, and no further than deflate can expand
  /// the bytes there are (1032 times).
  ///
  /// - Throws: `FileError` for damaged data, and for data that unpack to more than `limit` bytes.
  static func unpacked(_ file: some ByteSource, limit: Int) throws(FileError) -> [UInt8] {
    guard file.count <= limit else { throw tooLarge(file.path, limit) }
    let packed = try file.bytes(in: 0..<file.count)
    guard let decompressor = libdeflate_alloc_decompressor() else {
      throw FileError(path: file.path, reason: "no memory to unpack it")
    }
    defer { libdeflate_free_decompressor(decompressor) }

    var unpacked: [UInt8] = []
    var position = 0
    while position < packed.count {
      guard isGzip(Array(packed[position...].prefix(2))) else {
        throw FileError(path: file.path, reason: "something that is not gzip follows the gzip data")
      }
      position += try member(
        of: packed, at: position, decompressor, path: file.path, limit: limit, to: &unpacked)
    }
    return unpacked
  }

  /// Unpacks the member that begins at `position`; returns how many bytes it takes there.
  private static func member(
    of packed: [UInt8], at position: Int, _ decompressor: OpaquePointer, path: String, limit: Int,
    to unpacked: inout [UInt8]
  ) throws(FileError) -> Int {
    let available = packed.count - position
    let (expanded, overflow) = available.multipliedReportingOverflow(by: 1032)
    let most = min(limit - unpacked.count, overflow ? .max : expanded)
    var capacity = min(max(hint(packed), 1 << 16), most)
    while true {
      var (taken, written) = (0, 0)
      var result = LIBDEFLATE_BAD_DATA
      let content = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        packed.withUnsafeBytes { input in
          result = libdeflate_gzip_decompress_ex(
            decompressor, input.baseAddress?.advanced(by: position), available,
            buffer.baseAddress, capacity, &taken, &written)
        }
        count = result == LIBDEFLATE_SUCCESS ? written : 0
      }
      switch result {
      case LIBDEFLATE_SUCCESS:
        if unpacked.isEmpty { unpacked = content } else { unpacked += content }
        return taken
      case LIBDEFLATE_INSUFFICIENT_SPACE where capacity < most:
        capacity = capacity > most / 2 ? most : max(2 * capacity, 1)
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        throw tooLarge(path, limit)
      default:
        throw FileError(path: path, reason: "damaged gzip data")
      }
    }
  }

  private static func tooLarge(_ path: String, _ limit: Int) -> FileError {
    FileError(
      path: path,
      reason: "unpacks to more than \(limit) bytes; unpack it with gunzip and name that file")
  }

  /// The size in the last four bytes.
  private static func hint(_ packed: [UInt8]) -> Int {
    packed.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
