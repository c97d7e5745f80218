import Checkpoints
import Files

/// Archives of arrays, as `numpy.savez` writes them: a `.npy` file for each, by name.
///
/// What `savez` stores is read where it lies; what `savez_compressed` packs is unpacked whole.
struct NumPyArchive {
  private let archive: ZipArchive
  private let unpackingLimit: Int

  init(_ file: ByteFile, unpackingLimit: Int) throws(FileError) {
    archive = try ZipArchive(file)
    self.unpackingLimit = unpackingLimit
    guard !archive.entries.isEmpty, archive.entries.allSatisfy({ $0.name.hasSuffix(".npy") }) else {
      throw FileError(path: file.path, reason: "an archive, but not of .npy files")
    }
  }

  /// The names of the arrays.
  private var names: [String] { archive.entries.map { String($0.name.dropLast(4)) } }

  private static let exampleNames = ["images", "features", "data", "x", "X", "x_train", "x_test"]

  /// What labels are called beside examples of a name.
  private static func labelNames(beside name: String) -> [String] {
    var names = ["labels", "label", "targets", "target", "y", "Y"]
    if name.hasPrefix("x") { names.insert("y" + name.dropFirst(), at: 0) }
    if name.hasPrefix("X") { names.insert("Y" + name.dropFirst(), at: 0) }
    for (examples, labels) in [("images", "labels"), ("data", "labels")] {
      if name.hasSuffix(examples) { names.insert(name.dropLast(examples.count) + labels, at: 0) }
    }
    return names
  }

  /// The name of the array that `name` means.
  ///
  /// - Throws: `FileError` when it is not there, or none is named and several could be meant.
  func chosen(_ name: SetName, for purpose: StoredArray.Purpose) throws(FileError) -> String {
    if let object = name.object {
      let wanted = String(object.dropFirst())
      guard names.contains(wanted) else {
        throw FileError(
          path: name.file, object: object,
          reason: "no such array; there are \(names.prefix(8).joined(separator: ", "))")
      }
      return wanted
    }
    let usual = purpose == .examples ? Self.exampleNames : Self.labelNames(beside: "")
    let found = usual.filter(names.contains)
    // x_train beside x_test is a choice to make.
    if let first = found.first, found.count == 1 || !first.contains("_") { return first }
    guard names.count == 1 else {
      let shown = names.prefix(6).map { "\(name.file)::/\($0)" }.joined(separator: ", ")
      throw FileError(
        path: name.file, reason: "holds several arrays; name one: \(shown)")
    }
    return names[0]
  }

  /// The array of labels that belongs to the examples `name`, when there is one.
  func labels(beside name: String) throws(FileError) -> (name: String, array: NumberArray)? {
    for candidate in Self.labelNames(beside: name) where candidate != name {
      guard names.contains(candidate) else { continue }
      return (candidate, try array(candidate))
    }
    return nil
  }

  /// The array of this name.
  ///
  /// - Throws: `FileError` when it holds no numbers, or is damaged.
  func array(_ name: String) throws(FileError) -> NumberArray {
    let path = archive.file.path
    guard let entry = archive[name + ".npy"] else {
      throw FileError(path: path, object: "/\(name)", reason: "no such array in it")
    }
    guard !entry.isDeflated || entry.byteCount <= unpackingLimit else {
      throw FileError(
        path: path, object: "/\(name)",
        reason: "unpacks to \(entry.byteCount) bytes; save it with numpy.savez or as .npy")
    }
    let bytes: any ByteSource =
      entry.isDeflated
      ? MemoryBytes(path: path, bytes: try archive.contents(entry, limit: unpackingLimit))
      : PartOfFile(file: archive.file, range: entry.range)
    do throws(FileError) {
      return try NumPyFile.array(in: bytes)
    } catch {
      throw FileError(path: path, object: "/\(name)", reason: error.reason)
    }
  }
}

/// Some bytes of a file.
struct PartOfFile: ByteSource {
  let file: ByteFile
  let range: Range<Int>

  var path: String { file.path }
  var count: Int { range.count }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    guard offset >= 0, buffer.count <= count, offset <= count - buffer.count else {
      throw FileError(path: path, reason: "fewer bytes than expected")
    }
    try file.read(into: buffer, at: range.lowerBound + offset)
  }
}
