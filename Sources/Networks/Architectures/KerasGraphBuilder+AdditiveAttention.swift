import Checkpoints

/// Bahdanau's attention, as Keras has it.
extension KerasGraphBuilder {
  /// Keras's AdditiveAttention: a row of the query scores a row of the key by Σ s · tanh(query + key)
  /// with a learned s for each column, or 1; a row of the result is the mean of the value's rows
  /// weighted by the softmax of its scores.
  ///
  /// Keras's Attention with concatenated scores is w · Σ tanh(s · (query + key)) with numbers w and s.
  mutating func additiveAttention(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let nodes = try attended(layer, given)
    guard !layer.bool("causal", otherwise: false), !given.causalMask else {
      throw layer.error("a causal mask of additive attention is not supported")
    }
    // Keras gives query, value and then key, which is the value where it is missing.
    let (query, key) = (graph.shape(of: nodes[0]), graph.shape(of: nodes[nodes.count - 1]))
    guard query.count == 2, key.count == 2, query[1] == key[1] else {
      throw layer.error("additive attention of \(query) to \(key); both must be rows of one width")
    }
    func part(_ suffix: String, _ operation: Operation, _ inputs: [Int]) throws(NetworkError) -> Int
    {
      try add("\(name)/\(suffix)", operation, to: inputs, layer: name)
    }
    let columns = query[1]
    let queries = try part("query", .reshape([query[0], 1, columns]), [nodes[0]])
    let keys = try part("key", .reshape([1, key[0], columns]), [nodes[nodes.count - 1]])
    var scores = try part("sums", .arithmetic(.addition), [queries, keys])
    let isConcatenated = layer.className == "Attention"
    if isConcatenated, layer.bool("use_scale", otherwise: false) {
      scores = try part("scale", .multiplyParameter(.other("scale"), shape: [1]), [scores])
    }
    scores = try part("tanh", .activation(.tanh), [scores])
    if !isConcatenated, layer.bool("use_scale", otherwise: true) {
      scores = try part(
        "scale", .multiplyParameter(.other("scale"), shape: [columns]), [scores])
    }
    // The sum over the columns: `columns` times the mean over the first axis, with theirs first.
    scores = try part("columns", .permute([2, 0, 1]), [scores])
    scores = try part("rows", .reshape([columns, query[0] * key[0]]), [scores])
    scores = try part("mean", .globalAveragePooling(keepsAxes: false), [scores])
    scores = try part("scores", .affine(scale: [Float(columns)], offset: [0]), [scores])
    if isConcatenated {
      scores = try part(
        "score_weight", .multiplyParameter(.other("concat_score_weight"), shape: [1]), [scores])
    }
    scores = try part("matrix", .reshape([query[0], key[0]]), [scores])
    let weights = try part("weights", .softmax, [scores])
    return KerasValue(
      node: try add(
        name, .dot(axes: [1, 0], normalizes: false), to: [weights, nodes[1]], layer: name))
  }
}
