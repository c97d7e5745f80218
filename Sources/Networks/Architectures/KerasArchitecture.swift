public import Checkpoints

/// Builds graphs from Keras's `model_config`: Sequential and Functional models of Keras 1, 2 and 3.
///
/// Models inside models are flattened; their layers are then called `model/layer`. A layer that is
/// applied several times has its parameters once; its further nodes are called `layer@2`, `layer@3`.
/// Models whose images have channels first are run channels-last, with their inputs and the results
/// turned as far as needed. Layers that hold code (`Lambda`) are never run.
public enum KerasArchitecture {
  /// The graph of a `model_config`.
  ///
  /// - Parameter inputShape: The shape of an example, for models that leave it open; models with
  ///   several inputs have to state theirs.
  /// - Throws: ``NetworkError`` naming the layer: of a class that is not supported, with settings
  ///   that are not, or with shapes that do not fit.
  public static func graph(
    _ model: JSON, inputShape: [Int]? = nil
  ) throws(NetworkError) -> Graph {
    let kind = model["class_name"]?.string ?? ""
    guard KerasLayer(model).isModel || KerasModel.layers(of: model).isEmpty else {
      throw NetworkError(
        reason: "Keras model class '\(kind)' is not supported (Sequential and Functional are)")
    }
    let stated = try KerasModel.inputs(of: model)
    guard !stated.isEmpty else {
      throw NetworkError(reason: "the Keras model has no layers, or is of a class not supported")
    }
    var inputs: [Graph.Input] = []
    for input in stated {
      guard let shape = stated.count == 1 ? inputShape ?? input.shape : input.shape else {
        throw NetworkError(
          layer: input.name, reason: "the Keras model does not say the shape of its input")
      }
      guard !shape.contains(-1) else {
        let extents = shape.map { $0 < 0 ? "?" : "\($0)" }.joined(separator: " × ")
        throw NetworkError(
          layer: input.name,
          reason: "the input's shape \(extents) leaves an extent open; "
            + "give the shape of an example")
      }
      // A single number for each example.
      inputs.append(Graph.Input(name: input.name, shape: shape.isEmpty ? [1] : shape))
    }
    var builder = KerasGraphBuilder(
      try GraphBuilder(inputs: inputs), isKeras3: KerasModel.isKeras3(model))
    let values = inputs.indices.map { KerasValue(node: builder.graph.node(ofInput: $0)) }
    let results = try builder.apply(model: model, to: values, prefix: "")
    let outputs = try results.map { value throws(NetworkError) in
      try builder.logical(value, for: "output")
    }
    let graph = builder.graph.graph(outputs: outputs)
    guard graph.endsInFeatures else { return graph }
    return builder.graph.graph(outputs: outputs, features: outputs[0])
  }

  /// Whether the images that a model reads have their channels before their positions: what the first
  /// layer that says it says.
  public static func readsChannelsFirst(_ model: JSON) -> Bool {
    func first(_ model: JSON, depth: Int) -> Bool? {
      guard depth < 16 else { return nil }
      for layer in KerasModel.layers(of: model) {
        if layer.isModel {
          if let found = first(layer.json, depth: depth + 1) { return found }
        } else if layer.setting("data_format", "dim_ordering") != nil {
          return try? layer.isChannelsFirst()
        }
      }
      return nil
    }
    return first(model, depth: 0) ?? false
  }

  /// The shape of an example for a model that leaves open the size of the images it reads.
  ///
  /// - Parameter imageSize: Their height and width; three channels where the model leaves those open.
  /// - Returns: `nil` when the model leaves nothing open, does not read images, or images of another
  ///   size.
  public static func openInputShape(_ model: JSON, imageSize: Extent) -> [Int]? {
    guard let inputs = try? KerasModel.inputs(of: model), inputs.count == 1 else { return nil }
    let stated = inputs[0].shape ?? [-1, -1, -1]
    guard stated.count == 3, stated.contains(where: { $0 < 1 }) else { return nil }
    let size = [imageSize.height, imageSize.width]
    let isFirst = readsChannelsFirst(model)
    let channels = isFirst ? stated[0] : stated[2]
    let count = channels < 1 ? 3 : channels
    let shape = isFirst ? [count] + size : size + [count]
    return zip(stated, shape).allSatisfy { $0 < 1 || $0 == $1 } ? shape : nil
  }

  /// The shape of an example for a model that leaves open an extent of its one input, taken from
  /// examples of `exampleShape`; `nil` when the model leaves nothing open, or they do not fit.
  public static func openInputShape(_ model: JSON, examples exampleShape: [Int]) -> [Int]? {
    guard let inputs = try? KerasModel.inputs(of: model), inputs.count == 1,
      inputs[0].shape?.contains(where: { $0 < 1 }) ?? true
    else { return nil }
    var shape = inputs[0].shape ?? exampleShape
    var given = exampleShape
    while given.count > shape.count, given.last == 1 { given.removeLast() }
    if given.count == shape.count,
      zip(shape, given).allSatisfy({ $0 == $1 || $0 < 1 })
    {
      return given
    }
    // Rows of numbers say how long the one open extent is.
    let open = shape.indices.filter { shape[$0] < 1 }
    guard open.count == 1, given.count == 1,
      let known = Operation.size(of: shape.filter { $0 >= 1 } + [1]),
      given[0].isMultiple(of: known)
    else { return nil }
    shape[open[0]] = given[0] / known
    return shape
  }
}
