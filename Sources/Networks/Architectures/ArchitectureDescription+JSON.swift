public import Checkpoints

extension ArchitectureDescription {
  /// What the member `format` of the JSON form says.
  public static let format = "anamorph-architecture"

  /// The JSON form.
  public var json: JSON {
    [
      "format": .string(Self.format), "version": 1, "dataOrder": .string(dataOrder.rawValue),
      "inputShape": .array(inputShape.map { .number(Double($0)) }),
      "layers": .array(layers.map(\.json)),
    ]
  }

  /// Reads the JSON form.
  ///
  /// - Throws: ``NetworkError`` naming the layer and what is missing or unknown.
  public init(_ json: JSON) throws(NetworkError) {
    guard json["format"]?.string == Self.format else {
      throw NetworkError(reason: "the architecture is not marked '\(Self.format)'")
    }
    guard json["version"]?.int == 1 else {
      throw NetworkError(
        reason: "the architecture's version is \(json["version"]?.text() ?? "missing"), not 1")
    }
    let order = json["dataOrder"]?.string ?? ""
    guard let dataOrder = DataOrder(rawValue: order) else {
      throw NetworkError(reason: "the data order '\(order)' is unknown")
    }
    guard let extents = json["inputShape"]?.array, let layers = json["layers"]?.array else {
      throw NetworkError(reason: "the architecture has no input shape or no layers")
    }
    var shape: [Int] = []
    for extent in extents {
      guard let extent = extent.int else {
        throw NetworkError(reason: "the input shape is not made of whole numbers")
      }
      shape.append(extent)
    }
    self.init(inputShape: shape, layers: [])
    self.dataOrder = dataOrder
    for layer in layers { self.layers.append(try Layer(layer)) }
  }
}

extension ArchitectureDescription.Layer {
  fileprivate var json: JSON {
    var members: [String: JSON] = ["name": .string(name)]
    switch kind {
    case .dense(let outputs, let hasBias):
      members["kind"] = "dense"
      members["outputs"] = .number(Double(outputs))
      members["bias"] = .bool(hasBias)
    case .convolution(let filters, let window, let hasBias):
      members["kind"] = "convolution"
      members["filters"] = .number(Double(filters))
      members["bias"] = .bool(hasBias)
      members["window"] = window.json
    case .batchNormalization(let normalization):
      members["kind"] = "batchNormalization"
      members["epsilon"] = .number(Double(normalization.epsilon))
      members["momentum"] = .number(Double(normalization.momentum))
      members["scale"] = .bool(normalization.hasScale)
      members["shift"] = .bool(normalization.hasShift)
    case .maximumPooling(let window):
      members["kind"] = "maximumPooling"
      members["window"] = window.json
    case .averagePooling(let window):
      members["kind"] = "averagePooling"
      members["window"] = window.json
    case .globalAveragePooling: members["kind"] = "globalAveragePooling"
    case .flatten: members["kind"] = "flatten"
    case .dropout(let rate):
      members["kind"] = "dropout"
      members["rate"] = .number(Double(rate))
    }
    if let activation { members["activation"] = activation.json }
    return .object(members)
  }

  fileprivate init(_ json: JSON) throws(NetworkError) {
    let name = json["name"]?.string ?? "?"
    func member<T>(_ key: String, _ value: T?) throws(NetworkError) -> T {
      guard let value else {
        throw NetworkError(layer: name, reason: "'\(key)' is missing or of another kind")
      }
      return value
    }
    func int(_ key: String) throws(NetworkError) -> Int { try member(key, json[key]?.int) }
    func bool(_ key: String) throws(NetworkError) -> Bool { try member(key, json[key]?.bool) }
    func float(_ key: String) throws(NetworkError) -> Float {
      try member(key, json[key]?.double.map { Float($0) })
    }
    func window() throws(NetworkError) -> Window {
      try member("window", json["window"].flatMap(Window.init(json:)))
    }
    let kind = try member("kind", json["kind"]?.string)
    switch kind {
    case "dense": self.kind = .dense(outputs: try int("outputs"), hasBias: try bool("bias"))
    case "convolution":
      self.kind = .convolution(
        filters: try int("filters"), try window(), hasBias: try bool("bias"))
    case "batchNormalization":
      self.kind = .batchNormalization(
        BatchNormalization(
          epsilon: try float("epsilon"), momentum: try float("momentum"),
          hasScale: try bool("scale"), hasShift: try bool("shift")))
    case "maximumPooling": self.kind = .maximumPooling(try window())
    case "averagePooling": self.kind = .averagePooling(try window())
    case "globalAveragePooling": self.kind = .globalAveragePooling
    case "flatten": self.kind = .flatten
    case "dropout": self.kind = .dropout(rate: try float("rate"))
    default: throw NetworkError(layer: name, reason: "the kind '\(kind)' is unknown")
    }
    self.name = try member("name", json["name"]?.string)
    activation = try json["activation"].map { activation throws(NetworkError) in
      try member("activation", Activation(json: activation))
    }
  }
}

