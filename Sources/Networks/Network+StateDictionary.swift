public import Checkpoints
public import Files

extension StateDictionaryArchitecture {
  /// The network that the names and shapes of a state dictionary in `checkpoint` make.
  ///
  /// - Returns: `nil` when the checkpoint holds an architecture, is of another layout, or its names
  ///   are of no known family.
  /// - Throws: `FileError` naming the array: one is missing, of another shape, or has no place.
  public init?(of checkpoint: Checkpoint, options: Options = Options()) throws(FileError) {
    guard Self.mayBe(in: checkpoint) else { return nil }
    do throws(NetworkError) {
      try self.init(
        checkpoint.parameters.map { (name: $0.name, shape: $0.shape) }, options: options)
    } catch { throw error.inFile(checkpoint.path) }
  }

  /// Why the names of a checkpoint are no network, when it is a state dictionary of no known family;
  /// `nil` when it is none, or of one.
  ///
  /// - Throws: `FileError` naming an array of a known family: one is missing, of another shape, or
  ///   has no place.
  public static func refusal(
    of checkpoint: Checkpoint, options: Options = Options()
  ) throws(FileError) -> FileError? {
    guard mayBe(in: checkpoint),
      try StateDictionaryArchitecture(of: checkpoint, options: options) == nil
    else { return nil }
    let arrays = checkpoint.parameters.map { (name: $0.name, shape: $0.shape) }
    return refusal(arrays).inFile(checkpoint.path)
  }

  /// Whether a checkpoint holds arrays by name and no architecture.
  private static func mayBe(in checkpoint: Checkpoint) -> Bool {
    guard checkpoint.architecture == nil else { return false }
    return [.stateDictionary, .safeTensors, .numPyArchive].contains(checkpoint.layout)
  }
}

extension Network {
  /// The network of `architecture` with the arrays of `checkpoint`, which it was found in.
  init(
    _ checkpoint: Checkpoint, _ architecture: StateDictionaryArchitecture
  ) throws(FileError) {
    let arrays = Dictionary(
      checkpoint.parameters.map { (String($0.name.map { $0 == "/" ? "." : $0 }), $0) }
    ) { first, _ in first }
    var parameters: [Tensor] = []
    for (slot, binding) in zip(architecture.graph.parameters, architecture.network.bindings) {
      let name = architecture.stored(binding.name)
      guard let array = arrays[name] else {
        throw FileError(path: checkpoint.path, object: name, reason: "is missing")
      }
      let tensor = try Self.finite(array, called: array.name, checkpoint)
      parameters.append(binding.converted(tensor, to: slot.shape))
    }
    self.init(architecture.graph, parameters: parameters, architecture: architecture.json)
  }
}
