import HDF5

/// Names of Keras classes, and the order in which they keep variables.
enum KerasClass {
  /// `BatchNormalization` as `batch_normalization`.
  static func snake(_ name: String) -> String {
    let scalars = Array(name.unicodeScalars)
    var text = ""
    for (index, scalar) in scalars.enumerated() {
      if scalar.properties.isUppercase, index > 0 {
        let next = index + 1 < scalars.count && scalars[index + 1].properties.isLowercase
        if next || scalars[index - 1].properties.isLowercase { text += "_" }
      }
      text += String(scalar).lowercased()
    }
    return text
  }

  /// The class that groups called `snake` hold.
  static func named(_ snake: String) -> String? { names[snake] }

  private static let names = Dictionary(
    uniqueKeysWithValues: [
      "Dense", "EinsumDense", "Embedding", "BatchNormalization", "LayerNormalization",
      "GroupNormalization", "UnitNormalization", "RMSNormalization", "Conv1D", "Conv2D", "Conv3D",
      "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D",
      "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "LSTM", "GRU", "SimpleRNN",
      "LSTMCell", "GRUCell", "SimpleRNNCell", "Bidirectional", "TimeDistributed",
      "MultiHeadAttention", "PReLU", "Flatten", "Dropout", "Activation", "ReLU", "LeakyReLU",
      "Softmax", "MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D",
      "GlobalMaxPooling2D", "GlobalAveragePooling1D", "ZeroPadding2D", "Add", "Concatenate",
      "Multiply", "Reshape", "Permute", "Rescaling", "Normalization", "InputLayer", "Sequential",
      "Functional",
    ].map { (snake($0), $0) })

  /// What the variables of a layer do, from its class and, where that says nothing, from shapes.
  static func roles(
    _ snake: String, _ configuration: JSON?, _ shapes: [[Int]], _ types: [ElementType]
  ) -> [Role] {
    if let roles = quantized(snake, shapes, types) { return roles }
    let settings = configuration?["config"]
    func used(_ key: String) -> Bool { settings?[key]?.bool ?? true }
    var roles: [Role]
    switch snake {
    case "batch_normalization":
      let trained: [Role] = (used("scale") ? [.gamma] : []) + (used("center") ? [.beta] : [])
      roles = (shapes.count == 2 ? [] : trained) + [.movingMean, .movingVariance]
    case "layer_normalization", "group_normalization", "rms_normalization":
      roles = (used("scale") ? [.gamma] : []) + (used("center") ? [.beta] : [])
      if shapes.count == 1, snake == "rms_normalization" { roles = [.other("scale")] }
    case "embedding": roles = [.embeddings]
    case "depthwise_conv1d", "depthwise_conv2d": roles = [.depthwiseKernel, .bias]
    case "separable_conv1d", "separable_conv2d":
      roles = [.depthwiseKernel, .pointwiseKernel, .bias]
    case "lstm_cell", "gru_cell", "simple_rnn_cell": roles = [.kernel, .recurrentKernel, .bias]
    case "p_re_lu": roles = [.other("alpha")]
    case "normalization": roles = [.other("mean"), .other("variance"), .other("count")]
    default: roles = self.roles(shapes)
    }
    if roles.count > shapes.count, roles.last == .bias { roles.removeLast() }
    return roles.count == shapes.count ? roles : self.roles(shapes)
  }

  /// Of layers quantized to whole numbers of 8 bits: the kernel, the bias if there is one, and the
  /// scale that Keras divides by; `nil` for others.
  private static func quantized(
    _ snake: String, _ shapes: [[Int]], _ types: [ElementType]
  ) -> [Role]? {
    guard types.first == .integer(bits: 8, signed: true), shapes[0].count >= 2,
      !types.dropFirst().contains(.integer(bits: 8, signed: true))
    else { return nil }
    let kernel: Role = snake.hasSuffix("embedding") ? .embeddings : .kernel
    let scale = Role.other(kernel.name + "_scale")
    switch shapes.count {
    case 2: return [kernel, scale]
    case 3 where kernel == .kernel: return [kernel, .bias, scale]
    default: return nil
    }
  }

  private static func roles(_ shapes: [[Int]]) -> [Role] {
    let ranks = shapes.map(\.count)
    if shapes.count == 1, ranks[0] >= 2 { return [.kernel] }
    if shapes.count == 2, ranks[0] >= 2, ranks[1] < ranks[0], shapes[0].last == shapes[1].last {
      return [.kernel, .bias]
    }
    if (2...3).contains(shapes.count), ranks[0] == 2, ranks[1] == 2, shapes[0][1] == shapes[1][1] {
      return Array([Role.kernel, .recurrentKernel, .bias].prefix(shapes.count))
    }
    if shapes.count == 4, ranks[0] == 1, Set(shapes).count == 1 {
      return [.gamma, .beta, .movingMean, .movingVariance]
    }
    return shapes.indices.map { .other(String($0)) }
  }
}
