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

  /// The input's node; with several inputs, that of all of them side by side.
  public let input = 0

  /// The inputs, in order.
  public let inputs: [Graph.Input]

  /// Starts a graph whose examples have the shape `[H, W, C]` or `[d]`.
  ///
  /// - Throws: ``NetworkError`` for a shape without extents, or too large.
  public init(inputShape: [Int], name: String = "input") throws(NetworkError) {
    try self.init(inputs: [Graph.Input(name: name, shape: inputShape)])
  }

  /// Starts a graph with several inputs, whose numbers lie one after the other in each example; a node
  /// of each input's name holds its value.
  ///
  /// - Throws: ``NetworkError`` for no input, a shape without extents, or too large, or a name that is
  ///   taken twice.
  public init(inputs: [Graph.Input]) throws(NetworkError) {
    var total = 0
    for input in inputs {
      guard !input.shape.isEmpty, let size = Operation.size(of: input.shape) else {
        throw NetworkError(layer: input.name, reason: "an input of the shape \(input.shape)")
      }
      total += size
    }
    guard total <= Operation.limit, !inputs.isEmpty else {
      throw NetworkError(reason: "\(inputs.count) inputs with \(total) numbers together")
    }
    self.inputs = inputs
    let whole = inputs.count == 1 ? inputs[0] : Graph.Input(name: "all inputs", shape: [total])
    nodes = [
      Graph.Node(
        name: whole.name, layer: whole.name, operation: .input, inputs: [], shape: whole.shape,
        parameters: [])
    ]
    names = [whole.name]
    guard inputs.count > 1 else { return }
    var start = 0
    for input in inputs {
      var node = try add(
        input.shape.count == 1 ? input.name : "\(input.name)/numbers",
        .slice(starts: [start], counts: [input.size]), to: [0], layer: input.name)
      if input.shape.count > 1 { node = try add(input.name, .reshape(input.shape), to: [node]) }
      start += input.size
    }
  }

  /// Starts a graph with the inputs of another one, whose other nodes are to be added again.
  init(beginning graph: Graph) {
    inputs = graph.inputs
    nodes = [graph.nodes[0]]
    names = [graph.nodes[0].name]
  }

  /// The node of the value of the input number `position`.
  public func node(ofInput position: Int) -> Int {
    precondition(inputs.indices ~= position, "input \(position) of \(inputs.count)")
    if inputs.count == 1 { return 0 }
    return nodes.firstIndex { $0.name == inputs[position].name } ?? 0
  }

  /// Adds an operation on the values of `inputs` and returns its node.
  ///
  /// `layer` names the layer that it belongs to and that holds its parameters, where that is not
  /// `name` (the two halves of a separable convolution and its activation are one layer). With
  /// `sharing`, the operation uses the parameters of that node: the layer is applied once more.
  ///
  /// - Throws: ``NetworkError`` naming the layer, when shapes do not fit or the name is taken.
  public mutating func add(
    _ name: String, _ operation: Operation, to inputs: [Int], layer: String? = nil,
    sharing: Int? = nil
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
    var slots: [Int] = []
    if let sharing {
      slots = nodes[sharing].parameters
      let shared = slots.map { parameters[$0] }
      guard shared.map(\.shape) == shapes.parameters.map(\.shape),
        shared.map(\.role) == shapes.parameters.map(\.role)
      else {
        throw NetworkError(
          layer: name,
          reason: "it is applied to values of different shapes, \(shared.map(\.shape)) and "
            + "\(shapes.parameters.map(\.shape)) for its parameters")
      }
    } else {
      for (role, shape) in shapes.parameters {
        slots.append(parameters.count)
        parameters.append(ParameterSlot(layer: layer ?? name, role: role, shape: shape))
      }
    }
    nodes.append(
      Graph.Node(
        name: name, layer: layer ?? name, operation: operation, inputs: inputs,
        shape: shapes.output, parameters: slots))
    return nodes.count - 1
  }

  /// Adds an operation on one value and returns its node.
  ///
  /// - Throws: ``NetworkError`` as above.
  public mutating func add(
    _ name: String, _ operation: Operation, to input: Int, layer: String? = nil,
    sharing: Int? = nil
  ) throws(NetworkError) -> Int {
    try add(name, operation, to: [input], layer: layer, sharing: sharing)
  }

  /// The shape of a node's value for one example.
  public func shape(of node: Int) -> [Int] { nodes[node].shape }

  /// The operation of a node.
  public func operation(of node: Int) -> Operation { nodes[node].operation }

  /// The shapes of all parameters so far.
  var parameterShapes: [[Int]] { parameters.map(\.shape) }

  /// The graph that computes the value of `output`.
  ///
  /// - Parameter features: The node of the features, when the network has no classifier head.
  public func graph(output: Int, features: Int? = nil) -> Graph {
    graph(outputs: [output], features: features)
  }

  /// The graph that computes the values of `outputs`, the first of which is the result.
  ///
  /// - Precondition: there is at least one.
  public func graph(outputs: [Int], features: Int? = nil) -> Graph {
    precondition(
      !outputs.isEmpty && outputs.allSatisfy(nodes.indices.contains),
      "outputs \(outputs) of \(nodes.count) nodes")
    return Graph(
      nodes: nodes, parameters: parameters, outputs: outputs, inputs: inputs, features: features,
      dataOrder: .channelsLast)
  }
}
