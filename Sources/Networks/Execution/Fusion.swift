/// Which operations an executor computes as part of the layer before them.
struct Fusion {
  /// For each layer that ends in more than itself: the batch normalisation folded into its weights,
  /// and the activation applied as its results are written.
  struct Tail {
    var normalization: Int?
    var activation: Int?
    /// The last node of the chain, whose value is what the layer writes.
    var last: Int
  }

  private(set) var tails: [Int: Tail] = [:]
  /// The nodes that need no step of their own.
  private(set) var absorbed: Set<Int> = []

  /// Looks for a layer whose value only a ReLU uses and nobody records; when `isInference`, any
  /// activation, and a batch normalisation before it.
  init(_ graph: Graph, kept: Set<Int>, isInference: Bool) {
    let consumers = graph.consumers
    func onlyConsumer(of node: Int) -> Int? {
      consumers[node].count == 1 && !kept.contains(node) ? consumers[node].first : nil
    }
    for index in graph.nodes.indices {
      switch graph.nodes[index].operation {
      case .dense, .convolution: break
      default: continue
      }
      var tail = Tail(last: index)
      if isInference, let next = onlyConsumer(of: index),
        case .batchNormalization = graph.nodes[next].operation
      {
        tail.normalization = next
        tail.last = next
      }
      if let next = onlyConsumer(of: tail.last),
        case .activation(let activation) = graph.nodes[next].operation,
        isInference && activation.function != nil || activation == .relu
      {
        tail.activation = next
        tail.last = next
      }
      guard tail.last != index else { continue }
      tails[index] = tail
      absorbed.formUnion([tail.normalization, tail.activation].compactMap(\.self))
    }
  }
}
