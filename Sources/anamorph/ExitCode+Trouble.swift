import ArgumentParser

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension ExitCode {
  /// Says on standard error, in one line, what could not be done; the command then ends with
  /// status 2.
  ///
  ///     throw ExitCode.trouble("\(error)")
  static func trouble(_ message: String) -> ExitCode {
    let bytes = Array("anamorph: \(oneLine(message))\n".utf8)
    // Nothing is left to be done when standard error itself is closed.
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    return ExitCode(2)
  }
}
