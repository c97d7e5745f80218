import Checkpoints

/// A vision transformer as one library or another names its arrays.
///
/// Dosovitskiy et al., "An Image Is Worth 16x16 Words", ICLR 2021: the patches of an image as rows, a
/// class token before them, positions added, blocks of attention and perceptron with layer
/// normalisations before them, and the class token's row, or the mean of the others, as features.
struct VisionTransformer {
  /// How queries, keys and values are computed.
  enum Projections {
    /// With one matrix, and one bias where there is one: (3·width) × width.
    case together(weight: String, bias: String)
    /// With a dense layer each.
    case apart(queries: String, keys: String, values: String)
  }

  let shapes: NamedShapes
  /// What it is called, before its size: `torchvision ViT`.
  var title: String
  /// The convolution that makes rows of patches.
  var patches: String
  /// The class token; `nil` when there is none, or no such array.
  var classToken: String?
  var positions: String
  /// The layer normalisation before the first block, if any.
  var firstNormalization: String?
  /// The list of blocks: `blocks.`, followed by a number.
  var blocks: String
  var blockCount: Int
  var normalizations: (String, String)
  var projections: Projections
  var attentionOutput: String
  var perceptron: (String, String)
  /// What the results of attention and perceptron are multiplied by, where there are such arrays.
  var scales: (String, String)?
  /// The layer normalisation after the last block.
  var lastNormalization: String
  /// Whether features are the mean over patches, before the last normalisation, instead of the class
  /// token's row.
  var averagesPatches = false
  /// A matrix of inputs × outputs at the end, as CLIP keeps it.
  var projectionMatrix: String?
  /// A dense layer without bias at the end.
  var projectionLayer: String?
  /// A dense layer with a hyperbolic tangent before the head.
  var preLogits: String?
  /// The classifier head.
  var head: String
  /// Where a head is put that is not there.
  var newHead: String?
  var epsilon: Float
  var activation: Activation
  var preprocessing: (Extent) -> PreprocessingHint

  func network(
    _ options: StateDictionaryArchitecture.Options
  ) throws(NetworkError) -> RecognizedNetwork {
    guard let patch = shapes["\(patches).weight"], patch.count == 4, 1...65536 ~= patch[2],
      1...65536 ~= patch[3],
      let width = patch.first, 1...1 << 20 ~= width, let table = shapes[positions],
      let rows = table.dropLast().last, table.last == width, 1...1 << 24 ~= rows
    else {
      throw NetworkError(
        parameter: "\(patches).weight",
        reason: "is missing, or its shape \(shapes["\(patches).weight"] ?? []) does not go with "
          + "\(shapes[positions] ?? []) of \(positions)")
    }
    let grid = try self.grid(rows: rows)
    let size =
      options.imageSize ?? Extent(grid.extent.height * patch[2], grid.extent.width * patch[3])
    let heads = Self.headCount(width: width)
    guard width.isMultiple(of: heads) else {
      throw NetworkError(
        parameter: "\(patches).weight",
        reason: "\(width) columns do not divide into \(heads) heads, one for each 64")
    }
    var builder = try StateDictionaryBuilder(
      shapes, title: "\(title)-\(Self.letter(width))/\(patch[2])", imageSize: size,
      channels: patch[1])
    var value = try builder.convolution(
      patches, to: builder.input, strides: patch[2], padding: Extent(0))
    let target = Extent(builder.shape(of: value)[0], builder.shape(of: value)[1])
    guard target == grid.extent || options.interpolatesPositions else {
      throw NetworkError(
        parameter: positions,
        reason: "has positions for \(grid.extent) patches, and images of \(size) have \(target); "
          + "ask for interpolation, or give images of "
          + "\(Extent(grid.extent.height * patch[2], grid.extent.width * patch[3]))")
    }
    value = try builder.add(
      "\(patches)/rows", .reshape([target.height * target.width, width]), to: value)
    value = try tokens(value, width, grid, target, &builder)
    if let firstNormalization {
      value = try builder.layerNormalization(firstNormalization, to: value, epsilon: epsilon)
    }
    for index in 0..<blockCount {
      value = try block("\(blocks)\(index)", to: value, heads: heads, &builder)
    }
    return try ending(value, width, size, options, heads: heads, builder)
  }

  /// The grid that the positions are for, and whether there is a row for the class token.
  private func grid(rows: Int) throws(NetworkError) -> (extent: Extent, leading: Int) {
    for leading in classToken == nil ? [0] : [1, 0] {
      let side = Int(Double(rows - leading).squareRoot().rounded())
      if side > 0, side * side == rows - leading { return (Extent(side), leading) }
    }
    throw NetworkError(
      parameter: positions,
      reason: "has \(rows) rows, which with \(classToken == nil ? "no" : "one") class token are no "
        + "square of patches")
  }

