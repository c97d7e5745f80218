import Files
import HDF5

/// The values of the arrays in a `.npz` file, by their names.
struct NumPyArchiveValues: ValueSource {
  let archive: ZipArchive
  var headers: [String: NumPyArrayHeader] = [:]

  var path: String { archive.file.path }

  func values(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Double] {
    let (bytes, header) = try stored(parameter)
    return header.inOrder(header.numbers.doubles(bytes))
  }

  func floats(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Float] {
    let (bytes, header) = try stored(parameter)
    return header.isColumnMajor
      ? header.inOrder(header.numbers.doubles(bytes)).map { Float($0) }
      : header.numbers.floats(bytes)
  }

  func withElements<R>(
    _ parameter: Checkpoint.Parameter, _ body: (StoredElements) throws(FileError) -> R
  ) throws(FileError) -> R? {
    guard let entry = archive[parameter.path], let header = headers[parameter.path],
      !entry.isDeflated, !header.isColumnMajor,
      entry.byteCount - header.byteCount == parameter.byteCount
    else { return nil }
    try archive.requireIntact(entry)
    return try body(
      StoredElements(
        place: .file(archive.file, entry.range.lowerBound + header.byteCount),
        numbers: header.numbers, count: parameter.count))
  }

  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void
  ) throws(FileError) {
    let (entry, header) = try place(parameter)
    guard !entry.isDeflated, !header.isColumnMajor else { return body(try values(parameter)) }
    let numbers = header.numbers
    try archive.eachPiece(
      entry, skipping: header.byteCount, of: valuesAtATime * (numbers.elementType.byteCount ?? 1)
    ) { body(numbers.doubles($0)) }
  }

  private func place(
    _ parameter: Checkpoint.Parameter
  ) throws(FileError) -> (ZipArchive.Entry, NumPyArrayHeader) {
    guard let entry = archive[parameter.path], let header = headers[parameter.path] else {
      throw FileError(path: path, object: parameter.path, reason: "no such array in the file")
    }
    return (entry, header)
  }

  private func stored(
    _ parameter: Checkpoint.Parameter
  ) throws(FileError) -> ([UInt8], NumPyArrayHeader) {
    let (entry, header) = try place(parameter)
    // Beside the bytes, what becomes of them.
    var bytes = try archive.contents(entry, beside: 8 * parameter.count)
    bytes.removeFirst(header.byteCount)
    return (bytes, header)
  }
}

extension Checkpoint {
  /// A `.npz` file: an archive of `.npy` files.
  static func numPyArchive(_ archive: ZipArchive) throws(FileError) -> Checkpoint {
    let path = archive.file.path
    let names = archive.entries.map(\.name)
    if names.contains(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
      throw FileError(
        path: path,
        reason: "a PyTorch file, a pickle that can hold code and is never loaded; "
          + "save it as .safetensors")
    }
    guard !names.isEmpty, names.allSatisfy({ $0.hasSuffix(".npy") }) else {
      let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
      throw FileError(
        path: path,
        reason: "neither a .keras archive nor a .npz file: it holds "
          + (names.isEmpty ? "nothing" : shown))
    }
    var source = NumPyArchiveValues(archive: archive)
    var entries: [StateDictionary.Entry] = []
    var omissions: [Omission] = []
    var texts = 0
    for entry in archive.entries {
      let start = try archive.start(entry, count: NumPyHeader.longest)
      let header: NumPyArrayHeader
      do throws(NumPyHeader.Problem) {
        header = try NumPyArrayHeader(start, fileByteCount: entry.byteCount)
      } catch {
        if error.isText {
          texts += 1
          continue
        }
        if error.isOtherContent {
          // `it holds complex numbers`, and what to do behind a semicolon.
          let reason = error.reason.prefix { $0 != ";" }
          omissions.append(
            Omission(
              name: String(entry.name.dropLast(4)),
              reason: reason.hasPrefix("it ")
                ? String(reason.dropFirst(3)) : "is not read: \(reason)"))
          continue
        }
        throw FileError(path: path, object: entry.name, reason: error.reason)
      }
      source.headers[entry.name] = header
      entries.append(
        StateDictionary.Entry(
          name: String(entry.name.dropLast(4)), path: entry.name, shape: header.shape,
          elementType: header.numbers.elementType))
    }
    var checkpoint = Checkpoint(
      source, layout: .numPyArchive, evidence: "an archive of \(names.count) .npy files")
    checkpoint.take(StateDictionary(entries))
    if texts > 0 {
      checkpoint.notes.append(counted(texts, "array of text", "arrays of text"))
    }
    checkpoint.omissions = omissions
    checkpoint.noteOmissions()
    return checkpoint
  }
}
