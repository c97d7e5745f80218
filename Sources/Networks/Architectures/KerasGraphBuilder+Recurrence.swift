import Checkpoints

/// Recurrent layers of Keras and what wraps them.
extension KerasGraphBuilder {
  /// Adds a recurrent layer; one that also gives its state gives the last of its states as a second
  /// value, which is all of the state but an LSTM's cell.
  mutating func recurrence(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> [KerasValue] {
    let name = layer.name
    let node = try logical(value, for: name)
    guard layer.className == "Bidirectional" else {
      let recurrence = try layer.recurrence()
      let result = try add(name, .recurrence(recurrence), to: node, layer: name)
      guard layer.bool("return_state", otherwise: false) else { return [KerasValue(node: result)] }
      let shape = graph.shape(of: result)
      guard recurrence.returnsSequences else {
        return [KerasValue(node: result), KerasValue(node: result)]
      }
      let last = try add(
        "\(name)/last", .slice(starts: [shape[0] - 1, 0], counts: [1, shape[1]]), to: result,
        layer: "\(name)/state")
      let state = try add("\(name)/state", .reshape([shape[1]]), to: last, layer: "\(name)/state")
      return [KerasValue(node: result), KerasValue(node: state)]
    }
    guard let wrapped = layer.wrapped else { throw layer.error("it wraps no layer") }
    let forward = try KerasLayer(wrapped, named: name, isKeras3: layer.isKeras3).recurrence()
    guard !wrapped.bool("return_state", otherwise: false) else {
      throw layer.error("it also gives its state, which is not supported")
    }
    var backward = forward
    var backwardName = "backward_" + wrapped.name
    if let given = layer.json["config"]?["backward_layer"], !given.isNull {
      let other = KerasLayer(given, isKeras3: layer.isKeras3)
      backward = try KerasLayer(other, named: name, isKeras3: layer.isKeras3).recurrence()
      backwardName = other.name
    } else {
      backward.goesBackwards.toggle()
    }
    // Keras 2.1 and later add the direction to a name that does not have it.
    let forwardName =
      wrapped.name.hasPrefix("forward_") ? wrapped.name : "forward_" + wrapped.name
    if wrapped.name.hasPrefix("forward_"), layer.json["config"]?["backward_layer"] == nil {
      backwardName = "backward_" + wrapped.name.dropFirst("forward_".count)
    }
    let inner = "\(name)/\(forwardName)"
    let first = try add(inner, .recurrence(forward), to: node, layer: inner)
    let second = "\(name)/\(backwardName)"
    var last = try add(second, .recurrence(backward), to: node, layer: second)
    if backward.returnsSequences {
      last = try add("\(second)/reversed", .reverse(axis: 0), to: last, layer: second)
    }
    let values = [KerasValue(node: first), KerasValue(node: last)]
    switch layer.json["config"]?["merge_mode"]?.string ?? "none" {
    case "concat": return [try concatenate(name, values, axis: -1)]
    case "sum": return [try join(.addition, name, values)]
    case "mul": return [try join(.multiplication, name, values)]
    case "ave": return [try join(.average, name, values)]
    case "none": return values
    case let mode:
      throw layer.error(
        "the merge mode '\(mode)' is not supported; concat, sum, mul, ave and none are")
    }
  }
}

extension KerasLayer {
  /// What a recurrent layer computes.
  fileprivate func recurrence() throws(NetworkError) -> Recurrence {
    if className == "RNN" { return try ofCell().recurrence() }
    let cell: Recurrence.Cell
    switch className {
    case "LSTM": cell = .longShortTermMemory
    case "GRU": cell = .gatedUnit(resetsAfter: bool("reset_after", otherwise: isKeras3))
    case "SimpleRNN": cell = .simple
    default: throw error("a bidirectional '\(className)' is not supported")
    }
    guard !bool("time_major", otherwise: false) else {
      throw error("steps before examples are not supported")
    }
    // Keras 1 called the gates' function `inner_activation`; the default was a hard sigmoid until
    // Keras 2.3's GRU and LSTM of version 2.
    let gates =
      json["config"]?["recurrent_activation"] == nil
      ? "inner_activation" : "recurrent_activation"
    return Recurrence(
      cell, units: try int("units", "output_dim"),
      activation: try activation("activation", otherwise: .tanh),
      recurrentActivation: try activation(
        gates, otherwise: isKeras3 ? .sigmoid : .kerasHardSigmoid),
      hasBias: bool("use_bias", otherwise: true),
      goesBackwards: bool("go_backwards", otherwise: false),
      returnsSequences: bool("return_sequences", otherwise: false))
  }

  /// `RNN` of a cell as the layer that Keras has for it.
  private func ofCell() throws(NetworkError) -> KerasLayer {
    let cell = json["config"]?["cell"]
    let kind = cell?["class_name"]?.string?.split(separator: ">").last.map(String.init) ?? ""
    guard ["LSTMCell", "GRUCell", "SimpleRNNCell"].contains(kind),
      var settings = cell?["config"]?.object
    else {
      throw error(
        "an RNN of '\(kind)' is not supported; those of LSTMCell, GRUCell and SimpleRNNCell are")
    }
    for key in ["return_sequences", "return_state", "go_backwards", "time_major"] {
      settings[key] = json["config"]?[key]
    }
    settings["name"] = .string(name)
    return KerasLayer(
      ["class_name": .string(String(kind.dropLast("Cell".count))), "config": .object(settings)],
      isKeras3: isKeras3)
  }
}
