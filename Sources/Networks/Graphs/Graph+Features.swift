extension Graph {
  /// Whether the result is features and no classifier's: the network has one result and no head, and
  /// ends in the mean or maximum over all positions, or in an image of channels that were normalised,
  /// joined or passed on by a function of their own: Keras's networks without their top.
  var endsInFeatures: Bool {
    guard outputs.count == 1, features == nil else { return false }
    var node = output
    var isPooled = false
    var passesWindows = false
    while nodes[node].inputs.count == 1 {
      switch nodes[node].operation {
      case .globalAveragePooling, .globalMaximumPooling: isPooled = true
      case .maximumPooling, .averagePooling: passesWindows = true
      case .softmax: return false
      case .activation(let function) where Self.givesScores(function): return false
      case .layerNormalization, .batchNormalization, .groupNormalization:
        return isPooled || nodes[output].shape.count == 3
      case .reshape, .activation, .dropout, .trainingOnly, .affine, .permute: break
      default:
        // A convolution whose channels are averaged is a classifier's; not so before a window.
        guard case .convolution = nodes[node].operation else { return isPooled && headIsMissing }
        return passesWindows && (isPooled || nodes[output].shape.count == 3)
      }
      node = nodes[node].inputs[0]
    }
    return node != 0 && (isPooled || nodes[output].shape.count == 3)
  }

  private var headIsMissing: Bool { (try? head) == nil }

  /// Whether a function makes numbers between 0 and 1, or −1 and 1, as results have them.
  private static func givesScores(_ function: Activation) -> Bool {
    switch function {
    case .sigmoid, .hardSigmoid, .tanh, .hardTanh: true
    default: false
    }
  }
}
