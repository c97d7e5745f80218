import Checkpoints

/// A function that Keras knows by a name.
enum KerasFunction {
  case activation(Activation)
  case softmax(axes: [Int])
}

extension KerasLayer {
  /// The function of a layer that is an activation, or holds one; `nil` for none.
  func functionOfClass() throws(NetworkError) -> KerasFunction? {
    switch className {
    case "Activation": return try function(setting("activation") ?? .null)
    case "ReLU":
      let limit = setting("max_value") == nil ? Float.infinity : float("max_value", otherwise: 0)
      let (slope, threshold) = (
        float("negative_slope", otherwise: 0), float("threshold", otherwise: 0)
      )
      switch (threshold, slope, limit) {
      case (0, 0, .infinity): return .activation(.relu)
      case (0, 0, 6): return .activation(.relu6)
      case (0, _, .infinity): return .activation(.leakyRelu(slope: slope))
      default:
        guard limit >= threshold else {
          throw error("a ReLU from \(threshold) to \(limit) is not supported")
        }
        return .activation(.rectifier(threshold: threshold, slope: slope, limit: limit))
      }
    case "LeakyReLU":
      return .activation(.leakyRelu(slope: float("negative_slope", "alpha", otherwise: 0.3)))
    case "ELU": return .activation(.elu(alpha: float("alpha", otherwise: 1)))
    case "ThresholdedReLU":
      return .activation(.thresholdedRelu(threshold: float("theta", otherwise: 1)))
    case "Softmax":
      return .softmax(axes: setting("axis")?.wholeNumbers ?? [-1])
    default: throw error("its activation is a '\(className)', which is none")
    }
  }

  /// The function called by a name, or by an object that holds it; `nil` for none.
  func function(_ json: JSON) throws(NetworkError) -> KerasFunction? {
    if json.isNull { return nil }
    if let inner = json["config"], json["class_name"] != nil {
      if inner.string != nil { return try function(inner) }
      var members = inner.object ?? [:]
      members["name"] = .string(name)
      let layer = KerasLayer(
        ["class_name": json["class_name"] ?? "", "config": .object(members)], isKeras3: isKeras3)
      return try layer.functionOfClass()
    }
    let whole = json.string ?? json.text()
    let name = whole.split(separator: ">").last.map(String.init) ?? whole
    switch name {
    case "linear": return nil
    case "softmax": return .softmax(axes: [-1])
    case "hard_sigmoid":
      return .activation(isKeras3 ? .hardSigmoid : .kerasHardSigmoid)
    default:
      guard let activation = Self.named[name] else {
        throw error(
          "the activation '\(name)' is not supported (linear, softmax, hard_sigmoid, "
            + Self.named.keys.sorted().joined(separator: ", ") + " are)")
      }
      return .activation(activation)
    }
  }

  /// The activation of a layer by a setting's name; a softmax is none of a single number.
  func activation(_ setting: String, otherwise: Activation?) throws(NetworkError) -> Activation? {
    guard let json = json["config"]?[setting] else { return otherwise }
    switch try function(json) {
    case nil: return nil
    case .activation(let activation): return activation
    case .softmax: throw error("a softmax as its \(setting) is not supported")
    }
  }

  private static let named: [String: Activation] = [
    "relu": .relu, "relu6": .relu6, "tanh": .tanh, "sigmoid": .sigmoid, "elu": .elu(alpha: 1),
    "selu": .selu, "gelu": .gelu, "swish": .silu, "silu": .silu, "mish": .mish,
    "hard_swish": .hardSwish, "hard_silu": .hardSwish, "softplus": .softplus,
    "softsign": .softsign, "exponential": .exponential, "leaky_relu": .leakyRelu(slope: 0.2),
    "celu": .celu(alpha: 1), "log_sigmoid": .logSigmoid, "hard_tanh": .hardTanh,
    "hard_shrink": .hardShrink(threshold: 0.5), "soft_shrink": .softShrink(threshold: 0.5),
    "tanh_shrink": .tanhShrink, "gelu_new": .geluTanh, "approximate_gelu": .geluTanh,
  ]
}
