import Checkpoints

extension StateDictionaryFamily {
  /// MobileNetV2 as torchvision names its modules.
  ///
  /// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
  static let torchvisionMobileNetV2 = StateDictionaryFamily(
    "torchvision-mobilenet-v2",
    signatures: [
      ["features.0.0.weight", "features.1.conv.0.0.weight", "features.2.conv.1.0.weight"]
    ],
    modules: ["features.#.#", "features.#.conv.#", "features.#.conv.#.#", "classifier.#"],
    spellings: [.timmMobileNetV2]
  ) { shapes, options throws(NetworkError) in
    let size = options.imageSize ?? Extent(224)
    var count = 0
    while shapes.containsPrefix("features.\(count + 1).conv.") { count += 1 }
    guard count == 17 else {
      throw NetworkError(
        parameter: "features.\(count + 1).conv.0.0.weight",
        reason: "is missing; MobileNetV2 has 17 blocks, whose strides the shapes do not tell")
    }
    var builder = try StateDictionaryBuilder(
      shapes, title: "torchvision MobileNetV2", imageSize: size)
    let constants = InvertedResiduals(epsilon: 1e-5, momentum: 0.9, activation: .relu6)
    var value = try constants.convolution("features.0", to: builder.input, strides: 2, &builder)
    for block in 1...count {
      let strides = [2, 4, 7, 14].contains(block) ? 2 : 1
      value = try bottleneck("features.\(block)", to: value, strides: strides, constants, &builder)
    }
    value = try constants.convolution("features.\(count + 1)", to: value, &builder)
    let features = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    let hasHead = shapes.contains("classifier.1.weight")
    let output = hasHead ? try builder.dense("classifier.1", to: features) : features
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : features, head: "classifier.1",
      preprocessing: .torchvision(crop: size))
  }

  /// Expansion (not in the first block), depthwise convolution, projection without activation.
  private static func bottleneck(
    _ name: String, to input: Int, strides: Int, _ constants: InvertedResiduals,
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    var value = input
    let expands = builder.shapes.contains("\(name).conv.1.0.weight")
    if expands { value = try constants.convolution("\(name).conv.0", to: value, &builder) }
    let depthwise = expands ? 1 : 0
    value = try constants.convolution(
      "\(name).conv.\(depthwise)", to: value, strides: strides, &builder)
    value = try builder.convolution("\(name).conv.\(depthwise + 1)", to: value)
    value = try builder.batchNormalization("\(name).conv.\(depthwise + 2)", to: value)
    guard strides == 1, builder.shape(of: value) == builder.shape(of: input) else { return value }
    return try builder.add(name, .add, to: [value, input])
  }

  /// MobileNetV3, large and small, as torchvision names its modules.
  ///
  /// Howard et al., "Searching for MobileNetV3", ICCV 2019.
  static let torchvisionMobileNetV3 = StateDictionaryFamily(
    "torchvision-mobilenet-v3",
    signatures: [
      ["features.0.0.weight", "features.1.block.0.0.weight", "features.2.block.0.0.weight"]
    ],
    modules: ["features.#.#", "features.#.block.#.#", "features.#.block.#.fc#", "classifier.#"]
  ) { shapes, options throws(NetworkError) in
    let size = options.imageSize ?? Extent(224)
    var count = 0
    while shapes.containsPrefix("features.\(count + 1).block.") { count += 1 }
    guard count == 15 || count == 11 else {
      throw NetworkError(
        parameter: "features.\(count + 1).block.0.0.weight",
        reason: "is missing; MobileNetV3 has 15 blocks or 11, whose strides and activations the "
          + "shapes do not tell")
    }
    let isLarge = count == 15
    let moving = isLarge ? [2, 4, 7, 13] : [1, 2, 4, 9]
    let firstSwish = isLarge ? 7 : 4
    var builder = try StateDictionaryBuilder(
      shapes, title: "torchvision MobileNetV3-\(isLarge ? "Large" : "Small")", imageSize: size)
    var constants = InvertedResiduals(epsilon: 1e-3, momentum: 0.99, activation: .hardSwish)
    var value = try constants.convolution("features.0", to: builder.input, strides: 2, &builder)
    for block in 1...count {
      constants.activation = block < firstSwish ? .relu : .hardSwish
      value = try constants.block(
        "features.\(block)", to: value, strides: moving.contains(block) ? 2 : 1, .relu,
        .hardSigmoid, &builder)
    }
    value = try constants.convolution("features.\(count + 1)", to: value, &builder)
    value = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    if shapes.contains("classifier.0.weight") {
      value = try builder.dense("classifier.0", to: value)
      value = try builder.activation("classifier.1", .hardSwish, to: value)
    }
    let hasHead = shapes.contains("classifier.3.weight")
    let output = hasHead ? try builder.dense("classifier.3", to: value) : value
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : value, head: "classifier.3",
      preprocessing: .torchvision(crop: size))
  }
}
