/// A graph without the rows that nothing recorded depends on.
///
/// The features of a vision transformer are the last block's row of the class token. Rows meet only in
/// attention, so of that block's other rows only keys and values count: the projection after attention and
/// the perceptron are computed for one row of 197, and queries too where a layer of their own projects
/// them. What is left is computed as before, number by number.
///
/// Taking the first rows of a value is moved up through operations that treat each row by itself, up to
/// an attention, which answers that many queries only, or to a value that is needed whole for something
/// else.
public struct NeededRows: Sendable {
  /// The graph of what is needed. Its parameters are those of the whole one; an attention whose value has
  /// fewer rows than its queries answers the first ones.
  public private(set) var graph: Graph
  /// For each node of ``graph``, the node of the whole graph that it comes from.
  public private(set) var origins: [Int] = []

  private let whole: Graph
  /// How many rows are left.
  private let rows: Int
  /// The nodes of ``graph`` with the values of nodes of the whole graph, and with their first rows.
  private var nodes: (whole: [Int: Int], leading: [Int: Int]) = ([:], [:])
  private var made: [Graph.Node] = []

  /// What the values at `taps` depend on, which are themselves left as they are.
  ///
  /// - Precondition: `taps` are of `graph`, and there is at least one.
  /// - Complexity: linear in the number of nodes.
  public init(_ graph: Graph, taps: [Tap]) {
    let kept = Set(taps.map(\.node))
    (self.graph, whole) = (graph, graph)
    let demand = Demand(graph, kept: kept)
    rows = demand.rows
    for index in graph.nodes.indices {
      let isWhole = demand.whole.contains(index)
      if isWhole { addWhole(index) }
      guard demand.leading.contains(index) else { continue }
      if isWhole { addSlice(of: index) } else { addRows(of: index) }
    }
    self.graph = Graph(
      nodes: made, parameters: graph.parameters, outputs: kept.sorted().map(node),
      inputs: graph.inputs, features: nil, dataOrder: graph.dataOrder)
  }

  /// The node of ``graph`` whose value is that of a node of the whole one, which has a tap.
  public func node(of node: Int) -> Int { nodes.whole[node] ?? 0 }

  /// The first node of ``graph`` that comes from `node` of the whole graph or one after it; the number of
  /// nodes where there is none.
  public func first(from node: Int) -> Int { origins.firstIndex { $0 >= node } ?? origins.count }

  private mutating func addWhole(_ index: Int) {
    let node = whole.nodes[index]
    var inputs = node.inputs.compactMap { nodes.whole[$0] }
    if whole.leadingRows(takenBy: index) != nil, let leading = nodes.leading[node.inputs[0]] {
      if node.shape == made[leading].shape { return nodes.whole[index] = leading }
      inputs = [leading]
    }
    nodes.whole[index] = add(
      Graph.Node(
        name: node.name, layer: node.layer, operation: node.operation, inputs: inputs,
        shape: node.shape, parameters: node.parameters), from: index)
  }

  private mutating func addSlice(of index: Int) {
    let node = whole.nodes[index]
    let shape = [rows, node.shape[1]]
    nodes.leading[index] = add(
      Graph.Node(
        name: "\(node.name)/first rows", layer: node.layer,
        operation: .slice(starts: [0, 0], counts: shape), inputs: [nodes.whole[index] ?? 0],
        shape: shape, parameters: []), from: index)
  }

  private mutating func addRows(of index: Int) {
    let node = whole.nodes[index]
    let shape = [rows, node.shape[1]]
    var operation = node.operation
    if case .reshape = operation { operation = .reshape(shape) }
    let inputs = node.inputs.enumerated().compactMap { position, input in
      whole.needsRowsOnly(index, ofInput: position) ? nodes.leading[input] : nodes.whole[input]
    }
    nodes.leading[index] = add(
      Graph.Node(
        name: node.name, layer: node.layer, operation: operation, inputs: inputs, shape: shape,
        parameters: node.parameters), from: index)
  }

  private mutating func add(_ node: Graph.Node, from origin: Int) -> Int {
    made.append(node)
    origins.append(origin)
    return made.count - 1
  }
}

/// Which values are needed whole, and of which the first rows.
private struct Demand {
  /// How many first rows: the most that any operation takes.
  var rows = 0
  /// The nodes whose values are needed whole.
  var whole: Set<Int>
  /// The nodes of which the first rows are needed.
  var leading: Set<Int> = []

  init(_ graph: Graph, kept: Set<Int>) {
    whole = kept.union([0])
    let needed = graph.ancestors(of: kept)
    rows = needed.lazy.compactMap { graph.leadingRows(takenBy: $0) }.max() ?? 0
    for index in graph.nodes.indices.reversed() where needed.contains(index) {
      let node = graph.nodes[index]
      if leading.contains(index), !graph.passesRows(index) { whole.insert(index) }
      for (position, input) in node.inputs.enumerated() {
        let takes =
          whole.contains(index)
          ? graph.leadingRows(takenBy: index) != nil && graph.nodes[input].shape[0] > rows
          : graph.needsRowsOnly(index, ofInput: position)
        if takes { leading.insert(input) } else { whole.insert(input) }
      }
    }
  }
}

extension Graph {
  /// How many first rows of a value of rows × columns the operation takes and nothing else, if that is
  /// what it does.
  fileprivate func leadingRows(takenBy index: Int) -> Int? {
    let node = nodes[index]
    guard case .slice(let starts, let counts) = node.operation, starts == [0, 0],
      counts[1] == nodes[node.inputs[0]].shape[1]
    else { return nil }
    return counts[0]
  }

  /// Whether the first rows of the value can be computed without the others.
  fileprivate func passesRows(_ index: Int) -> Bool {
    if case .attention(let attention) = nodes[index].operation { return !attention.isCausal }
    return nodes[index].inputs.indices.contains { needsRowsOnly(index, ofInput: $0) }
  }

  /// Whether the first rows of the value depend on no more than the first rows of that input, both of
  /// rows × columns.
  fileprivate func needsRowsOnly(_ index: Int, ofInput position: Int) -> Bool {
    let node = nodes[index]
    let inputs = node.inputs.map { nodes[$0].shape }
    guard node.shape.count == 2, inputs.allSatisfy({ $0.count == 2 }) else { return false }
    func isOfEachRow(_ shape: [Int]) -> Bool { shape.dropLast().allSatisfy { $0 == 1 } }
    switch node.operation {
    case .dense, .activation, .softmax, .batchNormalization, .affine: return true
    case .layerNormalization(let normalization): return normalization.axes == 1
    case .parametricRelu(let shape), .standardization(let shape), .addParameter(_, let shape),
      .multiplyParameter(_, let shape):
      return isOfEachRow(shape)
    case .add, .arithmetic: return inputs.allSatisfy { $0[0] == node.shape[0] }
    case .reshape, .dropout, .trainingOnly: return inputs[0] == node.shape
    case .attention(let attention):
      return !attention.isCausal && inputs.count == 3 && position == 0
    default: return false
    }
  }
}
