public import Files
import HDF5

extension Checkpoint {
  /// Opens the checkpoint at `path` and reads everything but the values.
  ///
  /// What the file is, is told from its content; the name counts only for the words of an error.
  /// The layouts are described in `Documentation/layouts`.
  ///
  /// - Throws: `FileError` when it cannot be read or its layout is not known.
  public static func open(_ path: String) throws(FileError) -> Checkpoint {
    let bytes = try ByteFile(path: path)
    let start = try bytes.bytes(0..<64)
    if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) || start.starts(with: [0x50, 0x4B, 0x05, 0x06])
    {
      let archive = try ZipArchive(bytes)
      if archive["config.json"] != nil,
        archive["model.weights.h5"] != nil || archive["model.weights.npz"] != nil
      {
        return try kerasArchive(archive)
      }
      return try numPyArchive(archive)
    }
    if SafeTensorsHeader.isLikely(start) { return try safeTensors(bytes) }
    if start.first(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }) == 0x7B {
      return try weightIndex(bytes)
    }
    if start.starts(with: [0x80]), start.count > 1, (2...5).contains(start[1]) {
      throw FileError(
        path: path,
        reason: "a Python pickle, which can hold code and is never loaded; save it as .safetensors")
    }
    return try naming(path) { () throws(HDF5Error) in
      try checkpoint(in: opened(path, start), path: path)
    }
  }

  /// The checkpoint in an HDF5 file, which is called `path` in messages.
  static func checkpoint(in file: File, path: String) throws(HDF5Error) -> Checkpoint {
    let root = try file.root
    if try root.hasAttribute("anamorph_layout") { return try anamorph(file, root) }
    if let checkpoint = try kerasLegacy(file, root) { return checkpoint }
    if let checkpoint = try kerasWeights(file, root, path: path) { return checkpoint }
    let members = try Members(of: root)
    if let checkpoint = try caffe(file, members) { return checkpoint }
    if let checkpoint = try stateDictionary(file, members) { return checkpoint }
    throw HDF5Error(kind: .unsupported, path: path, reason: try unknownLayout(root))
  }

  /// Opens the file, which begins with `start`, and says of other kinds of files that they are those.
  private static func opened(_ path: String, _ start: [UInt8]) throws(HDF5Error) -> File {
    do throws(HDF5Error) { return try File(readingAt: path) } catch {
      guard error.kind == .notHDF5 else { throw error }
      var error = error
      error.reason =
        ForeignFile.reason(start, name: path)
        ?? "not an HDF5 file, nor any other that is read; save the model as .keras, .h5 or .safetensors"
      throw error
    }
  }

  /// What to say of a file whose layout is none of those read.
  private static func unknownLayout(_ root: Group) throws(HDF5Error) -> String {
    let names = try root.entries().map(\.name)
    let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    return "no known checkpoint layout: no layer_names, no vars, no names such as fc.weight "
      + "(it holds \(names.isEmpty ? "nothing" : shown)); save the model with Keras, or its state_dict "
      + "under its names; a set of examples goes where a set is asked for"
  }
}
