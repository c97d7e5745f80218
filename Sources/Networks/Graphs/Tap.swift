/// A place in a network where values are recorded.
public struct Tap: Hashable, Sendable {
  /// The node whose value it is.
  public let node: Int
  /// The node's name.
  public let name: String
  /// The shape for one example.
  public let shape: [Int]
  /// How many numbers there are for one example.
  public var size: Int { shape.reduce(1, *) }
}

extension Graph {
  /// The place after `node`.
  public func tap(at node: Int) -> Tap {
    precondition(nodes.indices ~= node, "node \(node) of \(nodes.count)")
    return Tap(node: node, name: nodes[node].name, shape: nodes[node].shape)
  }

  /// The result.
  public var outputTap: Tap { tap(at: output) }

  /// The input of the final softmax, or the result when there is none.
  public var logitsTap: Tap { tap(at: logits) }

  /// The output of the layer called `layer`, after its activation; or, when layers are called as
  /// the modules of a state dictionary, that of the last layer inside the module: `layer4` for
  /// `layer4.2`; or, for a layer of Keras made of several and a model inside the model, the last of them.
  ///
  /// - Throws: ``NetworkError`` when there is no such layer, with the last names there are.
  public func tap(named layer: String) throws(NetworkError) -> Tap {
    guard
      let node = nodes.lastIndex(where: { $0.layer == layer })
        ?? nodes.lastIndex(where: { $0.name == layer })
        ?? nodes.lastIndex(where: { $0.layer.hasPrefix(layer + ".") })
        ?? nodes.lastIndex(where: { $0.layer.hasPrefix(layer + "/") })
    else {
      let names = nodes.suffix(8).map { "'\($0.name)'" }.joined(separator: ", ")
      throw NetworkError(
        layer: layer, reason: "there is no such layer; the last ones are \(names)")
    }
    return tap(at: node)
  }

  /// The input of the classifier head: the features that the last layer with weights reads; or
  /// ``features``, in a network that was built without a head.
  ///
  /// - Throws: ``NetworkError`` when there is no classifier head.
  public var penultimate: Tap {
    get throws(NetworkError) {
      if let features { return tap(at: features) }
      return tap(at: nodes[try head].inputs[0])
    }
  }

  /// The node of the classifier head.
  ///
  /// Going back from the output over operations without parameters, the first layer with weights;
  /// it must be dense, or a convolution that sees all channels and whose positions are averaged (or
  /// of which there is one).
  ///
  /// - Throws: ``NetworkError`` when that layer is something else.
  public var head: Int {
    get throws(NetworkError) {
      if let features {
        throw NetworkError(
          reason: "the network has no classifier head; its features are '\(nodes[features].name)'")
      }
      var node = output
      while nodes[node].parameters.isEmpty {
        guard nodes[node].inputs.count == 1 else {
          throw NetworkError(
            reason: "no classifier head was found: going back from the output, "
              + "'\(nodes[node].name)' (\(nodes[node].operation.kind)) comes before any layer with "
              + "weights; name the layer whose output to record")
        }
        node = nodes[node].inputs[0]
      }
      switch nodes[node].operation {
      case .dense(let outputs, _) where outputs == nodes[output].size: return node
      case .convolution(let convolution)
      where !convolution.isDepthwise && convolution.groups == 1
        && convolution.filters == nodes[output].size:
        return node
      default:
        throw NetworkError(
          layer: nodes[node].layer,
          reason: "no classifier head was found: this \(nodes[node].operation.kind) is the last "
            + "layer with weights, where a dense layer or a convolution with one filter for each "
            + "output was expected; name the layer whose output to record")
      }
    }
  }
}
