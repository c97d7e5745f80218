import Checkpoints

extension KerasLayer {
  private static let supported = [
    "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Conv2D", "Dense",
    "DepthwiseConv2D", "Dropout", "ELU", "Flatten", "GlobalAveragePooling2D",
    "GlobalMaxPooling2D", "InputLayer", "LeakyReLU", "MaxPooling2D", "ReLU", "Reshape",
    "SeparableConv2D", "Softmax", "ZeroPadding2D",
  ]

  /// The operations that the layer stands for, each applied to the one before, with node names.
  func operations(
    named name: String, on input: [Int]
  ) throws(NetworkError) -> [(name: String, operation: Operation)] {
    func alone(_ operation: Operation) -> [(name: String, operation: Operation)] {
      [(name, operation)]
    }
    switch className {
    case "InputLayer": return []
    case "Dense":
      let dense = Operation.dense(
        outputs: try int("units", "output_dim"), hasBias: bool("use_bias", "bias", otherwise: true))
      return alone(dense) + (try activation(after: name))
    case "Conv2D", "Convolution2D": return alone(try convolution()) + (try activation(after: name))
    case "DepthwiseConv2D":
      return alone(try depthwise(hasBias: bool("use_bias", "bias", otherwise: true)))
        + (try activation(after: name))
    case "SeparableConv2D", "SeparableConvolution2D":
      let pointwise = Convolution(
        Window(Extent(1)), filters: try int("filters", "nb_filter"),
        hasBias: bool("use_bias", "bias", otherwise: true), kernelRole: .pointwiseKernel)
      return [("\(name)/depthwise", try depthwise(hasBias: false))]
        + alone(.convolution(pointwise)) + (try activation(after: name))
    case "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2",
      "SyncBatchNormalization":
      return alone(try normalization(rank: input.count))
    case "Activation":
      guard let operation = try activation(setting(["activation"]) ?? .null) else { return [] }
      return alone(operation)
    case "ReLU": return alone(.activation(try rectifier()))
    case "LeakyReLU":
      return alone(
        .activation(.leakyRelu(slope: float("negative_slope", "alpha", otherwise: 0.3))))
    case "ELU": return alone(.activation(.elu(alpha: float("alpha", otherwise: 1))))
    case "Softmax":
      let axis = setting(["axis"])?.int ?? -1
      guard axis == -1 || axis == input.count else { throw error("a softmax over axis \(axis)") }
      return alone(.softmax)
    case "MaxPooling2D": return alone(.maximumPooling(try poolingWindow()))
    case "AveragePooling2D":
      return alone(.averagePooling(try poolingWindow(), countsPadding: false))
    case "GlobalAveragePooling2D":
      try requireChannelsLast()
      return alone(.globalAveragePooling(keepsAxes: bool("keepdims", otherwise: false)))
    case "GlobalMaxPooling2D":
      try requireChannelsLast()
      return alone(.globalMaximumPooling(keepsAxes: bool("keepdims", otherwise: false)))
    case "Add": return alone(.add)
    case "ZeroPadding2D": return alone(try zeroPadding())
    case "Flatten":
      try requireChannelsLast()
      return alone(.reshape([input.reduce(1, *)]))
    case "Reshape": return alone(.reshape(try targetShape(input)))
    case "Dropout": return alone(.dropout(rate: float("rate", "p", otherwise: 0)))
    case "Lambda":
      throw error(
        "Keras layer class 'Lambda' is not supported: it holds code, which is never run")
    default:
      throw error(
        "Keras layer class '\(className)' is not supported "
          + "(\(Self.supported.joined(separator: ", ")) are)")
    }
  }

  // MARK: Layers with settings of their own

  private func padding() throws(NetworkError) -> Padding {
    switch setting(["padding", "border_mode"])?.string ?? "valid" {
    case "valid": return .valid
    case "same": return .same
    case let name: throw error("its padding is '\(name)'; 'valid' and 'same' are supported")
    }
  }

  private func window() throws(NetworkError) -> Window {
    try requireChannelsLast()
    let kernel: Extent
    if setting(["kernel_size"]) == nil, setting(["nb_row"]) != nil {
      kernel = Extent(try int("nb_row"), try int("nb_col"))
    } else {
      kernel = try extent("kernel_size")
    }
    return Window(
      kernel, strides: try extent("strides", "subsample", otherwise: Extent(1)),
      dilation: try extent("dilation_rate", otherwise: Extent(1)), padding: try padding())
  }

  private func convolution() throws(NetworkError) -> Operation {
    .convolution(
      Convolution(
        try window(), filters: try int("filters", "nb_filter"),
        groups: setting(["groups"])?.int ?? 1, hasBias: bool("use_bias", "bias", otherwise: true)))
  }

