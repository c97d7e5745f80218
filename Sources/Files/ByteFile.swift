#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file read by position.
///
/// Positioned reads rather than a memory map: a file that shrinks meanwhile is an error with a
/// message, not the end of the process.
package final class ByteFile: Sendable {
  /// The file as the caller named it.
  package let path: String

  /// How many bytes it had when it was opened.
  package let count: Int

  private let descriptor: Int32

  /// Opens the file at `path`, which must be a regular one: a pipe is refused and not waited for.
  package init(path: String) throws(FileError) {
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

  /// Fills `buffer` from `offset` on.
  ///
  /// - Throws: ``FileError``, also when fewer bytes are left.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let taken = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if taken < 0, errno == EINTR { continue }
      if taken < 0 { throw FileError.system(path) }
      guard taken > 0 else {
        throw FileError(path: path, reason: "the file became shorter while it was read")
      }
      done += taken
    }
  }

  /// The bytes of `range`, cut where the file ends.
  package func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
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
