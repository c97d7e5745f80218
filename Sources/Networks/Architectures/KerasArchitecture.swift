public import Checkpoints

/// Builds graphs from Keras's `model_config`: Sequential and Functional models of Keras 1, 2 and 3,
/// channels-last.
///
/// Models inside models are flattened; their layers are then called `model/layer`. Layers that hold
/// code (`Lambda`) are never run.
public enum KerasArchitecture {
  /// The graph of a `model_config`.
  ///
  /// - Parameter inputShape: The shape of an example, for models that leave it open.
  /// - Throws: ``NetworkError`` naming the layer: of a class that is not supported, with settings
  ///   that are not, or with shapes that do not fit.
  public static func graph(
    _ model: JSON, inputShape: [Int]? = nil
  ) throws(NetworkError) -> Graph {
    guard let input = KerasModel.inputLayer(of: model) else {
      throw NetworkError(reason: "the Keras model has no layers, or is of a class not supported")
    }
    var shape = inputShape
    if shape == nil { shape = try input.inputShape() }
    guard let shape else {
      throw NetworkError(
        layer: input.name, reason: "the Keras model does not say the shape of its input")
    }
    var builder = try GraphBuilder(
      inputShape: shape, name: input.className == "InputLayer" ? input.name : "input")
    let output = try add(model, to: builder.input, prefix: "", &builder)
    return builder.graph(output: output)
  }

  /// Adds all layers of a model that is applied to one value.
  private static func add(
    _ model: JSON, to value: Int, prefix: String, _ builder: inout GraphBuilder
  ) throws(NetworkError) -> Int {
    switch model["class_name"]?.string {
    case "Sequential":
      var value = value
      for layer in KerasModel.layers(of: model) {
        value = try add(layer, to: [value], prefix: prefix, &builder)
      }
      return value
    case "Functional", "Model":
      return try addFunctional(model, to: value, prefix: prefix, &builder)
    case let name:
      throw NetworkError(
        reason: "Keras model class '\(name ?? "")' is not supported (Sequential and Functional are)"
      )
    }
  }

  private static func addFunctional(
    _ model: JSON, to value: Int, prefix: String, _ builder: inout GraphBuilder
  ) throws(NetworkError) -> Int {
    let inputs = KerasModel.names(model["config"]?["input_layers"])
    let outputs = KerasModel.names(model["config"]?["output_layers"])
    guard inputs.count == 1, outputs.count == 1 else {
      throw NetworkError(
        reason: "the Keras model has \(inputs.count) inputs and \(outputs.count) outputs; "
          + "one of each is supported")
    }
    // Layers usually stand after those they read, but nothing promises it.
    var values = [inputs[0]: value]
    var waiting = KerasModel.layers(of: model).filter { $0.name != inputs[0] }
    while !waiting.isEmpty {
      var later: [KerasLayer] = []
      for layer in waiting {
        let sources = try layer.sources()
        let ready = sources.compactMap { values[$0] }
        guard ready.count == sources.count else {
          later.append(layer)
          continue
        }
        values[layer.name] = try add(layer, to: ready, prefix: prefix, &builder)
      }
      guard later.count < waiting.count else {
        throw NetworkError(
          layer: later[0].name, reason: "it reads layers that are not in the model, or itself")
      }
      waiting = later
    }
    guard let output = values[outputs[0]] else {
      throw NetworkError(layer: outputs[0], reason: "the model's output is not among its layers")
    }
    return output
  }

  private static func add(
    _ layer: KerasLayer, to inputs: [Int], prefix: String, _ builder: inout GraphBuilder
  ) throws(NetworkError) -> Int {
    let name = prefix + layer.name
    if ["Sequential", "Functional", "Model"].contains(layer.className) {
      guard inputs.count == 1 else {
        throw NetworkError(layer: name, reason: "a model inside a model needs one input")
      }
      return try add(layer.json, to: inputs[0], prefix: name + "/", &builder)
    }
    let operations = try layer.operations(
      named: name, on: inputs.first.map(builder.shape(of:)) ?? [])
    var values = inputs
    for (nodeName, operation) in operations {
      values = [try builder.add(nodeName, operation, to: values, layer: name)]
    }
    guard values.count == 1 else {
      throw NetworkError(layer: name, reason: "it has \(values.count) inputs where one is needed")
    }
    return values[0]
  }
}

/// The parts of a model's configuration.
enum KerasModel {
  /// The layers of a model, in the order of the configuration.
  static func layers(of model: JSON) -> [KerasLayer] {
    let config = model["config"]
    return (config?["layers"]?.array ?? config?.array ?? []).map(KerasLayer.init)
  }

  /// The layer that says the shape of an example, going into models that come first.
  static func inputLayer(of model: JSON) -> KerasLayer? {
    let layers = layers(of: model)
    let named = names(model["config"]?["input_layers"]).first
    guard let first = layers.first(where: { $0.name == named }) ?? layers.first else { return nil }
    if ["Sequential", "Functional", "Model"].contains(first.className) {
      return inputLayer(of: first.json)
    }
    return first
  }

  /// The layers in `[["a", 0, 0], ["b", 0, 0]]`, or the one in `["a", 0, 0]`.
  static func names(_ json: JSON?) -> [String] {
    guard let elements = json?.array else { return [] }
    if let name = elements.first?.string { return [name] }
    return elements.compactMap { $0[0]?.string }
  }
}
