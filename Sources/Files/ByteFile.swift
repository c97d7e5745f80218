import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file read by position.
///
/// Positioned reads rather than a memory map: a file that shrinks meanwhile is an error with a
/// message, not the end of the process.
final class ByteFile: Sendable {
  let path: String
  let count: Int
  private let descriptor: Int32

  init(path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
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
    self.count = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The bytes of `range`, cut where the file ends.
  func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    let range = range.clamped(to: 0..<count)
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      while initialized < range.count {
        let read = pread(
          descriptor, buffer.baseAddress?.advanced(by: initialized), range.count - initialized,
          off_t(range.lowerBound + initialized))
        if read < 0, errno == EINTR { continue }
        guard read > 0 else {
          failure =
            read == 0
            ? FileError(path: path, reason: "the file became shorter while it was read")
            : FileError.system(path)
          return
        }
        initialized += read
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
