import Files

/// The published binary sets of small images, recognised by their files.
///
/// CIFAR-10 is records of a label and 3 × 32 × 32 bytes; CIFAR-100 has a coarse label before the fine
/// one; STL-10 has 3 × 96 × 96 bytes down the columns, with labels from 1 in a file of their own.
enum PackedSets {
  static let stl10Classes = [
    "airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck",
  ]

  private static let cifar10 = PackedImages.Layout(recordBytes: 3073, pixels: 1, size: 32)
  private static let cifar100 = PackedImages.Layout(recordBytes: 3074, pixels: 2, size: 32)
  private static let stl10 = PackedImages.Layout(
    recordBytes: 27648, pixels: 0, size: 96, isColumnMajor: true)

  /// The set that the file at `name` is, `nil` when it is none of these.
  static func open(file: ByteFile, _ name: SetName) throws(FileError) -> ExampleSet? {
    let parts = name.parts
    if file.path.hasSuffix("_X.bin"), file.count.isMultiple(of: stl10.recordBytes) {
      return try openSTL10(file, name, map: parts)
    }
    guard file.path.hasSuffix(".bin"), file.count > 0 else { return nil }
    if file.count.isMultiple(of: cifar10.recordBytes), try fits(file, cifar10, [10]) {
      return try openCIFAR10([file], name, map: parts)
    }
    if file.count.isMultiple(of: cifar100.recordBytes), try fits(file, cifar100, [20, 100]) {
      return try openCIFAR100(file, name, rest: parts)
    }
    return nil
  }

  /// The set that the folder of `name` is, `nil` when it is none of these.
  static func open(folder names: Set<String>, _ name: SetName) throws(FileError) -> ExampleSet? {
    func file(_ file: String) throws(FileError) -> ByteFile {
      try ByteFile(path: "\(name.file)/\(file)")
    }
    var parts = name.parts
    func split(_ known: [String]) throws(FileError) -> String {
      guard let first = parts.first, known.contains(first) else {
        let choices = known.map { "\(name.file)::/\($0)" }.joined(separator: ", ")
        throw FileError(path: name.file, reason: "holds more than one set; name one: \(choices)")
      }
      parts.removeFirst()
      return first
    }
    if names.contains("data_batch_1.bin") || names.contains("test_batch.bin") {
      let isTest = try split(["train", "test"]) == "test"
      let wanted = isTest ? ["test_batch.bin"] : (1...5).map { "data_batch_\($0).bin" }
      var files: [ByteFile] = []
      for one in wanted { files.append(try file(one)) }
      return try openCIFAR10(files, name, map: parts)
    }
    if names.contains("train_X.bin") || names.contains("test_X.bin") {
      let wanted = try split(["train", "test", "unlabeled"])
      return try openSTL10(try file("\(wanted)_X.bin"), name, map: parts)
    }
    if names.contains("train.bin"), names.contains("test.bin") {
      let wanted = try split(["train", "test"])
      return try openCIFAR100(try file("\(wanted).bin"), name, rest: parts)
    }
    return nil
  }

  /// Whether the first records have labels below these numbers.
  private static func fits(
    _ file: ByteFile, _ layout: PackedImages.Layout, _ classes: [Int]
  ) throws(FileError) -> Bool {
    for record in 0..<min(16, file.count / layout.recordBytes) {
      let start = record * layout.recordBytes
      let labels = try file.bytes(start..<start + classes.count)
      guard zip(labels, classes).allSatisfy({ $0 < $1 }) else { return false }
    }
    return true
  }

  private static func openCIFAR10(
    _ files: [ByteFile], _ name: SetName, map: [String]
  ) throws(FileError) -> ExampleSet {
    let images = try PackedImages(files, cifar10)
    let labels = try Labels(
      checking: try images.bytes(at: 0), of: name, classCount: 10)
    return try ExampleSet(
      name: name.description, format: "CIFAR-10 binary", source: images,
      exampleShape: [32, 32, 3], labels: labels, identifiers: .rowNumbers(images.shape[0]),
      classNames: ClassMap.cifar10Classes
    ).mapped(bySuffix: map, of: name)
  }

  private static func openCIFAR100(
    _ file: ByteFile, _ name: SetName, rest: [String]
  ) throws(FileError) -> ExampleSet {
    let images = try PackedImages([file], cifar100)
    let isCoarse = rest.first == "coarse"
    let map = isCoarse || rest.first == "fine" ? Array(rest.dropFirst()) : rest
    let labels = try Labels(
      checking: try images.bytes(at: isCoarse ? 0 : 1), of: name, classCount: isCoarse ? 20 : 100)
    return try ExampleSet(
      name: name.description, format: "CIFAR-100 binary, \(isCoarse ? "coarse" : "fine") labels",
      source: images, exampleShape: [32, 32, 3], labels: labels,
      identifiers: .rowNumbers(images.shape[0])
    ).mapped(bySuffix: map, of: name)
  }

  private static func openSTL10(
    _ file: ByteFile, _ name: SetName, map: [String]
  ) throws(FileError) -> ExampleSet {
    let images = try PackedImages([file], stl10)
    let count = images.shape[0]
    let labelPath = file.path.dropLast("_X.bin".utf8.count) + "_y.bin"
    var labels: Labels?
    if file.path.hasSuffix("unlabeled_X.bin") == false {
      let stored = try ByteFile(path: String(labelPath))
      guard stored.count == count else {
        throw FileError(
          path: stored.path, reason: "\(stored.count) labels for \(count) images in \(file.path)")
      }
      labels = try Labels(
        checking: try stored.bytes(0..<count).map { Int($0) - 1 },
        of: SetName(file: stored.path), classCount: 10)
    }
    return try ExampleSet(
      name: name.description, format: "STL-10 binary", source: images, exampleShape: [96, 96, 3],
      labels: labels, identifiers: .rowNumbers(count), classNames: stl10Classes
    ).mapped(bySuffix: map, of: name)
  }
}

extension SetName {
  /// The parts of the object's path.
  var parts: [String] { object.map { $0.split(separator: "/").map(String.init) } ?? [] }
}

extension ExampleSet {
  /// The set with the classes that the rest of its name asks for.
  func mapped(bySuffix parts: [String], of name: SetName) throws(FileError) -> ExampleSet {
    if parts.isEmpty { return self }
    let wanted = parts.joined(separator: "/")
    guard let map = ClassMap(builtIn: wanted) else {
      throw FileError(
        path: name.file, object: name.object,
        reason: "'\(wanted)' is no built-in map of classes; there are "
          + ClassMap.builtInNames.joined(separator: ", "))
    }
    return try mapped(by: map)
  }
}
