import Checkpoints
import Networks

/// The networks whose speed is measured, as torchvision arranges them.
enum MeasuredNetwork: String, CaseIterable {
  case resNet50 = "resnet50"
  case mobileNetV2 = "mobilenet_v2"
  case visionTransformer = "vit_b_16"

  /// The network for images of 224 × 224; parameters are in the order in which torchvision has them.
  func graph() throws -> Graph {
    switch self {
    case .resNet50: try Self.residualNetwork()
    case .mobileNetV2: try Self.mobileNetwork()
    case .visionTransformer: try Self.transformer()
    }
  }

  private static func convolve(
    _ builder: inout GraphBuilder, _ name: String, _ value: Int, _ filters: Int, _ kernel: Int,
    _ stride: Int, isDepthwise: Bool = false, _ activation: Activation?
  ) throws -> Int {
    let side = kernel / 2
    let window = Window(
      Extent(kernel), strides: Extent(stride),
      padding: .explicit(top: side, bottom: side, left: side, right: side))
    let convolution = Convolution(
      window, filters: isDepthwise ? 1 : filters, isDepthwise: isDepthwise, hasBias: false)
    var value = try builder.add(name, .convolution(convolution), to: value)
    value = try builder.add(
      name + "/bn", .batchNormalization(BatchNormalization(epsilon: 1e-5)), to: value)
    guard let activation else { return value }
    return try builder.add(name + "/activation", .activation(activation), to: value)
  }

  private static func classify(_ builder: inout GraphBuilder, _ value: Int) throws -> Graph {
    let value = try builder.add("fc", .dense(outputs: 1000, hasBias: true), to: value)
    return builder.graph(output: value)
  }

  private static func residualNetwork() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [224, 224, 3])
    var value = try convolve(&builder, "conv1", builder.input, 64, 7, 2, .relu)
    let window = Window(
      Extent(3), strides: Extent(2), padding: .explicit(top: 1, bottom: 1, left: 1, right: 1))
    value = try builder.add("maxpool", .maximumPooling(window), to: value)
    for (stage, (blocks, filters)) in [(3, 64), (4, 128), (6, 256), (3, 512)].enumerated() {
      for block in 0..<blocks {
        let name = "layer\(stage + 1).\(block)"
        let stride = block == 0 && stage > 0 ? 2 : 1
        var path = try convolve(&builder, name + ".conv1", value, filters, 1, 1, .relu)
        path = try convolve(&builder, name + ".conv2", path, filters, 3, stride, .relu)
        path = try convolve(&builder, name + ".conv3", path, filters * 4, 1, 1, nil)
        if block == 0 {
          value = try convolve(
            &builder, name + ".downsample", value, filters * 4, 1, stride, nil)
        }
        value = try builder.add(name + ".sum", .add, to: [path, value])
        value = try builder.add(name, .activation(.relu), to: value)
      }
    }
    value = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    return try classify(&builder, value)
  }

  private static func mobileNetwork() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [224, 224, 3])
    var value = try convolve(&builder, "first", builder.input, 32, 3, 2, .relu6)
    var channels = 32
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ]
    for (stage, (factor, filters, blocks, stride)) in stages.enumerated() {
      for block in 0..<blocks {
        let name = "stage\(stage).\(block)"
        let stride = block == 0 ? stride : 1
        var path = value
        if factor > 1 {
          path = try convolve(&builder, name + ".expand", path, channels * factor, 1, 1, .relu6)
        }
        path = try convolve(
          &builder, name + ".depthwise", path, channels * factor, 3, stride, isDepthwise: true,
          .relu6)
        path = try convolve(&builder, name + ".project", path, filters, 1, 1, nil)
        if stride == 1, channels == filters {
          path = try builder.add(name + ".sum", .add, to: [value, path])
        }
        (value, channels) = (path, filters)
      }
    }
    value = try convolve(&builder, "last", value, 1280, 1, 1, .relu6)
    value = try builder.add("avgpool", .globalAveragePooling(keepsAxes: false), to: value)
    return try classify(&builder, value)
  }

  private static func transformer() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [224, 224, 3])
    let width = 768
    let patches = Window(Extent(16), strides: Extent(16))
    var value = try builder.add(
      "conv_proj", .convolution(Convolution(patches, filters: width)), to: builder.input)
    value = try builder.add("patches", .reshape([196, width]), to: value)
    value = try builder.add(
      "class_token", .prependParameter(.other("class_token"), count: 1), to: value)
    value = try builder.add(
      "pos_embedding", .addParameter(.other("pos_embedding"), shape: [197, width]), to: value)
    let normalization = Operation.layerNormalization(LayerNormalization(epsilon: 1e-6))
    for block in 0..<12 {
      let name = "block\(block)"
      func dense(_ part: String, _ input: Int, _ outputs: Int) throws -> Int {
        try builder.add(name + part, .dense(outputs: outputs, hasBias: true), to: input)
      }
      var path = try builder.add(name + ".ln_1", normalization, to: value)
      path = try dense(".in_proj", path, 3 * width)
      path = try builder.add(name + ".attention", .attention(Attention(heads: 12)), to: path)
      path = try dense(".out_proj", path, width)
      value = try builder.add(name + ".sum", .add, to: [value, path])
      path = try builder.add(name + ".ln_2", normalization, to: value)
      path = try dense(".mlp.0", path, 4 * width)
      path = try builder.add(name + ".mlp.1", .activation(.gelu), to: path)
      path = try dense(".mlp.3", path, width)
      value = try builder.add(name, .add, to: [value, path])
    }
    value = try builder.add("ln", normalization, to: value)
    value = try builder.add("first", .slice(starts: [0, 0], counts: [1, width]), to: value)
    value = try builder.add("features", .reshape([width]), to: value)
    return try classify(&builder, value)
  }
}
