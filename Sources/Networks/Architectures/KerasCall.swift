import Checkpoints

/// One application of a layer in a functional model: what it is given.
struct KerasCall {
  /// A value that a layer gave: the layer, which of its applications, which of its results.
  struct Reference: Hashable {
    var layer: String
    var application: Int
    var result: Int
  }

  /// What stands in one place of a call.
  enum Argument {
    case value(Reference)
    case constant(JSON)
  }

  /// What is given without a name; lists are taken apart.
  var positional: [Argument] = []
  /// What is given by name.
  var named: [String: Argument] = [:]

  /// Every value it needs.
  var references: [Reference] {
    (positional + named.values).compactMap { if case .value(let value) = $0 { value } else { nil } }
  }
}

extension KerasLayer {
  /// Its applications, in order.
  func calls() throws(NetworkError) -> [KerasCall] {
    guard let nodes = json["inbound_nodes"]?.array, !nodes.isEmpty else {
      throw error("it is not connected to the input")
    }
    return nodes.map { $0["args"] == nil ? Self.call($0) : Self.call3($0) }
  }

  /// Keras 1 and 2: `[["layer", 0, 0, {"y": ["other", 0, 0]}], …]`.
  private static func call(_ json: JSON) -> KerasCall {
    var call = KerasCall()
    // A call with a single value may leave out the outer brackets.
    let entries = json[0]?.string != nil ? [json] : json.array ?? []
    for entry in entries {
      // What is not a value of a layer: `["_CONSTANT_VALUE", -1, 3.0, {}]`.
      if entry[0]?.string == "_CONSTANT_VALUE" {
        call.positional.append(.constant(entry[2] ?? .null))
      } else if let reference = reference(entry) {
        call.positional.append(.value(reference))
      }
      for (name, value) in entry[3]?.object ?? [:] {
        call.named[name] = reference(value).map { .value($0) } ?? .constant(value)
      }
    }
    return call
  }

  /// Keras 3: `{"args": [{"class_name": "__keras_tensor__", …}], "kwargs": {…}}`.
  private static func call3(_ json: JSON) -> KerasCall {
    var call = KerasCall()
    func collect(_ json: JSON) {
      if let reference = history(json) {
        call.positional.append(.value(reference))
      } else if let elements = json.array, elements.contains(where: { history($0) != nil }) {
        for element in elements { collect(element) }
      } else {
        call.positional.append(.constant(json))
      }
    }
    for argument in json["args"]?.array ?? [] { collect(argument) }
    for (name, value) in json["kwargs"]?.object ?? [:] {
      call.named[name] = history(value).map { .value($0) } ?? .constant(value)
    }
    return call
  }

  /// The value that `["layer", 0, 0]` stands for.
  static func reference(_ json: JSON) -> KerasCall.Reference? {
    guard let layer = json[0]?.string, let application = json[1]?.int, let result = json[2]?.int
    else { return nil }
    return KerasCall.Reference(layer: layer, application: application, result: result)
  }

  private static func history(_ json: JSON) -> KerasCall.Reference? {
    json["config"]?["keras_history"].flatMap(reference)
  }
}

/// The parts of a model's configuration.
enum KerasModel {
  /// The layers of a model, in the order of the configuration.
  static func layers(of model: JSON) -> [KerasLayer] {
    let config = model["config"]
    return (config?["layers"]?.array ?? config?.array ?? []).map { KerasLayer($0) }
  }

  /// Whether a configuration is of Keras 3: it says `batch_shape` where earlier ones say
  /// `batch_input_shape`, and values carry their histories.
  static func isKeras3(_ model: JSON) -> Bool {
    layers(of: model).contains { layer in
      layer.json["config"]?["batch_shape"] != nil
        || layer.json["config"]?["dtype"]?["class_name"]?.string == "DTypePolicy"
        || layer.json["inbound_nodes"]?[0]?["args"] != nil || layer.isModel && isKeras3(layer.json)
    }
  }

  /// The values in `[["a", 0, 0], ["b", 0, 0]]`, or the one in `["a", 0, 0]`; of values by name, those
  /// in the order of the names.
  static func references(_ json: JSON?) -> [KerasCall.Reference] {
    guard let json else { return [] }
    if let one = KerasLayer.reference(json) { return [one] }
    if let members = json.object {
      return members.sorted { $0.key < $1.key }.flatMap { references($0.value) }
    }
    return (json.array ?? []).flatMap { references($0) }
  }

  /// The inputs of a model with their shapes, going into models that come first; an extent of −1 is
  /// left open.
  static func inputs(of model: JSON) throws(NetworkError) -> [(name: String, shape: [Int]?)] {
    let layers = layers(of: model)
    if model["class_name"]?.string == "Sequential" {
      guard let first = layers.first else { return [] }
      if first.isModel, first.json["config"]?["batch_input_shape"] == nil {
        return try inputs(of: first.json)
      }
      return [(first.className == "InputLayer" ? first.name : "input", first.statedShape)]
    }
    let names = references(model["config"]?["input_layers"])
    var result: [(name: String, shape: [Int]?)] = []
    for reference in names {
      guard let layer = layers.first(where: { $0.name == reference.layer }) else {
        throw NetworkError(
          layer: reference.layer, reason: "the model's input is not among its layers")
      }
      result.append((layer.name, layer.statedShape))
    }
    return result
  }
}
