public import Checkpoints
public import Files

extension StateDictionaryArchitecture {
  /// The network that the names and shapes of a state dictionary in `checkpoint` make.
  ///
  /// - Returns: `nil` when the checkpoint holds an architecture, is of another layout, or its names
  ///   are of no known family.
  /// - Throws: `FileError` naming the array: one is missing, of another shape, or has no place.
  public init?(of checkpoint: Checkpoint, options: Options = Options()) throws(FileError) {
    guard checkpoint.architecture == nil else { return nil }
    switch checkpoint.layout {
    case .stateDictionary, .safeTensors, .numPyArchive: break
    default: return nil
    }
    do throws(NetworkError) {
      try self.init(
        checkpoint.parameters.map { (name: $0.name, shape: $0.shape) }, options: options)
    } catch { throw error.inFile(checkpoint.path) }
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
      guard let array = arrays[architecture.prefix + binding.name] else {
        throw FileError(
          path: checkpoint.path, object: architecture.prefix + binding.name, reason: "is missing")
      }
      let tensor = try Self.finite(array, called: array.name, checkpoint)
      parameters.append(binding.converted(tensor, to: slot.shape))
    }
    self.init(architecture.graph, parameters: parameters, architecture: architecture.json)
  }
}
