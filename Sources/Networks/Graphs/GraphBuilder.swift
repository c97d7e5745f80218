import Checkpoints

/// Builds a graph layer by layer and checks every shape on the way.
///
///     var builder = try GraphBuilder(inputShape: [30])
///     var value = try builder.add("hidden", .dense(outputs: 24, hasBias: true), to: builder.input)
///     value = try builder.add("relu", .activation(.relu), to: value)
///     value = try builder.add("head", .dense(outputs: 4, hasBias: true), to: value)
///     let graph = builder.graph(output: value)
public struct GraphBuilder {
  private var nodes: [Graph.Node]
  private var parameters: [ParameterSlot] = []
  private var names: Set<String> = []

  /// The input's node.
  public let input = 0

  /// Starts a graph whose examples have the shape `[H, W, C]` or `[d]`.
  ///
  /// - Throws: ``NetworkError`` for a shape without extents, or too large.
  public init(inputShape: [Int], name: String = "input") throws(NetworkError) {
    guard !inputShape.isEmpty, Operation.size(of: inputShape) != nil else {
      throw NetworkError(layer: name, reason: "an input of the shape \(inputShape)")
    }
    nodes = [
      Graph.Node(
        name: name, layer: name, operation: .input, inputs: [], shape: inputShape, parameters: [])
    ]
    names = [name]
  }

  /// Adds an operation on the values of `inputs` and returns its node.
  ///
  /// `layer` names the layer that it belongs to and that holds its parameters, where that is not
  /// `name` (the two halves of a separable convolution and its activation are one layer).
  ///
  /// - Throws: ``NetworkError`` naming the layer, when shapes do not fit or the name is taken.
  public mutating func add(
    _ name: String, _ operation: Operation, to inputs: [Int], layer: String? = nil
  ) throws(NetworkError) -> Int {
    precondition(
      inputs.allSatisfy(nodes.indices.contains), "inputs \(inputs) of \(nodes.count) nodes")
    guard names.insert(name).inserted else {
      throw NetworkError(layer: name, reason: "there are two layers of this name")
    }
    let shapes = try operation.shapes(for: inputs.map { nodes[$0].shape }, layer: name)
    for shape in [shapes.output] + shapes.parameters.map(\.shape)
    where Operation.size(of: shape) == nil {
      throw NetworkError(
        layer: name, reason: "the shape \(shape) holds more than \(Operation.limit) numbers")
    }
    let first = parameters.count
    for (role, shape) in shapes.parameters {
      parameters.append(ParameterSlot(layer: layer ?? name, role: role, shape: shape))
    }
    nodes.append(
      Graph.Node(
        name: name, layer: layer ?? name, operation: operation, inputs: inputs,
        shape: shapes.output,
        parameters: Array(first..<parameters.count)))
    return nodes.count - 1
  }

  /// Adds an operation on one value and returns its node.
  ///
  /// - Throws: ``NetworkError`` as above.
  public mutating func add(
    _ name: String, _ operation: Operation, to input: Int, layer: String? = nil
  ) throws(NetworkError) -> Int {
    try add(name, operation, to: [input], layer: layer)
  }

  /// The shape of a node's value for one example.
  public func shape(of node: Int) -> [Int] { nodes[node].shape }

  /// The graph that computes the value of `output`.
  public func graph(output: Int) -> Graph {
    Graph(nodes: nodes, parameters: parameters, output: output, dataOrder: .channelsLast)
  }
}
