import Checkpoints

extension StateDictionaryFamily {
  /// ResNet, Wide ResNet and ResNeXt as torchvision names their modules.
  ///
  /// He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; strides are in the 3 × 3
  /// convolutions of bottlenecks, as torchvision has them.
  static let torchvisionResNet = StateDictionaryFamily(
    "torchvision-resnet",
    signatures: [
      ["layer1.0.conv1.weight", "conv1.weight", "bn1.weight", "layer1.0.bn1.weight"],
      ["layer1.0.conv1.weight", "conv1.6.weight", "bn1.weight", "layer1.0.bn1.weight"],
    ],
    modules: [
      "conv#", "bn#", "layer#.#.conv#", "layer#.#.bn#", "layer#.#.downsample.#", "fc",
    ], spellings: Spelling.residual,
    reasons: [
      (".se.", "squeeze-and-excite in a ResNet is not supported"),
      (".sk.", "selective kernels in a ResNet are not supported"),
      (".aa.", "anti-aliased strides in a ResNet are not supported"),
      (".bn3.conv", "this kind of normalisation in a ResNet is not supported"),
    ]
  ) { shapes, options throws(NetworkError) in
    try ResNet(shapes).network(options)
  }
}

/// A residual network as its names and shapes describe it.
private struct ResNet {
  let shapes: NamedShapes
  /// How many blocks each of the four stages has.
  let blocks: [Int]
  let isBottleneck: Bool
  /// Whether the first convolution is 3 × 3, for small images, without pooling after it.
  let hasSmallStem: Bool
  /// Whether there are three convolutions in place of the first, and averages before downsampling
  /// ones, as timm's `resnet50d` has them: He et al., "Bag of Tricks for Image Classification with
  /// Convolutional Neural Networks", CVPR 2019.
  let hasDeepStem: Bool

  init(_ shapes: NamedShapes) {
    self.shapes = shapes
    blocks = (1...4).map { shapes.count(of: "layer\($0)") }
    isBottleneck = shapes.contains("layer1.0.conv3.weight")
    hasSmallStem = shapes["conv1.weight"]?.last == 3
    hasDeepStem = shapes.contains("conv1.6.weight")
  }

