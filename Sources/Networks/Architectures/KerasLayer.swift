import Checkpoints

/// One layer of a Keras configuration, with the spellings of Keras 1, 2 and 3 read alike.
struct KerasLayer {
  let json: JSON
  let className: String
  let name: String

  init(_ json: JSON) {
    self.json = json
    className = json["class_name"]?.string ?? ""
    name = json["config"]?["name"]?.string ?? json["name"]?.string ?? className
  }

  func error(_ reason: String) -> NetworkError { NetworkError(layer: name, reason: reason) }

  /// The setting called by the first of `names` that is there.
  func setting(_ names: [String]) -> JSON? {
    for name in names {
      if let value = json["config"]?[name], !value.isNull { return value }
    }
    return nil
  }

  func int(_ names: String...) throws(NetworkError) -> Int {
    guard let value = setting(names)?.int else {
      throw error("'\(names[0])' is missing or not a whole number")
    }
    return value
  }

  func bool(_ names: String..., otherwise: Bool) -> Bool { setting(names)?.bool ?? otherwise }

  func float(_ names: String..., otherwise: Float) -> Float {
    guard let value = setting(names) else { return otherwise }
    return (value.double ?? value[0]?.double).map { Float($0) } ?? otherwise
  }

  /// Two numbers, or one that stands for both.
  func extent(_ names: String..., otherwise: Extent? = nil) throws(NetworkError) -> Extent {
    guard let value = setting(names) else {
      if let otherwise { return otherwise }
      throw error("'\(names[0])' is missing")
    }
    if let both = value.int { return Extent(both) }
    guard value.array?.count == 2, let height = value[0]?.int, let width = value[1]?.int else {
      throw error("'\(names[0])' is \(value.text()), not two whole numbers")
    }
    return Extent(height, width)
  }

  /// The shape of an example that an input layer, or the first layer, states.
  func inputShape() throws(NetworkError) -> [Int]? {
    guard let shape = setting(["batch_input_shape", "batch_shape"])?.array else { return nil }
    var extents: [Int] = []
    for extent in shape.dropFirst() {
      guard let extent = extent.int else {
        throw error(
          "the input's shape \(JSON.array(shape).text()) leaves an extent open; "
            + "give the shape of an example")
      }
      extents.append(extent)
    }
    return extents
  }

  /// The layers whose values it reads.
  func sources() throws(NetworkError) -> [String] {
    guard let calls = json["inbound_nodes"]?.array, let call = calls.first else {
      throw error(
        className == "InputLayer"
          ? "the model has a second input; one is supported" : "it is not connected to the input")
    }
    guard calls.count == 1 else {
      throw error("it is applied \(calls.count) times; layers used once are supported")
    }
    if let arguments = call["args"] { return Self.histories(in: arguments) }
    return (call.array ?? []).compactMap { $0[0]?.string }
  }

  /// The layers behind the `__keras_tensor__` values of Keras 3, in order.
  private static func histories(in json: JSON) -> [String] {
    if let name = json["config"]?["keras_history"]?[0]?.string { return [name] }
    return (json.array ?? []).flatMap(histories(in:))
  }

  /// Refuses images with channels before positions.
  func requireChannelsLast() throws(NetworkError) {
    let order = setting(["data_format", "dim_ordering"])?.string ?? "channels_last"
    guard ["channels_last", "tf", "default"].contains(order) else {
      throw error("its data format is '\(order)'; channels_last is supported")
    }
  }
}
