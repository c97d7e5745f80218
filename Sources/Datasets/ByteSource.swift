import Files

/// Bytes that are read by position: a file, or what was unpacked from one.
protocol ByteSource: Sendable {
  /// The name for messages.
  var path: String { get }

  var count: Int { get }

  /// Fills `buffer` from `offset` on.
  ///
  /// - Throws: `FileError` when fewer bytes are left, which only a shrinking file can bring about
  ///   once the extents were checked.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError)
}

extension ByteSource {
  /// The bytes of `range`, or fewer at the end.
  func bytes(in range: Range<Int>) throws(FileError) -> [UInt8] {
    let range = range.clamped(to: 0..<count)
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      do throws(FileError) {
        let target = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: range.count)
        try read(into: target, at: range.lowerBound)
        initialized = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A file is read where it lies, so that its size does not matter.
extension ByteFile: ByteSource {}

/// Bytes in memory.
struct MemoryBytes: ByteSource {
  let path: String
  let bytes: [UInt8]

  var count: Int { bytes.count }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    guard offset >= 0, buffer.count <= count, offset <= count - buffer.count else {
      throw FileError(path: path, reason: "fewer bytes than expected")
    }
    bytes.withUnsafeBytes {
      buffer.copyMemory(from: .init(rebasing: $0[offset...].prefix(buffer.count)))
    }
  }
}
