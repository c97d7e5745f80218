import Files
import HDF5

/// The values of `.safetensors` files, by the name of the array.
struct SafeTensorsValues: ValueSource {
  let path: String
  var places: [String: (file: ByteFile, range: Range<Int>)] = [:]

  func values(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Double] {
    StoredNumbers(elementType: parameter.elementType).doubles(try bytes(parameter))
  }

  func floats(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Float] {
    StoredNumbers(elementType: parameter.elementType).floats(try bytes(parameter))
  }

  func withElements<R>(
    _ parameter: Checkpoint.Parameter, _ body: (StoredElements) throws(FileError) -> R
  ) throws(FileError) -> R? {
    guard let place = places[parameter.path], place.range.count == parameter.byteCount else {
      throw FileError(path: path, object: parameter.path, reason: "no such array in the file")
    }
    return try body(
      StoredElements(
        place: .file(place.file, place.range.lowerBound),
        numbers: StoredNumbers(elementType: parameter.elementType), count: parameter.count))
  }

  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void
  ) throws(FileError) {
    let (file, range) = try place(parameter)
    let numbers = StoredNumbers(elementType: parameter.elementType)
    let size = valuesAtATime * max(parameter.elementType.byteCount ?? 1, 1)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      body(numbers.doubles(try file.bytes(start..<min(range.upperBound, start + size))))
    }
  }

  private func bytes(_ parameter: Checkpoint.Parameter) throws(FileError) -> [UInt8] {
    let (file, range) = try place(parameter)
    return try file.bytes(range)
  }

  private func place(
    _ parameter: Checkpoint.Parameter
  ) throws(FileError) -> (file: ByteFile, range: Range<Int>) {
    guard let place = places[parameter.path], place.range.count == parameter.byteCount else {
      throw FileError(path: path, object: parameter.path, reason: "no such array in the file")
    }
    return place
  }
}

extension Checkpoint {
  /// A `.safetensors` file.
  static func safeTensors(_ file: ByteFile) throws(FileError) -> Checkpoint {
    let header = try SafeTensorsHeader(file)
    guard !header.entries.isEmpty else {
      throw FileError(path: file.path, reason: "holds no arrays; save the model's state_dict in it")
    }
    return try safeTensors(
      path: file.path, [(file, header)],
      evidence: "a header of \(header.entries.count) arrays before their bytes")
  }

  /// The shards that a `*.safetensors.index.json` or a Keras `.weights.json` names; each must be in
  /// the same folder.
  static func weightIndex(_ file: ByteFile) throws(FileError) -> Checkpoint {
    func wrong(_ reason: String) -> FileError { FileError(path: file.path, reason: reason) }
    guard file.count <= SafeTensorsHeader.longest else {
      throw wrong("JSON of \(file.count) bytes, more than any index of shards has")
    }
    let text = String(decoding: try file.bytes(0..<file.count), as: UTF8.self)
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: text, namesOnce: true) } catch {
      throw wrong("neither HDF5 nor an index of shards: \(error.description)")
    }
    guard let map = json["weight_map"]?.object else {
      if json["class_name"] != nil {
        throw wrong(
          "an architecture of Keras without parameters; 'inspect --graph' shows it, and commands that "
            + "run a network take it with --architecture beside a checkpoint")
      }
      throw wrong("JSON without weight_map; only an index of .safetensors shards is a checkpoint")
    }
    guard !map.isEmpty else {
      throw wrong("its weight_map is empty, so it holds no arrays; name the shards in it")
    }
    var names: [String: [String]] = [:]
    for (name, entry) in map {
      // Keras lists the files of a group, safetensors names the file of an array.
      for shard in entry.array ?? [entry] {
        guard let shard = shard.string, !shard.isEmpty, shard != ".", shard != "..",
          !shard.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0x5C || $0 == 0 })
        else { throw wrong("the shard of \(name) is no name of a file in the same folder") }
        names[shard, default: []].append(name)
      }
    }
    if map.values.contains(where: { $0.array != nil }) {
      return try kerasShards(path: file.path, names.keys.sorted())
    }
    let folder = file.path.lastIndex(of: "/").map { String(file.path[...$0]) } ?? ""
    var shards: [(ByteFile, SafeTensorsHeader)] = []
    for (shard, expected) in names.sorted(by: { $0.key < $1.key }) {
      let bytes = try ByteFile(path: folder + shard)
      let header = try SafeTensorsHeader(bytes)
      let held = Set(header.entries.map(\.name))
      if let missing = expected.sorted().first(where: { !held.contains($0) }) {
        throw FileError(
          path: bytes.path, object: missing, reason: "missing, though the index says it is here")
      }
      if held.count > expected.count {
        throw FileError(
          path: bytes.path,
          reason: "holds \(held.count) arrays, of which the index names "
            + "\(expected.count)")
      }
      shards.append((bytes, header))
    }
    return try safeTensors(
      path: file.path, shards, evidence: "weight_map of \(shards.count) shards")
  }

  private static func safeTensors(
    path: String, _ shards: [(ByteFile, SafeTensorsHeader)], evidence: String
  ) throws(FileError) -> Checkpoint {
    var source = SafeTensorsValues(path: path)
    var entries: [StateDictionary.Entry] = []
    for (file, header) in shards {
      for entry in header.entries {
        guard source.places.updateValue((file, entry.range), forKey: entry.name) == nil else {
          throw FileError(path: path, object: entry.name, reason: "in two shards")
        }
        entries.append(
          StateDictionary.Entry(
            name: entry.name, path: entry.name, shape: entry.shape, elementType: entry.elementType))
      }
    }
    let metadata = shards.count == 1 ? shards[0].1.metadata : [:]
    var checkpoint = Checkpoint(source, layout: .safeTensors, evidence: evidence)
    if let text = metadata[AnamorphMetadata.key] {
      try AnamorphMetadata.apply(text, to: &checkpoint, entries)
    } else {
      if let format = metadata["format"] { checkpoint.writer = "safetensors, format \(format)" }
      checkpoint.take(StateDictionary(entries))
    }
    return checkpoint
  }
}
