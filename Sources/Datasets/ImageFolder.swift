import Files

/// A folder of images with a folder for each class, as ImageNet is arranged.
///
/// Classes are the folders in the order of their names; a class's images are the files below its folder
/// whose names end as images' do, folder by folder and in the order of their names. Both orders are by
/// code point, so that examples have the rows that torchvision's `ImageFolder` gives them.
enum ImageFolder {
  private static let endings = [
    ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp",
  ]

  /// Folders within a folder are followed this far: links can lead around in a circle.
  private static let deepest = 32

  /// Opens the set; `map`, when one is given, chooses the classes.
  static func open(
    _ name: SetName, classCount: Int?, _ reading: ImageReading
  ) throws(FileError) -> ExampleSet {
    var map: ClassMap?
    let wanted = name.parts.joined(separator: "/")
    if !wanted.isEmpty {
      map = ClassMap(builtIn: wanted)
      if map == nil {
        throw FileError(
          path: name.file, object: name.object,
          reason: "'\(wanted)' is no built-in map of classes; there are "
            + ClassMap.builtInNames.joined(separator: ", "))
      }
    }
    let classes = try Folder.entries(in: name.file).filter(\.isFolder).map(\.name)
    guard !classes.isEmpty else {
      throw FileError(
        path: name.file,
        reason: "holds no folder for a class; images lie in one folder per class, or in a list")
    }
    if let map, map.needsEveryClass {
      let found = Set(classes)
      if let missing = map.targets.keys.filter({ !found.contains($0) }).min() {
        throw FileError(
          path: name.file, object: name.object, reason: "the folder \(missing) is missing")
      }
    }
    var listed = ListedImages(root: name.file)
    listed.classNames = map?.classNames ?? classes
    listed.classCount = map?.classCount ?? classes.count
    for (number, folder) in classes.enumerated() {
      guard let label = map.map({ $0.targets[folder] }) ?? number else { continue }
      let before = listed.paths.count
      listed.paths += try images(below: folder, in: name.file)
      guard listed.paths.count > before else {
        throw FileError(path: "\(name.file)/\(folder)", reason: "holds no image")
      }
      listed.labels += [Int](repeating: label, count: listed.paths.count - before)
    }
    guard !listed.paths.isEmpty else {
      throw FileError(
        path: name.file, object: name.object, reason: "none of its folders is one of these classes")
    }
    return try listed.set(name, format: "folder of images", classCount: classCount, reading)
  }

  /// The images below `folder`, by their paths from `root`.
  private static func images(below folder: String, in root: String) throws(FileError) -> [String] {
    var folders: [(path: String, files: [String])] = []
    var left = [(path: folder, depth: 0)]
    while let next = left.popLast() {
      guard next.depth <= deepest else {
        throw FileError(path: "\(root)/\(next.path)", reason: "folders in folders without end")
      }
      var files: [String] = []
      for entry in try Folder.entries(in: "\(root)/\(next.path)") {
        if entry.isFolder {
          left.append(("\(next.path)/\(entry.name)", next.depth + 1))
        } else if isImage(entry.name) {
          files.append(entry.name)
        }
      }
      folders.append((next.path, files))
    }
    folders.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    return folders.flatMap { folder in folder.files.map { "\(folder.path)/\($0)" } }
  }

  /// Whether a file of this name is taken for an image.
  static func isImage(_ name: String) -> Bool {
    let lower = name.lowercased()
    return endings.contains { lower.hasSuffix($0) }
  }
}
