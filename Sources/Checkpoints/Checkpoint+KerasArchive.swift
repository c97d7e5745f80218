import Files
import HDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Checkpoint {
  /// A `.keras` archive: `config.json` tells the model, `model.weights.h5` holds the parameters.
  static func kerasArchive(_ archive: ZipArchive) throws(FileError) -> Checkpoint {
    let path = archive.file.path
    guard let entry = archive["config.json"], let weights = archive["model.weights.h5"] else {
      guard let pickled = archive["model.weights.npz"] else {
        throw FileError(path: path, reason: "an archive without config.json or model.weights.h5")
      }
      // Keras writes a dictionary for each layer there, which NumPy can only store as a pickle.
      throw FileError(
        path: path, object: pickled.name,
        reason: "holds Python pickles, which can hold code and are never loaded; "
          + "load it with the Keras that wrote it and save it again, as .keras with HDF5 inside")
    }
    guard entry.byteCount <= 256 << 20 else {
      throw FileError(
        path: path, object: entry.name, reason: "\(entry.byteCount) bytes of configuration")
    }
    let text = String(decoding: try archive.contents(entry), as: UTF8.self)
    let configuration: JSON
    do throws(JSONError) { configuration = try JSON(parsing: text) } catch {
      throw FileError(path: path, object: entry.name, reason: error.description)
    }
    let file = try opened(weights, of: archive)
    let found = try naming(path) { () throws(HDF5Error) in
      try kerasWeights(file, file.root, path: path, configuration: configuration)
    }
    guard var checkpoint = found else {
      throw FileError(
        path: path, object: weights.name, reason: "holds no variables by number, vars/0")
    }
    checkpoint.layout = .kerasArchive
    checkpoint.evidence = "an archive with config.json and model.weights.h5"
    checkpoint.architecture = text
    checkpoint.addWeightless(configuration)
    if let metadata = archive["metadata.json"], metadata.byteCount <= 1 << 20,
      let json = try? JSON(
        parsing: String(decoding: archive.contents(metadata), as: UTF8.self)),
      let version = json["keras_version"]?.string
    {
      checkpoint.writer = "Keras \(version)"
    }
    if let compiled = configuration["compile_config"], !compiled.isNull {
      checkpoint.trainingConfiguration = compiled
      if let record = OptimizerRecord(trainingConfiguration: compiled, stateNames: nil) {
        let count = checkpoint.optimizer?.stateCount ?? 0
        checkpoint.optimizer = record
        checkpoint.optimizer?.source = "compile_config"
        checkpoint.optimizer?.stateCount = count
      }
    }
    let layers = configuration["config"]?["layers"]?.array ?? []
    if let lambda = layers.first(where: { $0["class_name"]?.string == "Lambda" }) {
      checkpoint.notes.append(
        "the layer \(lambda["config"]?["name"]?.string ?? "") is a Lambda: it holds Python code, "
          + "never run")
    }
    return checkpoint
  }

  /// Puts layers without parameters in their places, with the order of the configuration.
  private mutating func addWeightless(_ configuration: JSON) {
    // The first of a name is taken first.
    var places: [String: [Int]] = [:]
    for index in layers.indices.reversed() { places[layers[index].name, default: []].append(index) }
    var isTaken = [Bool](repeating: false, count: layers.count)
    var ordered: [Layer] = []
    for layer in configuration["config"]?["layers"]?.array ?? [] {
      guard let name = layer["config"]?["name"]?.string ?? layer["name"]?.string else { continue }
      if let index = places[name]?.popLast() {
        isTaken[index] = true
        ordered.append(layers[index])
      } else {
        ordered.append(
          Layer(name: name, className: layer["class_name"]?.string, parameters: []))
      }
    }
    layers = ordered + zip(layers, isTaken).filter { !$0.1 }.map(\.0)
  }

  /// Opens `entry` as an HDF5 file: under a name that is gone at once, so nothing is left behind
  /// however the process ends.
  private static func opened(
    _ entry: ZipArchive.Entry, of archive: ZipArchive
  ) throws(FileError) -> File {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(folder)/anamorph.XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw FileError.system(folder) }
    defer { close(descriptor) }
    let temporary = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(temporary) }
    var end = 0
    try archive.eachPiece(entry, of: 1 << 20) { bytes throws(FileError) in
      var offset = 0
      while offset < bytes.count {
        let written = bytes.withUnsafeBytes {
          pwrite(
            descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset,
            off_t(end + offset))
        }
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw FileError.system(folder) }
        offset += written
      }
      end += bytes.count
    }
    return try naming(archive.file.path) { () throws(HDF5Error) in try File(readingAt: temporary) }
  }
}
