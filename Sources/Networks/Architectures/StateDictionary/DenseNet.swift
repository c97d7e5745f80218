import Checkpoints

extension StateDictionaryFamily {
  /// DenseNet as torchvision names its modules, also those of its files (`norm.1` for `norm1`).
  ///
  /// Huang et al., "Densely Connected Convolutional Networks", CVPR 2017.
  static let torchvisionDenseNet = StateDictionaryFamily(
    "torchvision-densenet",
    signatures: [
      [
        "features.conv0.weight", "features.norm0.weight",
        "features.denseblock1.denselayer1.norm1.weight",
      ],
      [
        "features.conv0.weight", "features.norm0.weight",
        "features.denseblock1.denselayer1.norm.1.weight",
      ],
    ],
    modules: [
      "features.conv#", "features.norm#", "features.denseblock#.denselayer#.norm#",
      "features.denseblock#.denselayer#.conv#", "features.transition#.norm",
      "features.transition#.conv", "classifier",
    ]
  ) { shapes, options throws(NetworkError) in
    try DenseNet(shapes: shapes).network(options)
  }
}

private struct DenseNet {
  let shapes: NamedShapes

  /// How many layers each block has; there are as many blocks as there are entries.
  private var counts: [Int] {
    var result: [Int] = []
    while true {
      let block = "features.denseblock\(result.count + 1).denselayer"
      var count = 0
      while shapes.containsPrefix("\(block)\(count + 1).") { count += 1 }
      if count == 0 { return result }
      result.append(count)
    }
  }

  func network(
    _ options: StateDictionaryArchitecture.Options
  ) throws(NetworkError) -> RecognizedNetwork {
    let size = options.imageSize ?? Extent(224)
    let counts = counts
    var builder = try StateDictionaryBuilder(shapes, title: Self.title(counts), imageSize: size)
    var value = try builder.convolution("features.conv0", to: builder.input, strides: 2)
    value = try builder.batchNormalization("features.norm0", to: value)
    value = try builder.activation("features.relu0", .relu, to: value)
    value = try builder.maximumPooling("features.pool0", to: value, size: 3, strides: 2, padding: 1)
    for (block, count) in counts.enumerated() {
      for layer in 0..<count {
        value = try add(
          "features.denseblock\(block + 1).denselayer\(layer + 1)", to: value, &builder)
      }
      guard block + 1 < counts.count else { break }
      let name = "features.transition\(block + 1)"
      value = try builder.batchNormalization("\(name).norm", to: value)
      value = try builder.activation("\(name).relu", .relu, to: value)
      value = try builder.convolution("\(name).conv", to: value)
      value = try builder.averagePooling("\(name).pool", to: value, size: 2)
    }
    value = try builder.batchNormalization("features.norm5", to: value)
    value = try builder.activation("relu", .relu, to: value)
    let features = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    let hasHead = shapes.contains("classifier.weight")
    let output = hasHead ? try builder.dense("classifier", to: features) : features
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : features, head: "classifier",
      preprocessing: .torchvision(crop: size))
  }

  /// A layer's new channels behind those it reads.
  private func add(
    _ name: String, to input: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    let dot = shapes.contains("\(name).norm.1.weight") ? "." : ""
    var value = input
    for index in 1...2 {
      value = try builder.batchNormalization("\(name).norm\(dot)\(index)", to: value)
      value = try builder.activation("\(name).relu\(dot)\(index)", .relu, to: value)
      value = try builder.convolution("\(name).conv\(dot)\(index)", to: value)
    }
    return try builder.add(name, .concatenate(axis: 2), to: [input, value])
  }

  private static func title(_ counts: [Int]) -> String {
    switch counts {
    case [6, 12, 24, 16]: "torchvision DenseNet-121"
    case [6, 12, 36, 24]: "torchvision DenseNet-161"
    case [6, 12, 32, 32]: "torchvision DenseNet-169"
    case [6, 12, 48, 32]: "torchvision DenseNet-201"
    default: "torchvision DenseNet of \(counts.map(String.init).joined(separator: ", ")) layers"
    }
  }
}
