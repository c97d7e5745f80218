import Checkpoints

/// The classes of Keras's layers, and which part of the builder adds them.
extension KerasGraphBuilder {
  /// Adds a layer applied to values; usually it gives one.
  mutating func apply(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> [KerasValue] {
    if layer.className == "InputLayer" { return given.values }
    if layer.isModel {
      let inputs = given.values
      return try apply(model: layer.json, to: inputs, prefix: layer.name + "/")
    }
    if let result = try applyJoining(layer, given) { return [result] }
    if let results = try applyTensorOperation(layer, given) { return results }
    guard given.values.count == 1 else {
      throw layer.error(
        "it has \(given.values.count) inputs where one is needed"
          + (layer.isRecurrent ? "; states given from outside are not supported" : ""))
    }
    for (name, argument) in given.named {
      guard case .value = argument else { continue }
      throw layer.error("it is given '\(name)' by another layer, which is not supported")
    }
    let value = given.values[0]
    return layer.isRecurrent ? try recurrence(layer, to: value) : [try apply(layer, to: value)]
  }

  /// Adds a layer that is applied to one value.
  mutating func apply(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    switch layer.className {
    case "Dense":
      let node = try logical(value, for: name)
      let dense = Operation.dense(
        outputs: try layer.int("units", "output_dim"),
        hasBias: layer.bool("use_bias", "bias", otherwise: true))
      return try activate(
        layer, KerasValue(node: try add(name, dense, to: node, layer: name)))
    case "EinsumDense": return try einsumDense(layer, to: value)
    case "Embedding": return try embedding(layer, to: value)
    case "Conv1D", "Convolution1D", "Conv2D", "Convolution2D", "Conv3D", "Convolution3D",
      "AtrousConvolution1D", "AtrousConvolution2D", "DepthwiseConv1D", "DepthwiseConv2D",
      "SeparableConv1D", "SeparableConvolution1D", "SeparableConv2D", "SeparableConvolution2D",
      "Conv1DTranspose", "Convolution1DTranspose", "Conv2DTranspose", "Convolution2DTranspose",
      "Conv3DTranspose", "Convolution3DTranspose":
      return try activate(layer, try convolution(layer, to: value))
    case "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2",
      "SyncBatchNormalization", "LayerNormalization", "GroupNormalization", "Normalization",
      "Rescaling", "LayerScale":
      return try normalization(layer, to: value)
    case "UnitNormalization": return try unitNormalization(layer, to: value)
    case "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax", "PReLU":
      return try activation(layer, to: value)
    case "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D",
      "AveragePooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D", "AvgPool1D", "AvgPool2D",
      "AvgPool3D":
      return try pooling(layer, to: value)
    case let name where name.hasPrefix("Global") && name.contains("Pool"):
      return try globalPooling(layer, to: value)
    case "LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional":
      guard let result = try recurrence(layer, to: value).first else {
        throw layer.error("it gives nothing")
      }
      return result
    case "TimeDistributed": return try timeDistributed(layer, to: value)
    case "Lambda":
      throw layer.error(
        "Keras layer class 'Lambda' is not supported: it holds code, which is never run; replace it "
          + "by a layer of Keras's own")
    case "CuDNNLSTM", "CuDNNGRU":
      throw layer.error(
        "Keras layer class '\(layer.className)' is not supported: its parameters are arranged for "
          + "cuDNN; load it in Keras as '\(layer.className.dropFirst(5))', which converts them, and "
          + "save it again")
    case "Masking":
      throw layer.error("Keras layer class 'Masking' is not supported: steps cannot be left out")
    default:
      if let result = try arrange(layer, to: value) { return result }
      throw layer.error(
        "Keras layer class '\(layer.className)' is not supported "
          + "(\(Self.supported.joined(separator: ", ")) are)")
    }
  }

  private static let supported = [
    "Dense", "EinsumDense", "Embedding", "Conv1D to Conv3D and their transposes",
    "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization",
    "Normalization", "Rescaling", "poolings", "activations", "merging layers", "Attention",
    "AdditiveAttention",
    "MultiHeadAttention", "LSTM", "GRU", "SimpleRNN", "RNN of their cells", "Bidirectional",
    "TimeDistributed", "padding", "cropping", "upsampling", "reshaping", "dropout",
  ]

  // MARK: Layers with tables and sums of products

  private mutating func embedding(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    guard !layer.bool("mask_zero", otherwise: false) else {
      throw layer.error("it masks zeros, which is not supported: steps cannot be left out")
    }
    let operation = Operation.embedding(
      count: try layer.int("input_dim"), width: try layer.int("output_dim"))
    let node = try logical(value, for: layer.name)
    return KerasValue(node: try add(layer.name, operation, to: node, layer: layer.name))
  }

  /// The equations that are a dense layer on the last axes, whatever the letters: `abc,cd->abd`, and
  /// with several axes for one, as in `abc,cde->abde`.
  private mutating func einsumDense(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let equation = layer.setting("equation")?.string ?? ""
    let sides = equation.split(separator: ">").map { $0.filter { $0.isLetter || $0 == "," } }
    let terms = sides.first?.split(separator: ",").map(Array.init) ?? []
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    guard sides.count == 2, terms.count == 2, terms[0].count == shape.count + 1,
      // The kernel's axes are summed over first, and then those of the result.
      let summed = (1..<max(terms[1].count, 1)).first(where: { count in
        terms[0].suffix(count) == terms[1].prefix(count)
          && Array(sides[1]) == terms[0].dropLast(count) + terms[1].dropFirst(count)
      }), summed <= shape.count
    else {
      throw layer.error(
        "the equation '\(equation)' is not supported; those of a dense layer, such as ab,bc->ac or "
          + "abc,cde->abde, are")
    }
    let added = Array(terms[1].dropFirst(summed))
    let output = layer.setting("output_shape")
    let extents =
      output?.int.map { [$0] } ?? (output?.array ?? []).suffix(added.count).compactMap(\.int)
    guard extents.count == added.count, let units = Operation.size(of: extents) else {
      throw layer.error("'output_shape' is missing or not made of whole numbers")
    }
    let axes = layer.setting("bias_axes")?.string
    guard axes == nil || axes.map(Array.init) == added else {
      throw layer.error("a bias along the axes '\(axes ?? "")' is not supported")
    }
    let (kept, sum) = (Array(shape.dropLast(summed)), shape.suffix(summed).reduce(1, *))
    var result = node
    if summed > 1 {
      result = try add("\(name)/row", .reshape(kept + [sum]), to: result, layer: name)
    }
    let dense = Operation.dense(outputs: units, hasBias: axes != nil)
    guard added.count > 1 else {
      return try activate(
        layer, KerasValue(node: try add(name, dense, to: result, layer: name)))
    }
    result = try add("\(name)/dense", dense, to: result, layer: name)
    return try activate(
      layer,
      KerasValue(node: try add(name, .reshape(kept + extents), to: result, layer: name)))
  }
}

extension KerasLayer {
  var isRecurrent: Bool {
    ["LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"].contains(className)
  }
}
