import Checkpoints

extension StateDictionaryFamily {
  /// The ResNets of OpenAI's CLIP: three convolutions before the stages, averages over windows in
  /// place of strides, and attention over positions at the end.
  static let clipResNet = StateDictionaryFamily(
    "clip-resnet",
    signatures: [
      [
        "attnpool.positional_embedding", "conv1.weight", "conv3.weight", "layer1.0.conv3.weight",
      ]
    ],
    modules: [
      "conv#", "bn#", "layer#.#.conv#", "layer#.#.bn#", "layer#.#.downsample.#", "attnpool",
      "attnpool.q_proj", "attnpool.k_proj", "attnpool.v_proj", "attnpool.c_proj",
    ],
    beside: [
      "transformer.", "token_embedding", "ln_final.", "positional_embedding", "text_projection",
      "logit_scale", "logit_bias", "text.", "input_resolution", "context_length", "vocab_size",
      "attn_mask",
    ].map { ($0, "the text tower") }
  ) { shapes, options throws(NetworkError) in
    try ModifiedResNet(shapes: shapes).network(options)
  }
}

private struct ModifiedResNet {
  let shapes: NamedShapes

  func network(
    _ options: StateDictionaryArchitecture.Options
  ) throws(NetworkError) -> RecognizedNetwork {
    let name = "attnpool.positional_embedding"
    guard let positions = shapes[name], positions.count == 2, 2...1 << 20 ~= positions[0],
      case let side = Int(Double(positions[0] - 1).squareRoot().rounded()),
      side * side == positions[0] - 1
    else {
      throw NetworkError(
        parameter: name, reason: "has the shape \(shapes[name] ?? []), for no square of positions")
    }
    // Each of five halvings is in the stem or the first block of a stage.
    let size = options.imageSize ?? Extent(32 * side)
    let counts = (1...4).map { shapes.count(of: "layer\($0)") }
    var builder = try StateDictionaryBuilder(
      shapes, title: Self.title(counts), imageSize: size)
    var value = builder.input
    for index in 1...3 {
      value = try builder.convolution("conv\(index)", to: value, strides: index == 1 ? 2 : 1)
      value = try builder.batchNormalization("bn\(index)", to: value)
      value = try builder.activation("relu\(index)", .relu, to: value)
    }
    value = try builder.averagePooling("avgpool", to: value, size: 2)
    for (stage, count) in counts.enumerated() {
      for block in 0..<count {
        value = try add(
          "layer\(stage + 1).\(block)", to: value, strides: stage > 0 && block == 0 ? 2 : 1,
          &builder)
      }
    }
    let target = Extent(builder.shape(of: value)[0], builder.shape(of: value)[1])
    guard target == Extent(side) || options.interpolatesPositions else {
      throw NetworkError(
        parameter: name,
        reason:
          "is for \(Extent(side)) positions, and images of \(size) end with \(target); ask for "
          + "interpolation, or give images of \(Extent(32 * side))")
    }
    value = try attentionPooling(
      value, target, positions: Extent(side), includesProjection: options.includesProjection,
      &builder)
    let hasHead = shapes.contains("head.weight")
    let output = hasHead ? try builder.dense("head", to: value) : value
    return RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : value, head: "head",
      preprocessing: .clip(size))
  }

  private func add(
    _ name: String, to input: Int, strides: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    var value = input
    for index in 1...3 {
      value = try builder.convolution("\(name).conv\(index)", to: value)
      value = try builder.batchNormalization("\(name).bn\(index)", to: value)
      if index < 3 { value = try builder.activation("\(name).relu\(index)", .relu, to: value) }
      if index == 2, strides > 1 {
        value = try builder.averagePooling("\(name).avgpool", to: value, size: strides)
      }
    }
    var shortcut = input
    if shapes.containsPrefix("\(name).downsample.") {
      if strides > 1 {
        shortcut = try builder.averagePooling(
          "\(name).downsample.-1", to: shortcut, size: strides)
      }
      shortcut = try builder.convolution("\(name).downsample.0", to: shortcut)
      shortcut = try builder.batchNormalization("\(name).downsample.1", to: shortcut)
    }
    value = try builder.add("\(name).sum", .add, to: [value, shortcut])
    return try builder.activation(name, .relu, to: value)
  }

  /// Attention of the mean over positions to itself and all positions.
  private func attentionPooling(
    _ image: Int, _ grid: Extent, positions: Extent, includesProjection: Bool,
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    let width = builder.shape(of: image)[2]
    let count = grid.height * grid.width
    let heads = VisionTransformer.headCount(width: width)
    guard width.isMultiple(of: heads) else {
      throw NetworkError(
        parameter: "attnpool.q_proj.weight",
        reason: "\(width) columns do not divide into \(heads) heads, one for each 64")
    }
    let rows = try builder.add("attnpool.rows", .reshape([count, width]), to: image)
    let mean = try builder.add("attnpool.mean", .globalAveragePooling(keepsAxes: true), to: rows)
    var value = try builder.add("attnpool.tokens", .concatenate(axis: 0), to: [mean, rows])
    value = try builder.add(
      "attnpool.positional_embedding", .addParameter(.embeddings, shape: [count + 1, width]),
      to: value,
      [
        ParameterBinding(
          name: "attnpool.positional_embedding",
          conversion: grid == positions
            ? .none : .interpolated(leading: 1, from: positions, to: grid))
      ])
    let first = try builder.add(
      "attnpool.query", .slice(starts: [0, 0], counts: [1, width]), to: value)
    let projected = [
      try builder.dense("attnpool.q_proj", to: first),
      try builder.dense("attnpool.k_proj", to: value),
      try builder.dense("attnpool.v_proj", to: value),
    ]
    value = try builder.add(
      "attnpool.attention", .attention(Attention(heads: heads)), to: projected)
    value = try builder.add("attnpool.row", .reshape([width]), to: value)
    return includesProjection ? try builder.dense("attnpool.c_proj", to: value) : value
  }

  private static func title(_ counts: [Int]) -> String {
    switch counts {
    case [3, 4, 6, 3]: "OpenAI CLIP RN50"
    case [3, 4, 23, 3]: "OpenAI CLIP RN101"
    case [4, 6, 10, 6]: "OpenAI CLIP RN50x4"
    case [6, 8, 18, 8]: "OpenAI CLIP RN50x16"
    case [3, 15, 36, 10]: "OpenAI CLIP RN50x64"
    default: "OpenAI CLIP ResNet of \(counts.map(String.init).joined(separator: ", ")) bottlenecks"
    }
  }
}
