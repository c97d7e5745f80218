/// The way from arrays as Keras 1 stored them to those that Keras 2 has: kernels with inputs first,
/// not turned, the gates of recurrent layers joined.
///
/// What Keras 2 does when it loads such files (`preprocess_weights_for_loading`), and two things that
/// it leaves to the user: kernels that Theano computed with are turned by 180 degrees (Theano
/// convolves where TensorFlow correlates), and dense kernels after flattened images with channels
/// first get the row order of channels last.
struct KerasOneConversion {
  let record: KerasRecord
  /// What was done, by its description, with the layers it was done to.
  private var done: [(what: String, layers: [String])] = []
  private var values: ConvertedValues
  private let isTheano: Bool

  init(_ record: KerasRecord, _ checkpoint: Checkpoint, isTheano: Bool) {
    self.record = record
    self.isTheano = isTheano
    values = ConvertedValues(stored: checkpoint.source)
  }

  /// Converts every layer of `checkpoint` and notes what was done.
  ///
  /// - Parameter order: the order of the axes of kernels that neither the configuration nor the
  ///   bias tells.
  mutating func convert(_ checkpoint: inout Checkpoint, order: KerasRecord.Order?) {
    for index in checkpoint.layers.indices {
      var layer = checkpoint.layers[index]
      layer.parameters = joined(layer.parameters, layer.name)
      for place in layer.parameters.indices where layer.parameters[place].shape.count >= 3 {
        guard layer.parameters[place].isKernelOfKerasOne,
          values.recipes[layer.parameters[place].path] == nil
        else { continue }
        let bias = place + 1 < layer.parameters.count ? layer.parameters[place + 1] : nil
        let found = record.order(of: layer.parameters[place], bias, layer: layer.name) ?? order
        layer.parameters[place] = converted(
          layer.parameters[place], order: found ?? .tensorFlow, layer: layer.name)
      }
      layer.parameters = layer.parameters.map { named($0, layer.name) }
      checkpoint.layers[index] = layer
    }
    reorderRows(&checkpoint)
    finish(&checkpoint, "converted from Keras 1")
  }

  /// Turns the kernels of Keras 2 on Theano, which are in its own order already.
  ///
  /// As Keras does, kernels of depthwise and separable convolutions are left alone.
  mutating func turn(_ checkpoint: inout Checkpoint) {
    for layer in checkpoint.layers {
      for parameter in layer.parameters
      where [.kernel, .recurrentKernel].contains(parameter.role) && parameter.shape.count >= 3 {
        let rank = parameter.shape.count
        let places = Array(0..<rank - 2)
        guard places.contains(where: { parameter.shape[$0] > 1 }) else { continue }
        values.convert(
          parameter, to: parameter,
          Rearrangement(
            view: parameter.shape, axes: Array(0..<rank), reversed: places, shape: parameter.shape))
        note("kernels turned by 180 degrees, as Theano convolves", layer.name)
      }
    }
    finish(&checkpoint, "converted from Theano")
  }

  private func finish(_ checkpoint: inout Checkpoint, _ words: String) {
    guard !values.recipes.isEmpty else { return }
    checkpoint.source = values
    for (what, layers) in done {
      let names = layers.prefix(3).joined(separator: ", ") + (layers.count > 3 ? ", …" : "")
      checkpoint.notes.append("\(words): \(what) (\(layers.count): \(names))")
    }
  }

  private mutating func note(_ what: String, _ layer: String) {
    let index = done.firstIndex { $0.what == what } ?? done.count
    if index == done.count { done.append((what, [])) }
    if done[index].layers.last != layer { done[index].layers.append(layer) }
  }

  /// The kernel of a convolution with inputs first.
  private mutating func converted(
    _ parameter: Checkpoint.Parameter, order: KerasRecord.Order, layer: String
  ) -> Checkpoint.Parameter {
    let rank = parameter.shape.count
    let kind = record.kind(of: parameter, layer: layer)
    let isTransposed = kind?.hasPrefix("Deconvolution") ?? false
    var axes: [Int]
    switch (order, isTransposed) {
    case (.tensorFlow, false): axes = Array(0..<rank)
    case (.tensorFlow, true): axes = Array(0..<rank - 2) + [rank - 1, rank - 2]
    case (.theano, false): axes = Array(2..<rank) + [1, 0]
    case (.theano, true): axes = Array(2..<rank) + [0, 1]
    }
    var shape = axes.map { parameter.shape[$0] }
    // Convolutions along one axis had a second one of length 1.
    let isLine = kind?.hasSuffix("Convolution1D") ?? false
    if isLine, rank == 4, shape[1] == 1 {
      shape.remove(at: 1)
      note("the axis of length 1 of one-dimensional convolutions left out", layer)
    }
    let places = Array(0..<rank - 2)
    let isTurned = isTheano && places.contains { parameter.shape[axes[$0]] > 1 }
    if order == .theano {
      note("kernels transposed from Theano's order, outputs × inputs × places", layer)
    } else if isTransposed {
      note("the channels of transposed convolutions exchanged", layer)
    }
    if isTurned { note("kernels turned by 180 degrees, as Theano convolves", layer) }
    var result = parameter
    result.shape = shape
    result.kernelOrder = .inputsFirst
    if axes != Array(0..<rank) || isTurned || shape.count != rank {
      values.convert(
        parameter, to: result,
        Rearrangement(
          view: parameter.shape, axes: axes, reversed: isTurned ? places : [], shape: shape))
    }
    return result
  }

