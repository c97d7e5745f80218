extension Operation {
  /// Why no gradient goes through the operation, and what would be needed; `nil` when one does.
  var trainingObstacle: String? {
    switch self {
    case .recurrence:
      "training through this \(kind) is not supported: it needs gradients back through its steps, "
        + "which are not written; the network can be run, and layers behind it can be trained"
    default: nil
    }
  }
}

extension Graph {
  /// For each node, whether its value depends on a parameter that is trained or, when `fromInput`, on
  /// the network's input.
  func reaches(_ isTrained: [Bool], fromInput: Bool = false) -> [Bool] {
    var result = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      var passes = node.inputs.contains { result[$0] }
      // A table is read by number, and numbers of rows have no gradient.
      if case .embedding = node.operation { passes = false }
      if case .input = node.operation { passes = fromInput }
      result[index] = passes || node.parameters.contains { isTrained[$0] }
    }
    return result
  }

  /// The slots that gradients leave alone although they are no running statistics: what a
  /// standardisation takes for mean and variance.
  var constants: Set<Int> {
    var result: Set<Int> = []
    for node in nodes {
      if case .standardization = node.operation { result.formUnion(node.parameters) }
    }
    return result
  }

  /// Checks that gradients come from the logits to every parameter that is trained and, when
  /// `toInput`, to the network's input.
  ///
  /// - Throws: ``NetworkError`` naming the layer that stands in the way, and what would be needed.
  func checkTraining(_ isTrained: [Bool], toInput: Bool) throws(NetworkError) {
    let reaches = reaches(isTrained, fromInput: toInput)
    let needed = ancestors(of: [logits])
    for (index, node) in nodes.enumerated() where reaches[index] && needed.contains(index) {
      if let obstacle = node.operation.trainingObstacle {
        throw NetworkError(layer: node.layer, reason: obstacle)
      }
    }
  }
}
