#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes files that appear whole or not at all.
///
/// The content goes to a file without a name where the file system has such, otherwise to one under
/// a temporary name in the same folder; it is flushed to the disk, and then takes the place of the
/// destination. An interruption at any point leaves the old file, or none. What a process that was
/// killed left under a temporary name is removed when the same file is written next.
public enum AtomicFile {
  /// Writes `bytes` to `path`.
  ///
  /// - Throws: ``FileError``.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    removeAbandoned(path)
    if try writeUnnamed(bytes, to: path) { return }
    try replace(path) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw FileError.system(path) }
      defer { close(descriptor) }
      try write(bytes, to: descriptor, path)
    }
  }

  private static func write(
    _ bytes: [UInt8], to descriptor: Int32, _ path: String
  ) throws(FileError) {
    var offset = 0
    while offset < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        #if canImport(Darwin)
          Darwin.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
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
    removeAbandoned(path)
    let temporary = temporaryName(path)
    do {
      try body(temporary)
      let lock = try flushed(temporary, for: path)
      defer { close(lock) }
      guard rename(temporary, path) == 0 else { throw FileError.system(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    flushFolder(of: path)
  }

  private static func temporaryName(_ path: String) -> String {
    "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).partial"
  }

  /// Flushes the file called `name` to the disk and gives a descriptor that says it is in use.
  private static func flushed(_ name: String, for path: String) throws(FileError) -> Int32 {
    let descriptor = open(name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError.system(path) }
    flock(descriptor, LOCK_SH | LOCK_NB)
    guard fsync(descriptor) == 0 else {
      let error = FileError.system(path)
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Some file systems cannot flush a folder; the file itself is safe by then.
  private static func flushFolder(of path: String) {
    if let descriptor = try? flushed(folder(of: path), for: path) { close(descriptor) }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension AtomicFile {
  /// Writes `bytes` to a file that has no name until it is complete, so that nothing is left behind
  /// however the process ends; `false` where the system has no such files.
  private static func writeUnnamed(_ bytes: [UInt8], to path: String) throws -> Bool {
    #if os(Linux)
      // O_TMPFILE, which is not imported.
      let flags = 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC
      let descriptor = open(folder(of: path), flags, 0o666)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      try write(bytes, to: descriptor, path)
      guard fsync(descriptor) == 0 else { throw FileError.system(path) }
      // A name must be free to be given, so the file gets one that then replaces the other.
      let temporary = temporaryName(path)
      let link = linkat(
        AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, temporary, Int32(AT_SYMLINK_FOLLOW))
      guard link == 0 else { return false }
      guard rename(temporary, path) == 0 else {
        let error = FileError.system(path)
        unlink(temporary)
        throw error
      }
      flushFolder(of: path)
      return true
    #else
      return false
    #endif
  }

  /// Removes what processes left that were killed while they wrote `path`: files under temporary
  /// names of processes that are gone, which nobody has locked, as HDF5's library does and
  /// `flushed` above.
  private static func removeAbandoned(_ path: String) {
    let folder = folder(of: path)
    let base = path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    guard let names = try? Folder.files(in: folder) else { return }
    for name in names where name.hasPrefix(base + ".") && name.hasSuffix(".partial") {
      let parts = name.dropFirst(base.count + 1).split(
        separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let process = pid_t(parts[0]), process > 0,
        UInt32(parts[1]) != nil, kill(process, 0) != 0, errno == ESRCH
      else { continue }
      let abandoned = folder + "/" + name
      let descriptor = open(abandoned, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(abandoned) }
      close(descriptor)
    }
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
