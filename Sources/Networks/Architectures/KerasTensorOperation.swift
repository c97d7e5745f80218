import Checkpoints

/// An operation of TensorFlow or of `keras.ops` between layers: its name in lower case, and what it is
/// given, wherever Keras's versions keep that.
struct KerasTensorOperation {
  let layer: KerasLayer
  let function: String
  private let arguments: KerasArguments

  /// - Returns: `nil` when `layer` is a layer.
  init?(_ layer: KerasLayer, _ given: KerasArguments) {
    guard let function = layer.tensorFunction else { return nil }
    self.layer = layer
    self.function = function
    arguments = layer.tensorArguments(given)
  }

  /// The values that it is given without a name.
  var values: [KerasValue] { arguments.values }

  /// The argument at a place, or by one of its names; Keras 3 keeps those that are no values among the
  /// settings of the operation.
  func argument(_ position: Int, _ names: String...) -> KerasArguments.Argument? {
    if arguments.positional.indices ~= position { return arguments.positional[position] }
    for name in names {
      if let argument = arguments.named[name] { return argument }
    }
    for name in names {
      if let setting = layer.json["config"]?[name] { return .constant(setting) }
    }
    return nil
  }

  /// A number, truth or list that it is given; `nil` for none and for null.
  func constant(_ position: Int, _ names: String...) -> JSON? {
    var found: JSON?
    // Values side by side are taken apart, so that settings by name may stand at any place.
    if arguments.positional.indices ~= position,
      case .constant(let json) = arguments.positional[position]
    {
      found = json
    }
    for name in names where found == nil {
      if case .constant(let json) = arguments.named[name] { found = json }
    }
    for name in names where found == nil { found = layer.json["config"]?[name] }
    guard let found, !found.isNull else { return Optional<JSON>.none }
    return found
  }

  /// The numbers of a constant argument.
  func numbers(_ position: Int, _ names: String...) -> [Float]? {
    for name in names {
      if let json = constant(position, name) { return json.numbers }
    }
    return nil
  }

  func error(_ reason: String) -> NetworkError { layer.error(reason) }
}

extension KerasLayer {
  /// The operation that the layer stands for, in lower case; `nil` when it is a layer.
  fileprivate var tensorFunction: String? {
    switch className {
    case "TFOpLambda":
      return setting("function")?.string?.split(separator: ".").last.map { $0.lowercased() }
    case "TensorFlowOpLayer": return node?["op"]?.string?.lowercased()
    case "SlicingOpLambda": return "getitem"
    default:
      let module = json["module"]?.string ?? ""
      let isOperation = module.contains("ops") || module.isEmpty
      guard isOperation, Self.operations.contains(className) else { return nil }
      if module.isEmpty, className == "Reshape" || className == "Concatenate" { return nil }
      switch className {
      case "HardSigmoid": return "hard_sigmoid"
      case "HardSilu": return "hard_silu"
      case "TrueDivide": return "true_divide"
      case "LeakyRelu": return "leaky_relu"
      case "ExpandDims": return "expand_dims"
      default: return className.lowercased()
      }
    }
  }

  /// The classes of `keras.ops` that are known.
  private static let operations: Set<String> = [
    "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum", "Relu", "Relu6",
    "Silu", "Gelu", "Sigmoid", "Tanh", "Exp", "Softplus", "HardSigmoid", "HardSilu", "Mean", "Max",
    "Min", "Sum", "Cast", "Concatenate", "Reshape", "GetItem", "Transpose", "LeakyRelu", "Sqrt",
    "Rsqrt", "Power", "Square", "Negative", "Absolute", "Abs", "Log", "Clip", "ExpandDims",
    "Squeeze", "Matmul", "Split", "Stack", "Pad", "Normalize", "Elu", "Selu", "Softsign", "Mish",
  ]

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

extension JSON {
  /// The numbers in it, lists in lists taken apart.
  var numbers: [Float] {
    if let number = double { return [Float(number)] }
    if let value = self["value"] ?? self["config"]?["value"] { return value.numbers }
    return (array ?? []).flatMap(\.numbers)
  }

  /// Whole numbers: one, or those of a list.
  var wholeNumbers: [Int]? {
    if let int { return [int] }
    guard let array else { return nil }
    let numbers = array.compactMap(\.int)
    return numbers.count == array.count ? numbers : nil
  }
}
