import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Standard output, where a command's result goes and nothing else.
enum StandardOutput {
  /// Writes all of `text`.
  ///
  /// A reader that has seen enough, as `head` does, closes the pipe: that is no error, and the
  /// rest is dropped.
  ///
  /// - Throws: `FileError` for any other failure, such as a full disk.
  static func write(_ text: String) throws(FileError) {
    signal(SIGPIPE, SIG_IGN)
    let bytes = Array(text.utf8)
    var offset = 0
    while offset < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        #if canImport(Darwin)
          Darwin.write(
            STDOUT_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        #else
          Glibc.write(
            STDOUT_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
        #endif
      }
      if written < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { return }
        throw FileError.system("standard output")
      }
      offset += written
    }
  }
}

/// Standard error, where everything is said that is not the result.
enum StandardError {
  /// Says one line, unless the user asked for quiet.
  static func say(_ line: String, unless isQuiet: Bool = false) {
    if isQuiet { return }
    let bytes = Array("\(line)\n".utf8)
    // Nothing is left to be done when standard error itself is closed.
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
