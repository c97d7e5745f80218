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
/// Node 0 is the input. Values are channels-last, whatever the file they come from. A network with
/// several inputs has them side by side in node 0; see ``inputs``. A layer that is applied several
/// times is several nodes with the same parameters.
public struct Graph: Equatable, Sendable {
  /// One of the values that make up an example.
  public struct Input: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its shape.
    public let shape: [Int]
    /// How many numbers it has.
    public var size: Int { shape.reduce(1, *) }

    /// An input of this shape.
    public init(name: String, shape: [Int]) {
      self.name = name
      self.shape = shape
    }
  }

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

  /// The nodes whose values are the results; there is at least one.
  public let outputs: [Int]

  /// What an example is made of, in order. With one input, that is node 0; with several, node 0 holds
  /// the numbers of all of them one after the other, and a node of its name takes out each.
  public let inputs: [Input]

  /// The node whose value is the features, in a network that was built without a classifier head;
  /// `nil` in any other, where the features are what the head reads.
  public let features: Int?

  /// In which order an example's numbers lie.
  public let dataOrder: DataOrder

  /// The node whose value is the result, the first where there are several.
  public var output: Int { outputs[0] }

  /// The shape of one example: `[H, W, C]` or `[d]`; that of all inputs side by side where there are
  /// several.
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

  /// For each slot, the nodes that use it; more than one for layers applied several times.
  var parameterUsers: [[Int]] {
    var result = [[Int]](repeating: [], count: parameters.count)
    for (index, node) in nodes.enumerated() {
      for slot in node.parameters { result[slot].append(index) }
    }
    return result
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
