import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

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

/// A file that is read where it lies, so that its size does not matter.
///
/// Positioned reads rather than a memory map: a file that shrinks meanwhile is an error with a
/// message, not the end of the process.
final class FileBytes: ByteSource {
  let path: String
  let count: Int
  private let descriptor: Int32

  init(path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = FileError.system(path)
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw FileError(path: path, reason: isFolder ? "a folder, not a file" : "not a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let taken = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if taken < 0 {
        if errno == EINTR { continue }
        throw FileError.system(path)
      }
      guard taken > 0 else { throw FileError(path: path, reason: "the file became shorter") }
      done += taken
    }
  }
}

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
