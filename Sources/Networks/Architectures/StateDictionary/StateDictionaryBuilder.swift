import Checkpoints

/// Builds a graph from the names and shapes of a state dictionary, and notes which arrays were used
/// and for which slots.
///
/// Nodes are called as the modules whose arrays they use: `layer1.0.conv1`.
struct StateDictionaryBuilder {
  /// What there is to build from.
  let shapes: NamedShapes
  /// What is built, in a few words, for messages: `torchvision ResNet-50`.
  var title: String
  private(set) var used: Set<String> = []
  private(set) var bindings: [ParameterBinding] = []
  private var builder: GraphBuilder

  /// The input's node.
  var input: Int { builder.input }

  /// Begins a network of images of three channels, or so many.
  init(
    _ shapes: NamedShapes, title: String, imageSize: Extent, channels: Int = 3
  ) throws(NetworkError) {
    self.shapes = shapes
    self.title = title
    guard 1...65536 ~= imageSize.height, 1...65536 ~= imageSize.width else {
      throw NetworkError(reason: "images of \(imageSize) are out of range")
    }
    builder = try GraphBuilder(inputShape: [imageSize.height, imageSize.width, channels])
  }

  /// The shape of a node's value for one example.
  func shape(of node: Int) -> [Int] { builder.shape(of: node) }

  /// The shape of an array that must be there, with `rank` axes.
  func shape(_ name: String, rank: Int) throws(NetworkError) -> [Int] {
    guard let shape = shapes[name] else {
      throw NetworkError(parameter: name, reason: "is missing; \(title) needs it")
    }
    guard shape.count == rank, Operation.size(of: shape) != nil else {
      throw NetworkError(
        parameter: name, reason: "has the shape \(shape); \(title) needs one of \(rank) axes")
    }
    return shape
  }

  /// Adds an operation whose parameters are the arrays of `bindings`, in the order of its slots.
  mutating func add(
    _ name: String, _ operation: Operation, to inputs: [Int], _ bindings: [ParameterBinding] = []
  ) throws(NetworkError) -> Int {
    let first = builder.parameterShapes.count
    let node = try builder.add(name, operation, to: inputs)
    let slots = builder.parameterShapes[first...]
    precondition(
      slots.count == bindings.count, "\(bindings.count) arrays for \(slots.count) slots of \(name)")
    for (slot, binding) in zip(slots, bindings) {
      guard let shape = shapes[binding.name] else {
        throw NetworkError(
          parameter: binding.name, reason: "is missing; \(title) needs it for the shape \(slot)")
      }
      guard binding.fits(shape, slot: slot) else {
        throw NetworkError(
          parameter: binding.name,
          reason: "has the shape \(shape), which does not become \(slot), as \(title) needs it")
      }
      used.insert(binding.name)
    }
    self.bindings += bindings
    return node
  }

  /// Adds an operation on one value.
  mutating func add(
    _ name: String, _ operation: Operation, to input: Int, _ bindings: [ParameterBinding] = []
  ) throws(NetworkError) -> Int {
    try add(name, operation, to: [input], bindings)
  }

  /// The graph that computes `output`; see ``GraphBuilder/graph(output:features:)``.
  func graph(output: Int, features: Int?) -> Graph {
    builder.graph(output: output, features: features)
  }
}

// MARK: Layers as PyTorch names their arrays

extension StateDictionaryBuilder {
  /// A convolution with the array `name.weight` (OIHW) and, where there is one, `name.bias`.
  ///
  /// Window, filters and groups follow from the shape; the padding is symmetric and, unless given,
  /// half the window's extent.
  mutating func convolution(
    _ name: String, to input: Int, strides: Int = 1, padding: Extent? = nil, dilation: Int = 1
  ) throws(NetworkError) -> Int {
    let weight = try shape("\(name).weight", rank: 4)
    let image = shape(of: input)
    guard let channels = image.last, channels.isMultiple(of: weight[1]) else {
      throw NetworkError(
        parameter: "\(name).weight",
        reason: "has the shape \(weight), which does not fit \(image.last ?? 0) channels")
    }
    let kernel = Extent(weight[2], weight[3])
    let sides =
      padding
      ?? Extent((kernel.height - 1) / 2 * dilation, (kernel.width - 1) / 2 * dilation)
    let window = Window(
      kernel, strides: Extent(strides), dilation: Extent(dilation),
      padding: sides == Extent(0)
        ? .valid
        : .explicit(
          top: sides.height, bottom: sides.height, left: sides.width, right: sides.width))
    let hasBias = shapes.contains("\(name).bias")
    let isDepthwise = weight[1] == 1 && channels > 1 && weight[0].isMultiple(of: channels)
    let convolution = Convolution(
      window, filters: isDepthwise ? weight[0] / channels : weight[0],
      groups: isDepthwise ? 1 : channels / weight[1], isDepthwise: isDepthwise, hasBias: hasBias)
    return try add(
      name, .convolution(convolution), to: input,
      [ParameterBinding(name: "\(name).weight", conversion: .inputsFirst)]
        + (hasBias ? [ParameterBinding(name: "\(name).bias")] : []))
  }