  /// The parameters of a layer, in which gates that are arrays of their own become one.
  private mutating func joined(
    _ parameters: [Checkpoint.Parameter], _ layer: String
  ) -> [Checkpoint.Parameter] {
    var gates: [String: [String: Checkpoint.Parameter]] = [:]
    for parameter in parameters {
      if let gate = GateName(parameter.name) {
        gates[gate.cell, default: [:]][gate.array + gate.gate] = parameter
      }
    }
    var result: [Checkpoint.Parameter] = []
    var finished: Set<String> = []
    for parameter in parameters {
      guard let gate = GateName(parameter.name), let arrays = gates[gate.cell],
        let order = GateName.order(arrays.keys)
      else {
        result.append(parameter)
        continue
      }
      guard finished.insert(gate.cell).inserted else { continue }
      for (array, role) in [("W", Role.kernel), ("U", .recurrentKernel), ("b", .bias)] {
        let parts = order.compactMap { arrays[array + $0] }
        if let whole = join(parts, "\(gate.cell)_\(array)", role, layer) { result.append(whole) }
      }
      note("gates of recurrent layers joined in the order \(order.joined(separator: ", "))", layer)
    }
    return result
  }

  /// One array from those of the gates, along the last axis.
  private mutating func join(
    _ parts: [Checkpoint.Parameter], _ name: String, _ role: Role, _ layer: String
  ) -> Checkpoint.Parameter? {
    guard let first = parts.first, parts.allSatisfy({ $0.shape == first.shape }),
      !first.shape.isEmpty
    else { return nil }
    var axes = Array(first.shape.indices)
    if first.shape.count == 4, record.setting("dim_ordering", of: layer) == "th" {
      axes = [2, 3, 1, 0]
    }
    let isTurned = isTheano && first.shape.count == 4
    let each = axes.map { first.shape[$0] }
    var whole = first
    whole.name = name
    whole.role = role
    whole.kernelOrder = role.isKernel ? .inputsFirst : nil
    whole.shape = each.dropLast() + [(each.last ?? 0) * parts.count]
    values.join(
      parts, to: whole,
      Rearrangement(
        view: first.shape, axes: axes, reversed: isTurned ? [0, 1] : [], shape: each))
    return whole
  }

  /// The role that a name of Keras 1 says when the kind of the layer is known.
  private func named(
    _ parameter: Checkpoint.Parameter, _ layer: String
  ) -> Checkpoint.Parameter {
    var result = parameter
    let kind = record.kind(of: parameter, layer: layer)
    if kind == "Embedding", parameter.role == .kernel {
      result.role = .embeddings
      result.kernelOrder = nil
    }
    let name = parameter.name.split(separator: ":").first.map(String.init) ?? parameter.name
    if name.hasSuffix("_U"), parameter.shape.count == 2 {
      result.role = .recurrentKernel
      result.kernelOrder = .inputsFirst
    }
    return result
  }

  /// Gives dense kernels after flattened images with channels first the rows of channels last.
  private mutating func reorderRows(_ checkpoint: inout Checkpoint) {
    for index in checkpoint.layers.indices {
      let layer = checkpoint.layers[index]
      guard let channels = record.flattenedChannels(before: layer.name),
        let place = layer.parameters.firstIndex(where: {
          $0.role == .kernel && $0.shape.count == 2
        })
      else { continue }
      let parameter = layer.parameters[place]
      let (rows, outputs) = (parameter.shape[0], parameter.shape[1])
      guard channels > 1, rows > channels, rows.isMultiple(of: channels) else { continue }
      values.convert(
        parameter, to: parameter,
        Rearrangement(
          view: [channels, rows / channels, outputs], axes: [1, 0, 2], reversed: [],
          shape: parameter.shape))
      note("rows after flattened images put in the order of channels last", layer.name)
    }
  }
}

/// The name of an array for one gate of a recurrent layer, such as `forward_lstm_1_W_i:0`.
private struct GateName {
  var cell: String
  var array: String
  var gate: String

  init?(_ name: String) {
    let name = name.split(separator: ":", maxSplits: 1).first ?? ""
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count >= 3, let gate = parts.last,
      ["i", "f", "c", "o", "z", "r", "h"].contains(gate)
    else { return nil }
    let array = parts[parts.count - 2]
    guard ["W", "U", "b"].contains(array) else { return nil }
    self.array = String(array)
    self.gate = String(gate)
    cell = parts.dropLast(2).joined(separator: "_")
  }

  /// The gates in the order of Keras 2, when `arrays` are those of a whole layer.
  static func order(_ arrays: some Collection<String>) -> [String]? {
    for order in [["i", "f", "c", "o"], ["z", "r", "h"]] {
      let wanted = Set(["W", "U", "b"].flatMap { array in order.map { array + $0 } })
      if wanted == Set(arrays) { return order }
    }
    return nil
  }
}

extension Checkpoint.Parameter {
  /// Whether it may be the kernel of a convolution under some name that Keras 1 gave.
  var isKernelOfKerasOne: Bool {
    switch role {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .other: true
    default: false
    }
  }
}
