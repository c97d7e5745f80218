import Checkpoints

/// Operations of TensorFlow and of `keras.ops` that models call between layers.
extension KerasGraphBuilder {
  /// Adds such an operation; `nil` when the layer is none.
  mutating func applyTensorOperation(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue? {
    guard let function = layer.tensorFunction else { return nil }
    let name = layer.name
    let arguments = layer.tensorArguments(given)
    let value = arguments.values.first
    if let arithmetic = Self.pairs[function] {
      return try pair(arithmetic, layer, arguments)
    }
    guard let value else { throw layer.error("'\(function)' is given no value") }
    if let activation = Self.functions[function] {
      var chosen = activation
      if function == "gelu", case .constant(let json) = arguments.argument(1, "approximate"),
        json.bool == true
      {
        chosen = .geluTanh
      }
      return KerasValue(
        node: try add(name, .activation(chosen), to: value.node, layer: name),
        isTurned: value.isTurned)
    }
    switch function {
    case "identity", "stop_gradient", "cast", "convert_to_tensor":
      return KerasValue(
        node: try add(name, .reshape(graph.shape(of: value.node)), to: value.node, layer: name),
        isTurned: value.isTurned)
    case "softmax": return try onAxis(arguments.int(1, "axis") ?? -1, .softmax, name, to: value)
    case "concat", "concatenate":
      return try concatenate(name, arguments.values, axis: arguments.int(1, "axis") ?? -1)
    case "reduce_mean", "mean", "reduce_max", "max":
      return try reduce(layer, value, arguments, isMaximum: function.hasSuffix("max"))
    case "reshape":
      let node = try logical(value, for: name)
      guard
        case .constant(let shape) = arguments.argument(1, "shape") ?? arguments.named["newshape"]
      else { throw layer.error("'reshape' is given no shape") }
      let extents = (shape.array ?? []).dropFirst().map { $0.int ?? -1 }
      return KerasValue(
        node: try add(
          name, .reshape(try layer.fill(Array(extents), graph.shape(of: node))), to: node,
          layer: name))
    default:
      throw layer.error(
        "the operation '\(function)' between layers is not supported ("
          + (Array(Self.pairs.keys) + Array(Self.functions.keys)).sorted().joined(separator: ", ")
          + ", softmax, concat, reduce_mean, reduce_max, reshape, identity are); "
          + "use a layer in its place")
    }
  }

  private static let pairs: [String: Arithmetic] = [
    "add": .addition, "addv2": .addition, "biasadd": .addition, "subtract": .subtraction,
    "sub": .subtraction, "multiply": .multiplication, "mul": .multiplication, "divide": .division,
    "truediv": .division, "true_divide": .division, "realdiv": .division, "maximum": .maximum,
    "minimum": .minimum,
  ]

  private static let functions: [String: Activation] = [
    "relu": .relu, "relu6": .relu6, "silu": .silu, "swish": .silu, "gelu": .gelu,
    "sigmoid": .sigmoid, "tanh": .tanh, "exp": .exponential, "softplus": .softplus,
    "softsign": .softsign, "elu": .elu(alpha: 1), "selu": .selu, "mish": .mish,
    "hard_swish": .hardSwish, "hard_silu": .hardSwish, "hard_sigmoid": .hardSigmoid,
  ]

  /// Two values, or a value and numbers.
  private mutating func pair(
    _ arithmetic: Arithmetic, _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    guard let first = given.argument(0, "x1") ?? given.named["x"],
      let second = given.argument(1, "x2") ?? given.named["y"]
    else { throw layer.error("an operation on two values is given one") }
    switch (first, second) {
    case (.value(let a), .value(let b)): return try join(arithmetic, name, [a, b])
    case (.value(let value), .constant(let json)), (.constant(let json), .value(let value)):
      let isReversed = if case .constant = first { true } else { false }
      let node = try logical(value, for: name)
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
      case (.maximum, _) where numbers == [0]: operation = .activation(.relu)
      default: throw layer.error("\(arithmetic.rawValue) with numbers is not supported")
      }
      return KerasValue(node: try add(name, operation, to: node, layer: name))
    default: throw layer.error("an operation on two numbers")
    }
  }

