#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes files that appear whole or not at all.
///
/// The content goes to a temporary file in the same folder, is flushed to the disk, and is then
/// renamed over the destination. An interruption at any point leaves the old file, or none.
public enum AtomicFile {
  /// Writes `bytes` to `path`.
  ///
  /// - Throws: ``FileError``.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try replace(path) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw FileError.system(path) }
      defer { close(descriptor) }
      var offset = 0
      while offset < bytes.count {
        let written = bytes.withUnsafeBytes { buffer in
          #if canImport(Darwin)
            Darwin.write(
              descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
          #else
            Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
          #endif
        }
        if written < 0 {
          if errno == EINTR { continue }
          throw FileError.system(path)
        }
        offset += written
      }
    }
  }

  /// Writes `text` to `path` as UTF-8.
  ///
  /// - Throws: ``FileError``.
  public static func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
  }

  /// Lets `body` create a file under a temporary name, then moves it to `path`.
  ///
  /// `body` receives the temporary name, which does not exist yet. When it throws, the temporary
  /// file is removed and `path` is untouched.
  ///
  /// - Throws: what `body` throws, or ``FileError``.
  public static func replace(_ path: String, _ body: (_ temporary: String) throws -> Void) throws {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).partial"
    do {
      try body(temporary)
      try flush(temporary, for: path)
      guard rename(temporary, path) == 0 else { throw FileError.system(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    // Some file systems cannot flush a folder; the file itself is safe by then.
    try? flush(folder(of: path), for: path)
  }

  private static func flush(_ name: String, for path: String) throws(FileError) {
    let descriptor = open(name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError.system(path) }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension FileError {
  /// The failure that the last system call reported, about `path`.
  package static func system(_ path: String) -> FileError {
    let reason =
      switch errno {
      case ENOENT: "no such file or folder"
      case EACCES: "permission denied"
      default: String(cString: strerror(errno))
      }
    return FileError(path: path, reason: reason)
  }
}
