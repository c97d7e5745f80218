import Files

/// A list of images: a line for each with its path, a space, and the number of its class, as DomainNet
/// ships them.
///
/// Paths are seen from the list's own folder, or from the folder above when the first is not there but
/// is found above. Where all images of every class lie in folders of one name each, these are the names
/// of the classes.
enum ImageList {
  /// Whether `start`, the first bytes of a file, begin with such a line, whose path lies in a folder or
  /// ends as an image's does.
  static func isList(_ start: [UInt8]) -> Bool {
    guard let end = start.firstIndex(of: UInt8(ascii: "\n")) ?? (start.isEmpty ? nil : start.count),
      let text = String(validating: start[..<end], as: UTF8.self)
    else { return false }
    guard let path = parsed(Substring(text))?.path else { return false }
    return path.contains("/") || ImageFolder.isImage(String(path))
  }

  /// The path and the label of a line.
  private static func parsed(_ line: Substring) -> (path: Substring, label: Int)? {
    var line = line
    while line.last?.isWhitespace == true { line.removeLast() }
    guard let space = line.lastIndex(where: { $0 == " " || $0 == "\t" }),
      let label = Int(line[line.index(after: space)...]), label >= 0
    else { return nil }
    var path = line[..<space]
    while path.last == " " || path.last == "\t" { path.removeLast() }
    guard !path.isEmpty, !path.utf8.contains(where: { $0 < 0x20 }) else { return nil }
    return (path, label)
  }

  static func open(
    _ file: ByteFile, _ name: SetName, classCount: Int?, _ reading: ImageReading
  ) throws(FileError) -> ExampleSet {
    guard let text = String(validating: try file.bytes(0..<file.count), as: UTF8.self) else {
      throw FileError(path: name.file, reason: "not text in UTF-8")
    }
    var listed = ListedImages(root: "")
    for (index, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated() where line.contains(where: { !$0.isWhitespace }) {
      guard let (path, label) = parsed(line) else {
        throw FileError(
          path: name.file, object: "line \(index + 1)",
          reason: "not a path, a space, and the number of a class")
      }
      listed.paths.append(String(path))
      listed.labels.append(label)
    }
    listed.root = folder(of: name.file, holding: listed.paths.first)
    listed.classNames = classNames(listed)
    let set = try listed.set(name, format: "list of images", classCount: classCount, reading)
    return try set.mapped(bySuffix: name.parts, of: name)
  }

  /// The folder that the paths are seen from.
  private static func folder(of path: String, holding first: String?) -> String {
    guard let slash = path.lastIndex(of: "/") else {
      return first.map { !Folder.isThere($0) && Folder.isThere("../\($0)") } == true ? ".." : ""
    }
    let own = String(path[...slash])
    guard let first, !first.hasPrefix("/"), !Folder.isThere(own + first),
      Folder.isThere(own + "../" + first)
    else { return own }
    return own + ".."
  }

  private static func classNames(_ listed: ListedImages) -> [String]? {
    guard let most = listed.labels.max(), most < 100_000 else { return nil }
    var names = [String?](repeating: nil, count: most + 1)
    for (path, label) in zip(listed.paths, listed.labels) {
      let parts = path.split(separator: "/")
      guard parts.count > 1 else { return nil }
      let folder = String(parts[parts.count - 2])
      guard names[label] ?? folder == folder else { return nil }
      names[label] = folder
    }
    let known = names.compactMap { $0 }
    return Set(known).count == known.count && known.count > 1
      ? names.enumerated().map { $1 ?? String($0) } : nil
  }
}
