import Checkpoints

/// Operations of TensorFlow and of `keras.ops` that models call between layers.
extension KerasGraphBuilder {
  /// Adds such an operation, which may give several values; `nil` when the layer is none.
  mutating func applyTensorOperation(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> [KerasValue]? {
    guard let operation = KerasTensorOperation(layer, given) else { return nil }
    if let arithmetic = Self.pairs[operation.function] { return [try pair(arithmetic, operation)] }
    if ["pow", "power"].contains(operation.function) { return [try power(operation)] }
    guard let value = operation.values.first else {
      throw layer.error("'\(operation.function)' is given no value")
    }
    if let result = try function(operation, of: value) { return [result] }
    if let result = try rearrange(operation, value) { return result }
    if let result = try reduce(operation, value) { return [result] }
    throw layer.error(
      "the operation '\(operation.function)' between layers is not supported ("
        + (Array(Self.pairs.keys) + Array(Self.functions.keys) + Self.others).sorted()
        .joined(separator: ", ") + " are); use a layer in its place")
  }

  private static let pairs: [String: Arithmetic] = [
    "add": .addition, "addv2": .addition, "biasadd": .addition, "bias_add": .addition,
    "subtract": .subtraction, "sub": .subtraction, "multiply": .multiplication,
    "mul": .multiplication, "divide": .division, "truediv": .division, "true_divide": .division,
    "realdiv": .division, "maximum": .maximum, "minimum": .minimum,
  ]

  private static let functions: [String: Activation] = [
    "relu": .relu, "relu6": .relu6, "silu": .silu, "swish": .silu, "gelu": .gelu,
    "sigmoid": .sigmoid, "tanh": .tanh, "exp": .exponential, "softplus": .softplus,
    "softsign": .softsign, "elu": .elu(alpha: 1), "selu": .selu, "mish": .mish,
    "hard_swish": .hardSwish, "hard_silu": .hardSwish, "hard_sigmoid": .hardSigmoid,
    "abs": .absolute, "absolute": .absolute, "sqrt": .squareRoot, "log": .logarithm,
    "square": .power(exponent: 2), "rsqrt": .power(exponent: -0.5),
    "reciprocal": .power(exponent: -1),
  ]

  private static let others = [
    "leaky_relu", "negative", "clip", "pow", "softmax", "concat", "stack", "split", "unstack",
    "slicing", "transpose", "expand_dims", "squeeze", "pad", "reshape", "matmul", "resize",
    "reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "l2_normalize", "identity",
  ]

  /// A function of each number, or of the numbers along an axis; `nil` for another operation.
  private mutating func function(
    _ operation: KerasTensorOperation, of value: KerasValue
  ) throws(NetworkError) -> KerasValue? {
    let name = operation.layer.name
    var chosen = Self.functions[operation.function]
    switch operation.function {
    case "gelu" where operation.constant(1, "approximate")?.bool == true: chosen = .geluTanh
    case "leaky_relu":
      chosen = .leakyRelu(
        slope: operation.numbers(1, "alpha", "negative_slope")?.first ?? 0.2)
    case "elu": chosen = .elu(alpha: operation.numbers(1, "alpha")?.first ?? 1)
    case "clip", "clip_by_value":
      guard let low = operation.numbers(1, "clip_value_min", "x_min"),
        let high = operation.numbers(2, "clip_value_max", "x_max"), low.count == 1, high.count == 1,
        low[0] <= high[0]
      else { throw operation.error("'clip' is not given two numbers in order") }
      chosen = .clip(low: low[0], high: high[0])
    case "negative", "neg":
      return KerasValue(
        node: try add(name, .affine(scale: [-1], offset: [0]), to: value.node, layer: name),
        isTurned: value.isTurned)
    case "identity", "stop_gradient", "cast", "convert_to_tensor":
      return KerasValue(
        node: try add(name, .reshape(graph.shape(of: value.node)), to: value.node, layer: name),
        isTurned: value.isTurned)
    case "softmax":
      return try onAxis(operation.constant(1, "axis")?.int ?? -1, .softmax, name, to: value)
    case "matmul", "batchmatmulv2": return try matrixProduct(operation)
    default: break
    }
    guard let chosen else { return nil }
    return KerasValue(
      node: try add(name, .activation(chosen), to: value.node, layer: name),
      isTurned: value.isTurned)
  }

  /// Two values, or a value and numbers.
  private mutating func pair(
    _ arithmetic: Arithmetic, _ given: KerasTensorOperation
  ) throws(NetworkError) -> KerasValue {
    let layer = given.layer
    let name = layer.name
    guard let first = given.argument(0, "x1", "x", "value"),
      let second = given.argument(1, "x2", "y", "bias")
    else { throw layer.error("an operation on two values is given one") }
    switch (first, second) {
    case (.value(let a), .value(let b)): return try join(arithmetic, name, [a, b])
    case (.value(let value), .constant(let json)), (.constant(let json), .value(let value)):
      let isReversed = if case .constant = first { true } else { false }
      var node = try logical(value, for: name)
      let channels = graph.shape(of: node).last ?? 1
      let numbers = json.numbers
      guard numbers.count == 1 || numbers.count == channels else {
        throw layer.error("\(numbers.count) numbers for \(channels) channels")
      }
      let operation: Operation
      switch (arithmetic, isReversed) {
      case (.addition, _): operation = .affine(scale: [1], offset: numbers)
      case (.subtraction, false): operation = .affine(scale: [1], offset: numbers.map { -$0 })
      case (.subtraction, true): operation = .affine(scale: [-1], offset: numbers)
      case (.multiplication, _): operation = .affine(scale: numbers, offset: [0])
      case (.division, false): operation = .affine(scale: numbers.map { 1 / $0 }, offset: [0])
      case (.division, true):
        node = try add(
          "\(name)/reciprocal", .activation(.power(exponent: -1)), to: node, layer: name)
        operation = .affine(scale: numbers, offset: [0])
      case (.maximum, _) where numbers == [0]: operation = .activation(.relu)
      case (.maximum, _) where numbers.count == 1:
        operation = .activation(.clip(low: numbers[0], high: .infinity))
      case (.minimum, _) where numbers.count == 1:
        operation = .activation(.clip(low: -.infinity, high: numbers[0]))
      default: throw layer.error("\(arithmetic.rawValue) with numbers is not supported")
      }
      return KerasValue(node: try add(name, operation, to: node, layer: name))
    default: throw layer.error("an operation on two numbers")
    }
  }

  /// A value to the power of a number.
  private mutating func power(_ given: KerasTensorOperation) throws(NetworkError) -> KerasValue {
    let name = given.layer.name
    guard case .value(let value) = given.argument(0, "x", "x1"),
      let exponent = given.numbers(1, "y", "x2"), exponent.count == 1
    else { throw given.error("a power of a value by a number is supported") }
    return KerasValue(
      node: try add(
        name, .activation(.power(exponent: exponent[0])), to: value.node, layer: name),
      isTurned: value.isTurned)
  }

  /// The product of two matrices, either of which may be turned first.
  private mutating func matrixProduct(
    _ given: KerasTensorOperation
  ) throws(NetworkError) -> KerasValue {
    let name = given.layer.name
    guard case .value(let a) = given.argument(0, "a", "x1"),
      case .value(let b) = given.argument(1, "b", "x2")
    else { throw given.error("a matrix product of two values is supported") }
    let nodes = [try logical(a, for: name), try logical(b, for: name)]
    let shapes = nodes.map { graph.shape(of: $0) }
    guard shapes.allSatisfy({ $0.count == 2 }) else {
      throw given.error(
        "a matrix product of values of the shapes \(shapes); two axes are supported")
    }
    func turns(_ names: String...) -> Bool {
      names.contains { given.constant(.max, $0)?.bool ?? false }
    }
    let axes = [
      turns("transpose_a", "adjoint_a", "adj_x") ? 0 : 1,
      turns("transpose_b", "adjoint_b", "adj_y") ? 1 : 0,
    ]
    return KerasValue(
      node: try add(name, .dot(axes: axes, normalizes: false), to: nodes, layer: name))
  }
}
