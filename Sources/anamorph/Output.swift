import Files
import Reports

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Runs `body` with the run directory at `path`, if one is wanted.
///
/// When `body` throws, a directory that was made here and that nothing was put into is removed.
///
/// - Throws: What `body` throws, or `FileError`.
func withRunDirectory(at path: String?, _ body: (RunDirectory?) throws -> Void) throws {
  guard let path else { return try body(nil) }
  let isNew = access(path, F_OK) != 0
  let run = try RunDirectory.create(at: path)
  do { try body(run) } catch {
    if isNew {
      // rmdir removes only what is empty.
      for folder in ["tables", "outcomes", "checkpoints"] { rmdir(run.file(folder)) }
      rmdir(path)
    }
    throw error
  }
}

/// Checks, before any work is done, that a file can be made at `path`.
///
/// - Throws: `FileError` when its folder is missing or closed to this user, or `path` is a folder.
func checkWritable(_ path: String) throws {
  let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
  guard access(folder, W_OK | X_OK) == 0 else { throw FileError.system(path) }
  var status = stat()
  if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
    throw FileError(path: path, reason: "is a folder; name a file in it")
  }
}
