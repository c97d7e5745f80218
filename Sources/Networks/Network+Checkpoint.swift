public import Checkpoints
public import Files

extension Network {
  /// The network in a checkpoint: its architecture with its parameters bound by layer and role.
  ///
  /// - Parameters:
  ///   - architecture: What to use in place of the architecture in the file: for files that hold
  ///     only parameters.
  ///   - inputShape: The shape of an example, for Keras models that leave it open.
  ///   - options: What the names and shapes of a state dictionary leave open.
  /// - Throws: `FileError`, one line that names the file, the layer or parameter and what is wrong:
  ///   no architecture, a layer that is not supported, a parameter that is missing, of another shape
  ///   or holding NaN or infinities.
  public init(
    _ checkpoint: Checkpoint, architecture given: JSON? = nil, inputShape: [Int]? = nil,
    options: StateDictionaryArchitecture.Options = StateDictionaryArchitecture.Options()
  ) throws(FileError) {
    let path = checkpoint.path
    if given == nil,
      let recognised = try StateDictionaryArchitecture(of: checkpoint, options: options)
    {
      try self.init(checkpoint, recognised)
      return
    }
    if given == nil,
      let refusal = try StateDictionaryArchitecture.refusal(of: checkpoint, options: options)
    {
      throw refusal
    }
    if let reason = checkpoint.conversionNeeded { throw FileError(path: path, reason: reason) }
    let architecture: JSON
    var checkpoint = checkpoint
    if let given {
      architecture = given
      if given["format"] == nil { checkpoint = try checkpoint.ordered(by: given) }
    } else {
      architecture = try Self.architecture(of: checkpoint)
    }
    guard checkpoint.namesAreThoseOfLayers else {
      throw FileError(
        path: path,
        reason: "numbers its layers within their class and does not record their names; give the "
          + "model's own configuration, Keras's model.to_json(), as the architecture")
    }
    let graph: Graph
    do throws(NetworkError) {
      graph = try Graph(architecture: architecture, inputShape: inputShape)
    } catch { throw error.inFile(path) }
    let sources = try ParameterSources(checkpoint).parameters(for: graph)
    var parameters: [Tensor] = []
    for (slot, source) in zip(graph.parameters, sources) {
      parameters.append(try Self.read(source, for: slot, checkpoint))
    }
    self.init(graph, parameters: parameters, architecture: architecture)
  }

  private static func architecture(of checkpoint: Checkpoint) throws(FileError) -> JSON {
    guard let text = checkpoint.architecture else {
      throw FileError(
        path: checkpoint.path,
        reason: "holds parameters without an architecture; save the whole model, with model.save()")
    }
    do throws(JSONError) { return try JSON(parsing: text) } catch {
      throw FileError(path: checkpoint.path, object: "architecture", reason: error.description)
    }
  }

  private static func read(
    _ source: Checkpoint.Parameter, for slot: ParameterSlot, _ checkpoint: Checkpoint
  ) throws(FileError) -> Tensor {
    let object = "\(slot.layer)/\(slot.role)"
    guard ParameterSources.agrees(source.shape, slot.shape) else {
      throw FileError(
        path: checkpoint.path, object: object,
        reason: "has the shape \(source.shape) where the architecture wants \(slot.shape)")
    }
    let tensor = try finite(source, called: object, checkpoint)
    return Tensor(shape: slot.shape, values: tensor.values)
  }

  /// The values of a parameter, which must all be numbers.
  static func finite(
    _ source: Checkpoint.Parameter, called object: String, _ checkpoint: Checkpoint
  ) throws(FileError) -> Tensor {
    let tensor = try checkpoint.tensor(source)
    if let index = tensor.values.firstIndex(where: { !$0.isFinite }) {
      let kind = tensor.values[index].isNaN ? "NaN" : "an infinity"
      throw FileError(
        path: checkpoint.path, object: object,
        reason: "holds \(kind) at \(position(index, in: source.shape)); "
          + "\(tensor.nonFiniteCount) of \(tensor.count) values are not finite")
    }
    return tensor
  }

  /// `[2, 0, 1]` for a flat index.
  private static func position(_ index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    var position = shape
    for axis in shape.indices.reversed() {
      position[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    return position
  }

  /// Writes the network as a checkpoint of Anamorph's own layout, from which it can be read again.
  ///
  /// - Parameters:
  ///   - training: How it was trained.
  ///   - parentDigest: The digest of the checkpoint that training began from.
  /// - Throws: `FileError`.
  public func write(
    to path: String, training: JSON? = nil, parentDigest: String? = nil
  ) throws(FileError) {
    let named = zip(graph.parameters, parameters).map { slot, tensor in
      NamedTensor(
        layer: slot.layer, role: slot.role, tensor: tensor, isTrainable: slot.isTrainable)
    }
    try Checkpoint.write(
      to: path, architecture: architecture.isNull ? JSON?.none : architecture, parameters: named,
      training: training, parentDigest: parentDigest)
  }
}

extension Graph {
  /// The graph of an architecture as a checkpoint keeps it: Anamorph's own description, or Keras's
  /// `model_config`.
  ///
  /// - Throws: ``NetworkError``.
  public init(architecture: JSON, inputShape: [Int]? = nil) throws(NetworkError) {
    if architecture["format"]?.string == ArchitectureDescription.format {
      self = try ArchitectureDescription(architecture).graph()
    } else if architecture["format"]?.string == StateDictionaryArchitecture.format {
      self = try StateDictionaryArchitecture(architecture).graph
    } else {
      self = try KerasArchitecture.graph(architecture, inputShape: inputShape)
    }
  }
}
