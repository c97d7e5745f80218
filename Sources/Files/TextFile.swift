#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Small files, read whole.
public enum TextFile {
  /// The text of the file at `path`.
  ///
  /// - Throws: ``FileError``, also when it is not UTF-8.
  public static func text(of path: String) throws -> String {
    let bytes = try bytes(of: path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError(path: path, reason: "not text in UTF-8")
    }
    return text
  }

  /// The bytes of the file at `path`.
  ///
  /// - Throws: ``FileError``.
  public static func bytes(of path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try eachBlock(of: path) { bytes += $0 }
    return bytes
  }

  /// Hands the bytes of the file at `path` to `body`, some 64 KiB at a time.
  ///
  /// - Throws: ``FileError``.
  package static func eachBlock(
    of path: String, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path) }
    defer { close(descriptor) }
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError.system(path)
      }
      block.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
