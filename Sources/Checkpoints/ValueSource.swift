import Files
import HDF5

/// Where the values of a checkpoint's parameters are read from, when they are asked for.
protocol ValueSource: Sendable {
  /// The file as the caller named it.
  var path: String { get }

  /// The values of `parameter` in double precision, the last axis running fastest.
  func values(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Double]

  /// The values of `parameter` in single precision, the last axis running fastest.
  func floats(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Float]

  /// Calls `body` with the values of `parameter` in their order, so many at a time that memory
  /// does not grow with them where the layout allows it.
  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void) throws(FileError)

  /// Calls `body` with the elements of `parameter` where they lie uncompressed in their order;
  /// gives `nil` where they do not.
  func withElements<R>(
    _ parameter: Checkpoint.Parameter, _ body: (StoredElements) throws(FileError) -> R
  ) throws(FileError) -> R?
}

/// How many values are read at a time, where a layout allows it.
let valuesAtATime = 1 << 20

extension ValueSource {
  func withElements<R>(
    _ parameter: Checkpoint.Parameter, _ body: (StoredElements) throws(FileError) -> R
  ) throws(FileError) -> R? { nil }

  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void
  ) throws(FileError) {
    body(try values(parameter))
  }
}

/// The datasets of an HDF5 file.
struct HDF5Values: ValueSource {
  let file: File

  /// The name for messages: that of the archive, for a file that was taken out of one.
  let path: String

  /// The files of datasets that are in others, by path.
  var shards: [String: File] = [:]

  func values(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Double] {
    try naming(path) { () throws(HDF5Error) in try dataset(parameter).read(as: Double.self) }
  }

  func floats(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Float] {
    try naming(path) { () throws(HDF5Error) in try dataset(parameter).read(as: Float.self) }
  }

  func dataset(_ parameter: Checkpoint.Parameter) throws(HDF5Error) -> Dataset {
    var dataset = try (shards[parameter.path] ?? file).root.dataset(parameter.path)
    if parameter.elementType == .bfloat16 {
      dataset = try dataset.takenForBrainFloats() ?? dataset
    }
    guard dataset.shape == parameter.shape, !dataset.isNull else {
      throw HDF5Error(
        kind: .wrongShape, path: path, object: parameter.path, reason: "its shape has changed")
    }
    return dataset
  }
}

/// Runs `body`; its errors are told as errors of the file at `path`, whatever it was read through.
func naming<R>(_ path: String, _ body: () throws(HDF5Error) -> R) throws(FileError) -> R {
  do throws(HDF5Error) { return try body() } catch {
    var error = error.fileError
    error.path = path
    throw error
  }
}
