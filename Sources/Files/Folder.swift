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

  /// An entry of a folder.
  package struct Entry: Sendable {
    /// Its name in the folder.
    package var name: String
    /// Whether it is a folder itself, or a link to one.
    package var isFolder: Bool
  }

  /// What is in the folder at `path`, in the order of the names' code points.
  ///
  /// - Throws: ``FileError``.
  package static func entries(in path: String) throws(FileError) -> [Entry] {
    guard let stream = opendir(path) else { throw FileError.system(path) }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while let entry = readdir(stream) {
      let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let isFolder =
        switch Int(entry.pointee.d_type) {
        case Int(DT_DIR): true
        case Int(DT_REG): false
        default: self.isFolder("\(path)/\(name)")
        }
      entries.append(Entry(name: name, isFolder: isFolder))
    }
    return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Whether there is a folder, or a link to one, at `path`.
  package static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is anything at `path`.
  package static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
