import Checkpoints

extension StateDictionaryFamily {
  /// VGG with and without batch normalisation, as torchvision names its modules.
  ///
  /// Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015.
  static let torchvisionVGG = StateDictionaryFamily(
    "torchvision-vgg",
    signatures: [
      ["features.0.weight", "features.0.bias", "features.2.weight"],
      ["features.0.weight", "features.0.bias", "features.3.weight"],
      ["features.0.weight", "features.0.bias", "features.1.running_mean", "features.4.weight"],
    ],
    modules: ["features.#", "classifier.#"]
  ) { shapes, options throws(NetworkError) in
    try VGG(shapes).network(options)
  }
}

private struct VGG {
  let shapes: NamedShapes
  /// The numbers of the convolutions in the list of modules.
  let convolutions: [Int]
  let hasNormalization: Bool

  init(_ shapes: NamedShapes) {
    self.shapes = shapes
    convolutions = (0..<128).filter { shapes["features.\($0).weight"]?.count == 4 }
    hasNormalization = shapes.contains("features.1.running_mean")
  }

  func network(
    _ options: StateDictionaryArchitecture.Options
  ) throws(NetworkError) -> RecognizedNetwork {
    guard shapes["features.0.weight"]?.suffix(2) == [3, 3] else {
      throw NetworkError(
        parameter: "features.0.weight",
        reason: "has the shape \(shapes["features.0.weight"] ?? []), where VGG begins with 3×3; "
          + "AlexNet is not supported")
    }
    let size = options.imageSize ?? Extent(224)
    var builder = try StateDictionaryBuilder(
      shapes,
      title: "torchvision VGG-\(convolutions.count + 3)" + (hasNormalization ? " BN" : ""),
      imageSize: size)
    var value = builder.input
    let step = hasNormalization ? 3 : 2
    for (place, index) in convolutions.enumerated() {
      value = try builder.convolution("features.\(index)", to: value)
      if hasNormalization {
        value = try builder.batchNormalization("features.\(index + 1)", to: value)
      }
      value = try builder.activation("features.\(index + step - 1)", .relu, to: value)
      // A gap in the numbers is a pooling, which has no arrays; there is one at the end.
      let next = place + 1 < convolutions.count ? convolutions[place + 1] : index + step + 1
      switch next - index - step {
      case 0: break
      case 1:
        value = try builder.maximumPooling(
          "features.\(index + step)", to: value, size: 2, strides: 2)
      default:
        throw NetworkError(
          parameter: "features.\(next).weight",
          reason: "follows features.\(index).weight at a distance that VGG does not have")
      }
    }
    return try ending(value, size, builder)
  }

  /// Pooling to the size that the classifier reads, and the classifier.
  private func ending(
    _ image: Int, _ size: Extent, _ built: StateDictionaryBuilder
  ) throws(NetworkError) -> RecognizedNetwork {
    var builder = built
    guard let first = shapes["classifier.0.weight"] else {
      return RecognizedNetwork(
        builder, output: image, features: image, head: "head",
        preprocessing: .torchvision(crop: size))
    }
    let channels = builder.shape(of: image)[2]
    guard first.count == 2, channels > 0, first[1] == 49 * channels else {
      throw NetworkError(
        parameter: "classifier.0.weight",
        reason: "has the shape \(first), where 7×7×\(channels) inputs are wanted")
    }
    var value = try builder.adaptiveAveragePooling("avgpool", to: image, Extent(7))
    value = try builder.add("flatten", .reshape([first[1]]), to: value)
    value = try builder.dense("classifier.0", to: value, flattened: channels)
    value = try builder.activation("classifier.1", .relu, to: value)
    value = try builder.dense("classifier.3", to: value)
    value = try builder.activation("classifier.4", .relu, to: value)
    let hasHead = shapes.contains("classifier.6.weight")
    let output = hasHead ? try builder.dense("classifier.6", to: value) : value
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : value, head: "classifier.6",
      preprocessing: .torchvision(crop: size))
  }
}

extension StateDictionaryBuilder {
  /// The means over `target` windows that together cover the image: window i of n reaches from
  /// ⌊i·extent/n⌋ to ⌈(i + 1)·extent/n⌉, so that windows of small images overlap.
  mutating func adaptiveAveragePooling(
    _ name: String, to input: Int, _ target: Extent
  ) throws(NetworkError) -> Int {
    let image = shape(of: input)
    let extent = Extent(image[0], image[1])
    if extent == target { return input }
    if extent.height.isMultiple(of: target.height), extent.width.isMultiple(of: target.width) {
      let window = Extent(extent.height / target.height, extent.width / target.width)
      return try add(
        name, .averagePooling(Window(window, strides: window), countsPadding: false), to: input)
    }
    let rows = try averages("\(name).rows", of: input, axis: 0, target.height)
    return try averages(name, of: rows, axis: 1, target.width)
  }

  private mutating func averages(
    _ name: String, of input: Int, axis: Int, _ count: Int
  ) throws(NetworkError) -> Int {
    let image = shape(of: input)
    var parts: [Int] = []
    for index in 0..<count {
      let first = index * image[axis] / count
      let end = ((index + 1) * image[axis] + count - 1) / count
      var (starts, counts) = ([0, 0, 0], image)
      starts[axis] = first
      counts[axis] = end - first
      let slice = try add(
        "\(name).slice\(index)", .slice(starts: starts, counts: counts), to: input)
      let window = axis == 0 ? Extent(end - first, 1) : Extent(1, end - first)
      parts.append(
        try add(
          "\(name).mean\(index)",
          .averagePooling(Window(window, strides: window), countsPadding: false), to: slice))
    }
    return try add(name, .concatenate(axis: axis), to: parts)
  }
}
