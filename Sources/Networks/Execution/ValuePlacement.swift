/// Where the value of each node lies.
struct ValuePlacement {
  /// The memory of each node's value; several nodes may share one.
  let buffers: [Buffer]

  /// Gives every node of `needed` memory for `capacity` examples.
  ///
  /// Nodes that only rename a value share its memory, and layers share that of the operations fused
  /// into them. When `reuses`, memory is used again after the last node that reads it, except for
  /// nodes in `kept`, so that it does not grow with the depth of the network.
  init(
    _ graph: Graph, capacity: Int, kept: Set<Int>, needed: Set<Int>, fusion: Fusion, reuses: Bool,
    dropsOut: Bool
  ) {
    // The node whose memory each node writes to.
    var owner = Array(graph.nodes.indices)
    for (layer, tail) in fusion.tails {
      for node in [layer, tail.normalization, tail.activation].compactMap(\.self) {
        owner[node] = layer
      }
    }
    for (index, node) in graph.nodes.enumerated()
    where node.operation.onlyRenames(dropsOut: dropsOut) {
      owner[index] = owner[node.inputs[0]]
    }

    var lastUse = [Int](repeating: -1, count: graph.nodes.count)
    for index in graph.nodes.indices where needed.contains(index) {
      lastUse[owner[index]] = max(lastUse[owner[index]], index)
      for input in graph.nodes[index].inputs {
        lastUse[owner[input]] = max(lastUse[owner[input]], index)
      }
    }
    for node in kept { lastUse[owner[node]] = graph.nodes.count }

    var memory: [Int: Buffer] = [:]
    var free: [Buffer] = []
    let nothing = Buffer(count: 0)
    for index in graph.nodes.indices where needed.contains(index) {
      if owner[index] == index {
        let count = capacity * graph.nodes[index].size
        let fitting = free.indices.filter { free[$0].count >= count }
        if reuses, let best = fitting.min(by: { free[$0].count < free[$1].count }) {
          memory[index] = free.remove(at: best)
        } else {
          memory[index] = Buffer(count: count)
        }
      }
      // What was read here for the last time is free for the next node.
      for (node, buffer) in memory where reuses && lastUse[node] == index {
        free.append(buffer)
        lastUse[node] = -1
      }
    }
    buffers = graph.nodes.indices.map { memory[owner[$0]] ?? nothing }
  }
}

extension Operation {
  /// Whether the value is that of its input under another shape.
  func onlyRenames(dropsOut: Bool) -> Bool {
    switch self {
    case .reshape, .trainingOnly: true
    case .dropout(let rate): !dropsOut || rate == 0
    default: false
    }
  }
}
