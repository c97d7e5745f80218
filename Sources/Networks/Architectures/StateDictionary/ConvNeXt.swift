import Checkpoints

extension StateDictionaryFamily {
  /// ConvNeXt as torchvision names its modules.
  ///
  /// Liu et al., "A ConvNet for the 2020s", CVPR 2022.
  static let torchvisionConvNeXt = StateDictionaryFamily(
    "torchvision-convnext",
    signatures: [
      ["features.0.0.weight", "features.1.0.layer_scale", "features.1.0.block.0.weight"]
    ],
    modules: ["features.#.#", "features.#.#.block.#", "classifier.#"],
    spellings: [.timmConvNeXt]
  ) { shapes, options throws(NetworkError) in
    let size = options.imageSize ?? Extent(224)
    var counts: [Int] = []
    while shapes.containsPrefix("features.\(2 * counts.count + 1).0.") {
      counts.append(shapes.count(of: "features.\(2 * counts.count + 1)"))
    }
    let width = shapes["features.0.0.weight"]?.first ?? 0
    var builder = try StateDictionaryBuilder(
      shapes, title: title(counts, width), imageSize: size)
    var value = try builder.convolution(
      "features.0.0", to: builder.input, strides: 4, padding: Extent(0))
    value = try builder.layerNormalization("features.0.1", to: value, epsilon: epsilon)
    for (stage, count) in counts.enumerated() {
      if stage > 0 {
        value = try builder.layerNormalization(
          "features.\(2 * stage).0", to: value, epsilon: epsilon)
        value = try builder.convolution(
          "features.\(2 * stage).1", to: value, strides: 2, padding: Extent(0))
      }
      for block in 0..<count {
        value = try add("features.\(2 * stage + 1).\(block)", to: value, &builder)
      }
    }
    value = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    if shapes.contains("classifier.0.weight") {
      value = try builder.layerNormalization("classifier.0", to: value, epsilon: epsilon)
    }
    let hasHead = shapes.contains("classifier.2.weight")
    let output = hasHead ? try builder.dense("classifier.2", to: value) : value
    let resize = counts == [3, 3, 9, 3] ? 236 : width == 96 ? 230 : 232
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : value, head: "classifier.2",
      preprocessing: .torchvision(resize: resize, crop: size))
  }

  private static let epsilon: Float = 1e-6

  /// A block: depthwise convolution, normalisation, perceptron over channels, scale, sum.
  private static func add(
    _ name: String, to input: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    var value = try builder.convolution("\(name).block.0", to: input)
    value = try builder.layerNormalization("\(name).block.2", to: value, epsilon: epsilon)
    value = try builder.dense("\(name).block.3", to: value)
    value = try builder.activation("\(name).block.4", .gelu, to: value)
    value = try builder.dense("\(name).block.5", to: value)
    let width = builder.shape(of: value)[2]
    value = try builder.add(
      "\(name).layer_scale", .multiplyParameter(.gamma, shape: [width]), to: value,
      [ParameterBinding(name: "\(name).layer_scale")])
    return try builder.add(name, .add, to: [value, input])
  }

  private static func title(_ counts: [Int], _ width: Int) -> String {
    switch (counts, width) {
    case ([3, 3, 9, 3], _): "torchvision ConvNeXt-T"
    case ([3, 3, 27, 3], 128): "torchvision ConvNeXt-B"
    case ([3, 3, 27, 3], 192): "torchvision ConvNeXt-L"
    case ([3, 3, 27, 3], 96): "torchvision ConvNeXt-S"
    default: "torchvision ConvNeXt of \(counts.map(String.init).joined(separator: ", ")) blocks"
    }
  }
}