  /// Puts the class token before the patches and adds the positions.
  private func tokens(
    _ patches: Int, _ width: Int, _ grid: (extent: Extent, leading: Int), _ target: Extent,
    _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    var value = patches
    let conversion: ParameterBinding.Conversion =
      target == grid.extent
      ? .none : .interpolated(leading: grid.leading, from: grid.extent, to: target)
    func addingPositions(_ value: Int) throws(NetworkError) -> Int {
      try builder.add(
        positions, .addParameter(.embeddings, shape: builder.shape(of: value)), to: value,
        [ParameterBinding(name: positions, conversion: conversion)])
    }
    if grid.leading == 0 { value = try addingPositions(value) }
    if let classToken {
      value = try builder.add(
        classToken, .prependParameter(.embeddings, count: 1), to: value,
        [ParameterBinding(name: classToken)])
    }
    return grid.leading == 0 ? value : try addingPositions(value)
  }

  private func block(
    _ name: String, to input: Int, heads: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    let attention = Operation.attention(Attention(heads: heads))
    var value = try builder.layerNormalization(
      "\(name).\(normalizations.0)", to: input, epsilon: epsilon)
    switch projections {
    case .together(let weight, let bias):
      value = try builder.dense(
        "\(name).\(weight)", weight: "\(name).\(weight)", bias: "\(name).\(bias)", to: value)
      value = try builder.add("\(name).attention", attention, to: value)
    case .apart(let queries, let keys, let values):
      let projected = [
        try builder.dense("\(name).\(queries)", to: value),
        try builder.dense("\(name).\(keys)", to: value),
        try builder.dense("\(name).\(values)", to: value),
      ]
      value = try builder.add("\(name).attention", attention, to: projected)
    }
    value = try builder.dense("\(name).\(attentionOutput)", to: value)
    value = try scaled("\(name).\(scales?.0 ?? "")", value, &builder)
    let middle = try builder.add("\(name).sum", .add, to: [value, input])
    value = try builder.layerNormalization(
      "\(name).\(normalizations.1)", to: middle, epsilon: epsilon)
    value = try builder.dense("\(name).\(perceptron.0)", to: value)
    value = try builder.activation("\(name).activation", activation, to: value)
    value = try builder.dense("\(name).\(perceptron.1)", to: value)
    value = try scaled("\(name).\(scales?.1 ?? "")", value, &builder)
    return try builder.add(name, .add, to: [value, middle])
  }

  /// The value times the array called `name`, where there is one.
  private func scaled(
    _ name: String, _ value: Int, _ builder: inout StateDictionaryBuilder
  ) throws(NetworkError) -> Int {
    guard scales != nil, shapes.contains(name), let width = builder.shape(of: value).last else {
      return value
    }
    return try builder.add(
      name, .multiplyParameter(.gamma, shape: [width]), to: value, [ParameterBinding(name: name)])
  }

  /// The features from the last block's rows, and the head.
  private func ending(
    _ rows: Int, _ width: Int, _ size: Extent, _ options: StateDictionaryArchitecture.Options,
    heads: Int, _ built: StateDictionaryBuilder
  ) throws(NetworkError) -> RecognizedNetwork {
    var builder = built
    var value = rows
    let count = builder.shape(of: rows)[0]
    if averagesPatches {
      if classToken != nil {
        value = try builder.add(
          "patches", .slice(starts: [1, 0], counts: [count - 1, width]), to: value)
      }
      value = try builder.add("mean", .globalAveragePooling(keepsAxes: false), to: value)
    } else {
      // Each row is normalised by itself, so the others need not be.
      value = try builder.add(
        "first_row", .slice(starts: [0, 0], counts: [1, width]), to: value)
      value = try builder.add("pooled", .reshape([width]), to: value)
    }
    value = try builder.layerNormalization(lastNormalization, to: value, epsilon: epsilon)
    if options.includesProjection, let name = projectionMatrix, let matrix = shapes[name] {
      guard matrix.count == 2, matrix[0] == width else {
        throw NetworkError(
          parameter: name, reason: "has the shape \(matrix), where \(width) inputs are wanted")
      }
      value = try builder.add(
        name, .dense(outputs: matrix[1], hasBias: false), to: value,
        [ParameterBinding(name: name)])
    }
    if options.includesProjection, let name = projectionLayer, shapes.contains("\(name).weight") {
      value = try builder.dense(name, to: value)
    }
    if let preLogits, shapes.contains("\(preLogits).weight") {
      value = try builder.dense(preLogits, to: value)
      value = try builder.activation("\(preLogits).tanh", .tanh, to: value)
    }
    let hasHead = shapes.contains("\(head).weight")
    let output = hasHead ? try builder.dense(head, to: value) : value
    var network = RecognizedNetwork(
      builder, output: output, features: hasHead ? nil : value, head: newHead ?? head,
      preprocessing: preprocessing(size))
    network.notes.append(
      "\(heads) attention heads, \(width / heads) columns each, as usual for \(width) columns: "
        + "names and shapes do not tell")
    return network
  }

  /// How many heads networks of a width have: one for each 64 columns, except in the widest ones,
  /// which have 16.
  static func headCount(width: Int) -> Int {
    [1152, 1280, 1408, 1664].contains(width) ? 16 : max(1, width / 64)
  }

  /// What sizes are called.
  private static func letter(_ width: Int) -> String {
    let letters = [
      192: "Ti", 384: "S", 768: "B", 1024: "L", 1280: "H", 1408: "g", 1664: "bigG",
    ]
    return letters[width] ?? "\(width)"
  }
}
