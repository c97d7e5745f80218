import Files
import HDF5

/// An array found in a file, of whichever kind the file turned out to be.
struct StoredArray {
  enum Purpose { case examples, labels }

  /// Where it was found, with the object that was chosen when none was named.
  let name: SetName

  /// How it is stored, for people.
  let format: String

  let source: any ExampleSource

  /// The numbers as whole numbers.
  let readIntegers: @Sendable () throws(FileError) -> [Int]

  /// The group that holds it, when there is one.
  let surroundings: HDF5Surroundings?

  /// Finds the labels that go with it in its own archive, or in a file beside its own.
  var labelsElsewhere: (@Sendable () throws(FileError) -> StoredArray?)?

  static func open(
    _ name: SetName, unpackingLimit: Int, for purpose: Purpose
  ) throws(FileError) -> StoredArray {
    let file = try ByteFile(path: name.file)
    let start = try file.bytes(in: 0..<16)
    guard file.count > 0 else { throw FileError(path: name.file, reason: "an empty file") }
    let header = try file.bytes(in: 0..<128)
    if MATLABFile.isVersion5(header) || MATLABFile.isVersion7(header) {
      return try MATLABFile.open(file, name, unpackingLimit: unpackingLimit, for: purpose)
    }
    if try isHDF5(file) { return try openHDF5(name, for: purpose) }
    if start.starts(with: Array("PK".utf8)) {
      return try open(NumPyArchive(file, unpackingLimit: unpackingLimit), name, for: purpose)
    }
    if let object = name.object {
      throw FileError(
        path: name.file, object: object,
        reason: "only HDF5 files and .npz archives hold named arrays")
    }
    if Gzip.isGzip(start) {
      let unpacked = MemoryBytes(
        path: name.file, bytes: try Gzip.unpacked(file, limit: unpackingLimit))
      return try open(unpacked, name, packing: ", gzip")
    }
    return try open(file, name, packing: "")
  }

  private static func open(
    _ bytes: any ByteSource, _ name: SetName, packing: String
  ) throws(FileError) -> StoredArray {
    let start = try bytes.bytes(in: 0..<16)
    let (array, format): (NumberArray, String)
    if NumPyFile.isNumPy(start) {
      (array, format) = (try NumPyFile.array(in: bytes), "NumPy")
    } else if IDXFile.isIDX(start) {
      (array, format) = (try IDXFile.array(in: bytes), "IDX")
    } else {
      throw FileError(
        path: name.file,
        reason: "none of HDF5, .npy, .npz, IDX, gzip-packed IDX, CIFAR, STL-10 or a list of images "
          + "by its content")
    }
    var found = StoredArray(
      name: name, format: "\(format)\(packing)", source: array,
      readIntegers: { () throws(FileError) in try array.integers() }, surroundings: nil)
    if packing.isEmpty {
      found.labelsElsewhere = { () throws(FileError) in
        // As CIFAR-10.1 is shipped: cifar10.1_v6_data.npy and cifar10.1_v6_labels.npy.
        guard name.file.hasSuffix("_data.npy") else { return nil }
        let labels = String(name.file.dropLast("data.npy".count)) + "labels.npy"
        guard Folder.isThere(labels) else { return nil }
        return try open(SetName(file: labels), unpackingLimit: 0, for: .labels)
      }
    }
    return found
  }

  private static func open(
    _ archive: NumPyArchive, _ name: SetName, for purpose: Purpose
  ) throws(FileError) -> StoredArray {
    let chosen = try archive.chosen(name, for: purpose)
    @Sendable func stored(_ member: String, _ array: NumberArray) -> StoredArray {
      StoredArray(
        name: SetName(file: name.file, object: "/\(member)"), format: "NumPy archive",
        source: array, readIntegers: { () throws(FileError) in try array.integers() },
        surroundings: nil)
    }
    var found = stored(chosen, try archive.array(chosen))
    found.labelsElsewhere = { () throws(FileError) in
      guard let (name, array) = try archive.labels(beside: chosen) else { return nil }
      let labels = stored(name, array)
      return labels.isList ? labels : nil
    }
    return found
  }

  /// HDF5 files begin with their signature at byte 0, or at 512, 1024, 2048 …
  private static func isHDF5(_ file: ByteFile) throws(FileError) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    var offset = 0
    while offset + 8 <= file.count {
      if try file.bytes(in: offset..<offset + 8) == signature { return true }
      offset = offset == 0 ? 512 : offset * 2
    }
    return false
  }

  /// Whether the array could be a list of labels.
  var isList: Bool {
    let shape = source.shape
    return shape.count == 1 || (shape.count == 2 && shape[1] == 1)
  }

  /// The numbers as labels of the `examples` of `set`.
  ///
  /// - Throws: `FileError` when the array is no list of that length, or a label no class.
  func labels(examples: Int, of set: String, classCount: Int?) throws(FileError) -> Labels {
    func wrong(_ reason: String) -> FileError {
      FileError(path: name.file, object: name.object, reason: reason)
    }
    guard isList else {
      throw wrong("\(NumberArray.text(source.shape)) numbers are no list of labels")
    }
    // Before reading: what a file claims need not fit in memory.
    guard source.shape[0] == examples else {
      throw wrong("\(source.shape[0]) labels for the \(examples) examples of \(set)")
    }
    do throws(FileError) {
      return try Labels(checking: try readIntegers(), of: name, classCount: classCount)
    } catch {
      // A plain array does not know what it is called inside its file.
      guard let object = name.object, let row = error.object, row.hasPrefix("row ") else {
        throw error
      }
      throw FileError(path: name.file, object: "\(object): \(row)", reason: error.reason)
    }
  }
}
