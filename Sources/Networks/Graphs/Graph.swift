public import Checkpoints

/// In which order an example's numbers lie in memory.
public enum DataOrder: String, Hashable, Sendable {
  /// Height, width, channels, the channels running fastest: Keras and TensorFlow.
  case channelsLast
}

/// A place for one parameter of a layer.
public struct ParameterSlot: Hashable, Sendable {
  /// The layer, as the architecture calls it.
  public let layer: String
  /// What the parameter does there.
  public let role: Role
  /// Its shape, in Keras's order of axes.
  public let shape: [Int]
  /// Whether gradients change it; false for the moving averages of a batch normalisation.
  public var isTrainable: Bool { !role.isStatistic }
  /// How many numbers it holds.
  public var count: Int { shape.reduce(1, *) }
}

/// A network as operations in order, each after those it needs; shapes are known and agree.
///
/// Node 0 is the input. Values are channels-last, whatever the file they come from.
public struct Graph: Equatable, Sendable {
  /// One operation and what it is applied to.
  public struct Node: Equatable, Sendable {
    /// The node's name; unique in the graph.
    public let name: String
    /// The layer that it belongs to: a layer may be several nodes, such as a convolution and its
    /// activation.
    public let layer: String
    /// What is computed.
    public let operation: Operation
    /// The nodes whose values it is computed from.
    public let inputs: [Int]
    /// The shape of the value for one example.
    public let shape: [Int]
    /// Positions in ``Graph/parameters``.
    public let parameters: [Int]

    /// How many numbers the value has for one example.
    public var size: Int { shape.reduce(1, *) }
  }

  /// The operations, the input first.
  public let nodes: [Node]

  /// The parameters of all nodes, in the order of the nodes.
  public let parameters: [ParameterSlot]

  /// The node whose value is the result.
  public let output: Int

  /// In which order an example's numbers lie.
  public let dataOrder: DataOrder

  /// The shape of one example: `[H, W, C]` or `[d]`.
  public var inputShape: [Int] { nodes[0].shape }

  /// The shape of the result for one example.
  public var outputShape: [Int] { nodes[output].shape }

  /// The node whose value goes into the final softmax; the output itself when there is none.
  ///
  /// Training runs up to here: a cross-entropy is computed from logits.
  public var logits: Int {
    var node = output
    while case .reshape = nodes[node].operation { node = nodes[node].inputs[0] }
    if case .softmax = nodes[node].operation { return nodes[node].inputs[0] }
    return output
  }

  /// The nodes that use the value of each node.
  var consumers: [[Int]] {
    var result = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { result[input].append(index) }
    }
    return result
  }

  /// The nodes from which there is a way to one of `ends`, those included.
  func ancestors(of ends: some Sequence<Int>) -> Set<Int> {
    var found = Set(ends)
    for index in nodes.indices.reversed() where found.contains(index) {
      found.formUnion(nodes[index].inputs)
    }
    return found
  }
}