  /// A mean or maximum over all positions.
  private mutating func reduce(
    _ layer: KerasLayer, _ value: KerasValue, _ given: KerasArguments, isMaximum: Bool
  ) throws(NetworkError) -> KerasValue {
    let node = try logical(value, for: layer.name)
    let rank = graph.shape(of: node).count
    var axes: [Int] = []
    if case .constant(let json) = given.argument(1, "axis") {
      axes = (json.int.map { [$0] } ?? json.array?.compactMap(\.int) ?? []).map {
        $0 < 0 ? $0 + rank + 1 : $0
      }
    }
    guard rank > 1, axes.sorted() == Array(1..<rank) else {
      throw layer.error("a mean or maximum over the axes \(axes); all positions are supported")
    }
    var keeps = false
    if case .constant(let json) = given.argument(2, "keepdims") { keeps = json.bool ?? false }
    return KerasValue(
      node: try add(
        layer.name,
        isMaximum
          ? .globalMaximumPooling(keepsAxes: keeps) : .globalAveragePooling(keepsAxes: keeps),
        to: node, layer: layer.name))
  }
}

extension KerasLayer {
  /// The operation that the layer stands for, in lower case; `nil` when it is a layer.
  fileprivate var tensorFunction: String? {
    switch className {
    case "TFOpLambda":
      return setting("function")?.string?.split(separator: ".").last.map { $0.lowercased() }
    case "TensorFlowOpLayer": return node?["op"]?.string?.lowercased()
    case "SlicingOpLambda": return "slicing"
    default:
      let module = json["module"]?.string ?? ""
      let isOperation = module.contains("ops") || module.isEmpty
      guard isOperation,
        [
          "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum",
          "Minimum", "Relu", "Relu6", "Silu", "Gelu", "Sigmoid", "Tanh", "Exp", "Softplus",
          "HardSigmoid", "HardSilu", "Mean", "Max", "Cast", "Concatenate", "Reshape",
        ].contains(className)
      else { return nil }
      if module.isEmpty, className == "Reshape" || className == "Concatenate" { return nil }
      switch className {
      case "HardSigmoid": return "hard_sigmoid"
      case "HardSilu": return "hard_silu"
      case "TrueDivide": return "true_divide"
      default: return className.lowercased()
      }
    }
  }

  /// The node of TensorFlow's graph that a TensorFlowOpLayer holds.
  private var node: JSON? {
    guard let node = setting("node_def") else { return nil }
    if let text = node.string { return try? JSON(parsing: text) }
    return node
  }

  /// What the operation is given; a TensorFlowOpLayer keeps its numbers by their places.
  fileprivate func tensorArguments(_ given: KerasArguments) -> KerasArguments {
    guard className == "TensorFlowOpLayer", let constants = setting("constants")?.object else {
      return given
    }
    var result = given
    for (place, value) in constants.compactMap({ key, value in Int(key).map { ($0, value) } })
      .sorted(by: { $0.0 < $1.0 })
    { result.positional.insert(.constant(value), at: min(place, result.positional.count)) }
    return result
  }
}

extension KerasArguments {
  fileprivate func int(_ position: Int, _ name: String) -> Int? {
    if case .constant(let json) = argument(position, name) {
      json.int
    } else if case .constant(let json) = named[name] {
      json.int
    } else {
      nil
    }
  }
}

extension JSON {
  /// The numbers in it, lists in lists taken apart.
  fileprivate var numbers: [Float] {
    if let number = double { return [Float(number)] }
    if let value = self["value"] ?? self["config"]?["value"] { return value.numbers }
    return (array ?? []).flatMap(\.numbers)
  }
}