extension Window {
  fileprivate var json: JSON {
    func pair(_ extent: Extent) -> JSON {
      [.number(Double(extent.height)), .number(Double(extent.width))]
    }
    let padding: JSON =
      switch padding {
      case .valid: "valid"
      case .same: "same"
      case .explicit(let top, let bottom, let left, let right):
        .array([top, bottom, left, right].map { .number(Double($0)) })
      }
    return [
      "kernel": pair(kernel), "strides": pair(strides), "dilation": pair(dilation),
      "padding": padding,
    ]
  }

  fileprivate init?(json: JSON) {
    func pair(_ json: JSON?) -> Extent? {
      guard let height = json?[0]?.int, let width = json?[1]?.int else { return nil }
      return Extent(height, width)
    }
    guard let kernel = pair(json["kernel"]), let strides = pair(json["strides"]),
      let dilation = pair(json["dilation"])
    else { return nil }
    let padding: Padding
    switch json["padding"] {
    case "valid": padding = .valid
    case "same": padding = .same
    case .array(let sides)?:
      let sides = sides.compactMap(\.int)
      guard sides.count == 4 else { return nil }
      padding = .explicit(top: sides[0], bottom: sides[1], left: sides[2], right: sides[3])
    default: return nil
    }
    self.init(kernel, strides: strides, dilation: dilation, padding: padding)
  }
}

extension Activation {
  /// Those that a name alone says.
  private static let plain: [String: Activation] = [
    "relu": .relu, "relu6": .relu6, "tanh": .tanh, "sigmoid": .sigmoid, "selu": .selu,
    "gelu": .gelu, "geluTanh": .geluTanh, "geluSigmoid": .geluSigmoid, "silu": .silu,
    "mish": .mish, "hardTanh": .hardTanh, "hardSwish": .hardSwish, "softplus": .softplus,
    "softsign": .softsign, "exponential": .exponential, "logSigmoid": .logSigmoid,
    "tanhShrink": .tanhShrink, "hardSigmoid": .hardSigmoid,
    "absolute": .absolute, "squareRoot": .squareRoot, "logarithm": .logarithm,
  ]

  fileprivate var json: JSON {
    func with(_ name: String, _ numbers: Float...) -> JSON {
      let numbers = numbers.map { JSON.number(Double($0)) }
      return .object([name: numbers.count == 1 ? numbers[0] : .array(numbers)])
    }
    switch self {
    case .leakyRelu(let slope): return with("leakyRelu", slope)
    case .elu(let alpha): return with("elu", alpha)
    case .celu(let alpha): return with("celu", alpha)
    case .thresholdedRelu(let threshold): return with("thresholdedRelu", threshold)
    case .hardShrink(let threshold): return with("hardShrink", threshold)
    case .softShrink(let threshold): return with("softShrink", threshold)
    case .rectifier(let threshold, let slope, let limit):
      // JSON has no infinity.
      return limit.isFinite
        ? with("rectifier", threshold, slope, limit) : with("rectifier", threshold, slope)
    case .power(let exponent): return with("power", exponent)
    case .clip(let low, let high): return with("clip", low, high)
    case .hardSigmoid(let slope, let offset) where self != .hardSigmoid:
      return with("hardSigmoid", slope, offset)
    default: return .string(Self.plain.first { $0.value == self }?.key ?? "")
    }
  }

  fileprivate init?(json: JSON) {
    if let name = json.string {
      guard let activation = Self.plain[name] else { return nil }
      self = activation
      return
    }
    guard let (name, value) = json.object?.first, json.object?.count == 1 else { return nil }
    let numbers = (value.array ?? [value]).compactMap(\.double).map { Float($0) }
    switch (name, numbers.count) {
    case ("leakyRelu", 1): self = .leakyRelu(slope: numbers[0])
    case ("elu", 1): self = .elu(alpha: numbers[0])
    case ("celu", 1): self = .celu(alpha: numbers[0])
    case ("thresholdedRelu", 1): self = .thresholdedRelu(threshold: numbers[0])
    case ("hardShrink", 1): self = .hardShrink(threshold: numbers[0])
    case ("softShrink", 1): self = .softShrink(threshold: numbers[0])
    case ("rectifier", 2...3):
      self = .rectifier(
        threshold: numbers[0], slope: numbers[1], limit: numbers.count == 3 ? numbers[2] : .infinity
      )
    case ("power", 1): self = .power(exponent: numbers[0])
    case ("clip", 2): self = .clip(low: numbers[0], high: numbers[1])
    case ("hardSigmoid", 2): self = .hardSigmoid(slope: numbers[0], offset: numbers[1])
    default: return nil
    }
  }
}