  private func depthwise(hasBias: Bool) throws(NetworkError) -> Operation {
    .convolution(
      Convolution(
        try window(), filters: setting(["depth_multiplier"])?.int ?? 1, isDepthwise: true,
        hasBias: hasBias))
  }

  private func poolingWindow() throws(NetworkError) -> Window {
    try requireChannelsLast()
    let kernel = try extent("pool_size", otherwise: Extent(2))
    return Window(kernel, strides: try extent("strides", otherwise: kernel), padding: try padding())
  }

  private func normalization(rank: Int) throws(NetworkError) -> Operation {
    let axis = setting(["axis"]).flatMap { $0.int ?? ($0.array?.count == 1 ? $0[0]?.int : nil) }
    // Axis 0 is that of the examples.
    guard axis == nil || axis == -1 || axis == rank else {
      throw error("it normalizes over axis \(axis ?? 0); the last axis is supported")
    }
    guard (setting(["mode"])?.int ?? 0) == 0 else {
      throw error("its mode is not 0; normalization of each channel is supported")
    }
    guard setting(["renorm"])?.bool != true else { throw error("renorm is not supported") }
    return .batchNormalization(
      BatchNormalization(
        epsilon: float("epsilon", otherwise: 0.001), momentum: float("momentum", otherwise: 0.99),
        hasScale: bool("scale", otherwise: true), hasShift: bool("center", otherwise: true)))
  }

  private func zeroPadding() throws(NetworkError) -> Operation {
    try requireChannelsLast()
    if let rows = setting(["padding"])?[0]?.array, let columns = setting(["padding"])?[1]?.array {
      guard rows.count == 2, columns.count == 2, let top = rows[0].int, let bottom = rows[1].int,
        let left = columns[0].int, let right = columns[1].int
      else { throw error("its padding is not made of whole numbers") }
      return .zeroPadding(top: top, bottom: bottom, left: left, right: right)
    }
    let sides = try extent("padding", otherwise: Extent(1))
    return .zeroPadding(
      top: sides.height, bottom: sides.height, left: sides.width, right: sides.width)
  }

  private func targetShape(_ input: [Int]) throws(NetworkError) -> [Int] {
    let target = setting(["target_shape"])?.array ?? []
    var shape = target.compactMap(\.int)
    guard shape.count == target.count, !shape.isEmpty else {
      throw error("its target shape is not made of whole numbers")
    }
    if let open = shape.firstIndex(of: -1) {
      shape[open] = 1
      guard let known = Operation.size(of: shape) else { throw error("its target shape is empty") }
      shape[open] = input.reduce(1, *) / known
    }
    return shape
  }

  // MARK: Activations

  private func rectifier() throws(NetworkError) -> Activation {
    guard float("threshold", otherwise: 0) == 0 else {
      throw error("its threshold is not 0, which is not supported")
    }
    let slope = float("negative_slope", otherwise: 0)
    let limit = setting(["max_value"]).flatMap { $0.double ?? $0[0]?.double }
    switch (limit, slope) {
    case (nil, 0): return .relu
    case (6, 0): return .relu6
    case (nil, _): return .leakyRelu(slope: slope)
    default: throw error("a ReLU limited to \(limit ?? 0) is not supported; 6 is")
    }
  }

  /// The activation that a layer applies to its own result.
  private func activation(
    after name: String
  ) throws(NetworkError) -> [(name: String, operation: Operation)] {
    guard let operation = try activation(setting(["activation"]) ?? .null) else { return [] }
    return [("\(name)/activation", operation)]
  }

  /// The operation called by a name, or by an object that holds it; `nil` for none.
  private func activation(_ json: JSON) throws(NetworkError) -> Operation? {
    if json.isNull { return nil }
    if let inner = json["config"], json["class_name"] != nil {
      if inner.string != nil { return try activation(inner) }
      var members = inner.object ?? [:]
      members["name"] = .string(name)
      let layer = KerasLayer([
        "class_name": json["class_name"] ?? "", "config": .object(members),
      ])
      let operation = try layer.operations(named: name, on: []).first?.operation
      switch operation {
      case nil, .activation, .softmax: return operation
      default: throw error("its activation is a '\(layer.className)', which is none")
      }
    }
    switch json.string {
    case "linear": return nil
    case "relu": return .activation(.relu)
    case "relu6": return .activation(.relu6)
    case "tanh": return .activation(.tanh)
    case "sigmoid": return .activation(.sigmoid)
    case "elu": return .activation(.elu(alpha: 1))
    case "leaky_relu": return .activation(.leakyRelu(slope: 0.2))
    case "softmax": return .softmax
    case let name:
      throw error(
        "the activation '\(name ?? json.text())' is not supported "
          + "(linear, relu, relu6, leaky_relu, elu, tanh, sigmoid, softmax are)")
    }
  }
}
