#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What is in a folder.
public enum Folder {
  /// The names in the folder at `path`, without `.` and `..`, in alphabetical order.
  ///
  /// - Throws: ``FileError``.
  public static func files(in path: String) throws(FileError) -> [String] {
    guard let stream = opendir(path) else { throw FileError.system(path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
