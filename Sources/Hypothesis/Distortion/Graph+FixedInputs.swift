import Networks

extension Graph {
  /// Whether a layer reads the network's input, perhaps padded, pooled or under another shape, so that
  /// training changes nothing of what it sees.
  ///
  /// Dropout in between makes other inputs of the same example, and counts as a change.
  func isFixed(_ tap: Tap) -> Bool {
    var waiting = [tap.node]
    while let index = waiting.popLast() {
      let node = nodes[index]
      if case .dropout = node.operation { return false }
      if !node.parameters.isEmpty { return false }
      waiting += node.inputs
    }
    return true
  }
}
