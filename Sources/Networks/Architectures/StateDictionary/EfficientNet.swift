import Checkpoints

extension StateDictionaryFamily {
  /// EfficientNet and EfficientNetV2 as torchvision names their modules.
  ///
  /// Tan, Le, "EfficientNet", ICML 2019, and "EfficientNetV2", ICML 2021.
  static let torchvisionEfficientNet = StateDictionaryFamily(
    "torchvision-efficientnet",
    signatures: [
      ["features.0.0.weight", "features.1.0.block.0.0.weight", "features.2.0.block.0.0.weight"]
    ],
    modules: [
      "features.#.#", "features.#.#.block.#.#", "features.#.#.block.#.fc#", "classifier.#",
    ]
  ) { shapes, options throws(NetworkError) in
    var counts: [Int] = []
    while shapes.containsPrefix("features.\(counts.count + 1).0.block.") {
      counts.append(shapes.count(of: "features.\(counts.count + 1)"))
    }
    let last = counts.count + 1
    let variant = EfficientNetVariant(
      counts, isSecondVersion: !shapes.containsPrefix("features.1.0.block.1.fc1."),
      lastWidth: shapes["features.\(last).0.weight"]?.first ?? 0)
    let size = options.imageSize ?? Extent(variant.crop)
    var builder = try StateDictionaryBuilder(
      shapes, title: "torchvision \(variant.title)", imageSize: size)
    let constants = InvertedResiduals(
      epsilon: variant.epsilon, momentum: variant.momentum, activation: .silu)
    var value = try constants.convolution("features.0", to: builder.input, strides: 2, &builder)
    // The strides are not in the shapes; every version has the same.
    let strides = [1, 2, 2, 2, 1, 2, 1]
    for (stage, count) in counts.enumerated() {
      for block in 0..<count {
        value = try constants.block(
          "features.\(stage + 1).\(block)", to: value,
          strides: block == 0 && stage < strides.count ? strides[stage] : 1, .silu, .sigmoid,
          &builder)
      }
    }
    value = try constants.convolution("features.\(last)", to: value, &builder)
    let features = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    let hasHead = shapes.contains("classifier.1.weight")
    let output = hasHead ? try builder.dense("classifier.1", to: features) : features
    var network = RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : features, head: "classifier.1",
      preprocessing: .torchvision(
        resize: variant.resize, usual: variant.crop, crop: size, variant.interpolation))
    if !variant.isKnown {
      network.notes.append(
        "no published version has these depths; epsilon is taken to be \(variant.epsilon)")
    }
    return network
  }
}

/// Which EfficientNet the depths of the stages belong to.
private struct EfficientNetVariant {
  var title: String
  var epsilon: Float = 1e-5
  var momentum: Float = 0.9
  var resize: Int
  var crop: Int
  var interpolation = PreprocessingHint.Interpolation.bicubic
  var isKnown = true

  init(_ counts: [Int], isSecondVersion: Bool, lastWidth: Int) {
    let versions: [([Int], String, resize: Int, crop: Int)] = [
      ([1, 2, 2, 3, 3, 4, 1], "B0", 256, 224), ([2, 3, 3, 4, 4, 5, 2], "B1", 256, 240),
      ([2, 3, 3, 5, 5, 6, 2], "B3", 320, 300), ([2, 4, 4, 6, 6, 8, 2], "B4", 384, 380),
      ([3, 5, 5, 7, 7, 9, 3], "B5", 456, 456), ([3, 6, 6, 8, 8, 11, 3], "B6", 528, 528),
      ([4, 7, 7, 10, 10, 13, 4], "B7", 600, 600), ([2, 4, 4, 6, 9, 15], "V2-S", 384, 384),
      ([3, 5, 5, 7, 14, 18, 5], "V2-M", 480, 480), ([4, 7, 7, 10, 19, 25, 7], "V2-L", 480, 480),
    ]
    let found = versions.first { $0.0 == counts && $0.1.hasPrefix("V2") == isSecondVersion }
    guard let found else {
      title =
        "EfficientNet\(isSecondVersion ? "V2" : "") of "
        + counts.map(String.init).joined(separator: ", ") + " blocks"
      (resize, crop, isKnown) = (256, 224, false)
      if isSecondVersion { epsilon = 1e-3 }
      return
    }
    title = "EfficientNet-\(found.1)"
    (resize, crop) = (found.resize, found.crop)
    if found.1 == "B1", lastWidth == 1408 {
      // The second has the depths of the first and is wider.
      title = "EfficientNet-B2"
      (resize, crop) = (288, 288)
    }
    let isLarge = ["B5", "B6", "B7"].contains(found.1)
    if isSecondVersion || isLarge { epsilon = 1e-3 }
    if isLarge { momentum = 0.99 }
    if found.1 == "V2-S" || found.1 == "V2-M" { interpolation = .bilinear }
  }
}