  /// A batch normalisation with `name.weight`, `bias`, `running_mean` and `running_var`.
  mutating func batchNormalization(
    _ name: String, to input: Int, epsilon: Float = 1e-5, momentum: Float = 0.9
  ) throws(NetworkError) -> Int {
    try add(
      name,
      .batchNormalization(BatchNormalization(epsilon: epsilon, momentum: momentum)), to: input,
      ["weight", "bias", "running_mean", "running_var"].map {
        ParameterBinding(name: "\(name).\($0)")
      })
  }

  /// A dense layer with `name.weight` (out, in) and, where there is one, `name.bias`.
  ///
  /// - Parameter flattened: The channels of the image that was flattened before it, if one was.
  mutating func dense(
    _ name: String, to input: Int, flattened channels: Int? = nil
  ) throws(NetworkError) -> Int {
    let weight = try shape("\(name).weight", rank: 2)
    let hasBias = shapes.contains("\(name).bias")
    return try add(
      name, .dense(outputs: weight[0], hasBias: hasBias), to: input,
      [
        ParameterBinding(
          name: "\(name).weight",
          conversion: channels.map { .inputsFirstOfFlattened(channels: $0) } ?? .inputsFirst)
      ] + (hasBias ? [ParameterBinding(name: "\(name).bias")] : []))
  }

  /// A dense layer with a matrix (out, in) and, where there is one, a bias of names of their own.
  mutating func dense(
    _ name: String, weight: String, bias: String, to input: Int
  ) throws(NetworkError) -> Int {
    let matrix = try shape(weight, rank: 2)
    let hasBias = shapes.contains(bias)
    return try add(
      name, .dense(outputs: matrix[0], hasBias: hasBias), to: input,
      [ParameterBinding(name: weight, conversion: .inputsFirst)]
        + (hasBias ? [ParameterBinding(name: bias)] : []))
  }

  /// A layer normalisation over the last axis with `name.weight` and `name.bias`.
  mutating func layerNormalization(
    _ name: String, to input: Int, epsilon: Float
  ) throws(NetworkError) -> Int {
    let hasShift = shapes.contains("\(name).bias")
    return try add(
      name, .layerNormalization(LayerNormalization(epsilon: epsilon, hasShift: hasShift)),
      to: input,
      [ParameterBinding(name: "\(name).weight")]
        + (hasShift ? [ParameterBinding(name: "\(name).bias")] : []))
  }

  /// The mean of each square window of `size` beside the next.
  mutating func averagePooling(
    _ name: String, to input: Int, size: Int
  ) throws(NetworkError) -> Int {
    try add(
      name,
      .averagePooling(Window(Extent(size), strides: Extent(size)), countsPadding: false), to: input)
  }

  /// Each channel times a number from its mean: pooling, two 1 × 1 convolutions `name.fc1` and
  /// `name.fc2` with activations, and a product.
  ///
  /// Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.
  mutating func squeezeExcitation(
    _ name: String, to input: Int, _ inner: Activation, _ outer: Activation
  ) throws(NetworkError) -> Int {
    var value = try add("\(name).avgpool", .globalAveragePooling(keepsAxes: true), to: input)
    value = try convolution("\(name).fc1", to: value)
    value = try activation("\(name).activation", inner, to: value)
    value = try convolution("\(name).fc2", to: value)
    value = try activation("\(name).scale_activation", outer, to: value)
    return try add(name, .arithmetic(.multiplication), to: [input, value])
  }

  /// A function of each number.
  mutating func activation(
    _ name: String, _ activation: Activation, to input: Int
  ) throws(NetworkError) -> Int {
    try add(name, .activation(activation), to: input)
  }

  /// The largest value in each window of a square `size`, padded on all sides by `padding`.
  mutating func maximumPooling(
    _ name: String, to input: Int, size: Int, strides: Int, padding: Int = 0
  ) throws(NetworkError) -> Int {
    try add(
      name,
      .maximumPooling(
        Window(
          Extent(size), strides: Extent(strides),
          padding: padding == 0
            ? .valid
            : .explicit(top: padding, bottom: padding, left: padding, right: padding))),
      to: input)
  }
}