  func network(
    _ options: StateDictionaryArchitecture.Options
  ) throws(NetworkError) -> RecognizedNetwork {
    let size = options.imageSize ?? Extent(hasSmallStem ? 32 : 224)
    var builder = try StateDictionaryBuilder(
      shapes, title: title, imageSize: size,
      channels: shapes[hasDeepStem ? "conv1.0.weight" : "conv1.weight"]?.dropFirst().first ?? 3)
    var value = try firstConvolutions(&builder)
    value = try builder.batchNormalization("bn1", to: value)
    value = try builder.activation("relu", .relu, to: value)
    if !hasSmallStem {
      value = try builder.maximumPooling("maxpool", to: value, size: 3, strides: 2, padding: 1)
    }
    for (stage, count) in blocks.enumerated() {
      guard count > 0 else {
        throw NetworkError(
          parameter: "layer\(stage + 1).0.conv1.weight",
          reason: "is missing; a ResNet has four stages")
      }
      for block in 0..<count {
        value = try add(
          "layer\(stage + 1).\(block)", to: value, strides: stage > 0 && block == 0 ? 2 : 1,
          &builder)
      }
    }
    let features = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    let hasHead = shapes.contains("fc.weight")
    let output = hasHead ? try builder.dense("fc", to: features) : features
    var network = RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : features, head: "fc",
      preprocessing: hasSmallStem ? nil : .torchvision(crop: size))
    if hasSmallStem {
      network.notes.append(
        "the first convolution is 3×3: taken for the stem for small images, stride 1, no pooling")
    }
    return network
  }

  /// The convolution before the first normalisation, or the three of a deep stem.
  private func firstConvolutions(
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    guard hasDeepStem else {
      return try builder.convolution("conv1", to: builder.input, strides: hasSmallStem ? 1 : 2)
    }
    var value = builder.input
    for index in [0, 3] {
      value = try builder.convolution("conv1.\(index)", to: value, strides: index == 0 ? 2 : 1)
      value = try builder.batchNormalization("conv1.\(index + 1)", to: value)
      value = try builder.activation("conv1.\(index + 2)", .relu, to: value)
    }
    return try builder.convolution("conv1.6", to: value)
  }

  /// A residual block: the branch's convolutions, plus the input or its downsampling.
  private func add(
    _ name: String, to input: Int, strides: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    let last = isBottleneck ? 3 : 2
    // In a bottleneck the 3 × 3 convolution in the middle moves in strides, else the first one.
    let moving = isBottleneck ? 2 : 1
    var value = input
    for index in 1...last {
      value = try builder.convolution(
        "\(name).conv\(index)", to: value, strides: index == moving ? strides : 1)
      value = try builder.batchNormalization("\(name).bn\(index)", to: value)
      if index < last {
        value = try builder.activation("\(name).relu\(index)", .relu, to: value)
      }
    }
    var shortcut = input
    if shapes["\(name).downsample.1.weight"]?.count == 4 {
      if strides > 1 {
        // Windows that reach beyond an odd image are smaller, as with PyTorch's `ceil_mode`.
        shortcut = try builder.add(
          "\(name).downsample.0",
          .averagePooling(
            Window(Extent(strides), strides: Extent(strides), padding: .same),
            countsPadding: false), to: shortcut)
      }
      shortcut = try builder.convolution("\(name).downsample.1", to: shortcut)
      shortcut = try builder.batchNormalization("\(name).downsample.2", to: shortcut)
    } else if shapes.containsPrefix("\(name).downsample.") {
      shortcut = try builder.convolution("\(name).downsample.0", to: shortcut, strides: strides)
      shortcut = try builder.batchNormalization("\(name).downsample.1", to: shortcut)
    }
    guard builder.shape(of: shortcut) == builder.shape(of: value) else {
      throw NetworkError(
        parameter: "\(name).downsample.0.weight",
        reason: "is missing; the shortcut has the shape \(builder.shape(of: shortcut)) and the "
          + "branch \(builder.shape(of: value))")
    }
    value = try builder.add("\(name).sum", .add, to: [value, shortcut])
    return try builder.activation(name, .relu, to: value)
  }

  /// The name that torchvision gives the arrangement of blocks, or a description of it.
  private var title: String {
    let depth: Int? =
      switch (isBottleneck, blocks) {
      case (false, [2, 2, 2, 2]): 18
      case (false, [3, 4, 6, 3]): 34
      case (true, [3, 4, 6, 3]): 50
      case (true, [3, 4, 23, 3]): 101
      case (true, [3, 8, 36, 3]): 152
      default: nil
      }
    let middle = shapes["layer1.0.conv2.weight"] ?? []
    let outputs = shapes["layer1.0.conv3.weight"]?.first ?? 0
    let framework = hasDeepStem ? "timm" : "torchvision"
    guard let depth else {
      return "\(framework) ResNet of \(blocks.map(String.init).joined(separator: ", ")) "
        + (isBottleneck ? "bottlenecks" : "basic blocks")
    }
    if hasDeepStem { return "timm ResNet-\(depth)-D" }
    guard isBottleneck, middle.count == 4, Operation.size(of: middle) != nil, outputs > 0 else {
      return "torchvision ResNet-\(depth)"
    }
    let groups = middle[0] / middle[1]
    if groups > 1 { return "torchvision ResNeXt-\(depth) \(groups)x\(middle[1])d" }
    // A bottleneck is a quarter as wide as its result; in a wide network, twice that.
    let widening = 4 * middle[0] / outputs
    return widening == 1
      ? "torchvision ResNet-\(depth)" : "torchvision Wide ResNet-\(depth)-\(widening)"
  }
}
