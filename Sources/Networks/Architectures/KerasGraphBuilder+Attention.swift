import Checkpoints

/// Attention by dot products, as Keras has it.
extension KerasGraphBuilder {
  /// What a layer of attention is given: the query, the value, and the key where it is not the value.
  mutating func attended(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> [Int] {
    guard 2...3 ~= given.values.count, given.value("mask") == nil else {
      throw layer.error(
        "attention to \(given.values.count) values, or with a mask, is not supported")
    }
    var nodes: [Int] = []
    for value in given.values { nodes.append(try logical(value, for: layer.name)) }
    return nodes
  }

  /// Keras's Attention: scores are plain dot products, or scaled by a learned number.
  mutating func attention(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    guard (layer.setting("score_mode")?.string ?? "dot") == "dot" else {
      return try additiveAttention(layer, given)
    }
    var nodes = try attended(layer, given)
    if layer.bool("use_scale", otherwise: false) {
      nodes[0] = try add(
        "\(name)/query", .multiplyParameter(.other("scale"), shape: [1]), to: nodes[0], layer: name)
    }
    // Keras gives query, value and then key, which is the value where it is missing.
    let operation = Operation.attention(
      Attention(
        heads: 1, scale: 1,
        isCausal: layer.bool("causal", "use_causal_mask", otherwise: false)
          || given.causalMask))
    return KerasValue(
      node: try add(name, operation, to: [nodes[0], nodes[nodes.count - 1], nodes[1]], layer: name))
  }

  mutating func multiHeadAttention(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let all = given.values
    let query = all.first ?? given.value("query")
    let content = all.count > 1 ? all[1] : given.value("value")
    let key = all.count > 2 ? all[2] : given.value("key") ?? content
    guard let query, let content, let key, given.value("attention_mask") == nil else {
      throw layer.error("attention needs a query and a value, and no mask")
    }
    let heads = try layer.int("num_heads")
    let width = try layer.int("key_dim")
    let valueWidth = layer.setting("value_dim")?.int ?? width
    let hasBias = layer.bool("use_bias", otherwise: true)
    guard 1...65536 ~= heads, 1...65536 ~= width, 1...65536 ~= valueWidth else {
      throw layer.error("\(heads) heads of \(width) and \(valueWidth)")
    }
    let places = AttendedAxes(layer, graph.shape(of: try logical(query, for: name)))
    guard let places, let around = places.around(graph.shape(of: try logical(content, for: name)))
    else {
      throw layer.error(
        "attention over the axes \(layer.setting("attention_axes")?.text() ?? "") of these values")
    }
    let shape = places.shape
    let output = layer.setting("output_shape")
    guard let units = output == nil ? shape[shape.count - 1] : output?.int ?? output?[0]?.int,
      (output?.array?.count ?? 1) == 1
    else { throw layer.error("its output shape is not one number") }
    var parts: [Int] = []
    for (part, value, size) in [
      ("query", query, width), ("key", key, width), ("value", content, valueWidth),
    ] {
      parts.append(
        try add(
          "\(name)/\(part)", .dense(outputs: heads * size, hasBias: hasBias),
          to: try logical(value, for: name), layer: "\(name)/\(part)"))
    }
    let mixed = try attend(
      parts, Attention(heads: heads, isCausal: given.causalMask), places, around,
      "\(name)/attention")
    return KerasValue(
      node: try add(
        "\(name)/attention_output", .dense(outputs: units, hasBias: hasBias), to: mixed,
        layer: "\(name)/attention_output"))
  }

  /// Attention along some axes; for each position along the others by itself.
  private mutating func attend(
    _ parts: [Int], _ attention: Attention, _ places: AttendedAxes, _ around: Int, _ name: String
  ) throws(NetworkError) -> Int {
    if places.isPlain { return try add(name, .attention(attention), to: parts, layer: name) }
    var rows: [Int] = []
    for (number, part) in parts.enumerated() {
      let shape = graph.shape(of: part)
      var node = part
      if places.order != Array(shape.indices) {
        node = try add("\(name)/order\(number)", .permute(places.order), to: node, layer: name)
      }
      let count = shape.dropLast().reduce(1, *) / around
      rows.append(
        try add(
          "\(name)/rows\(number)", .reshape([around, count, shape[shape.count - 1]]), to: node,
          layer: name))
    }
    var results: [Int] = []
    for position in 0..<around {
      var inputs: [Int] = []
      for (number, node) in rows.enumerated() {
        let shape = graph.shape(of: node)
        let part = try add(
          "\(name)/part\(number).\(position)",
          .slice(starts: [position, 0, 0], counts: [1, shape[1], shape[2]]), to: node, layer: name)
        inputs.append(
          try add(
            "\(name)/matrix\(number).\(position)", .reshape([shape[1], shape[2]]), to: part,
            layer: name))
      }
      let mixed = try add(
        "\(name)/position\(position)", .attention(attention), to: inputs, layer: name)
      results.append(
        try add(
          "\(name)/result\(position)", .reshape([1] + graph.shape(of: mixed)), to: mixed,
          layer: name))
    }
    var joined = results[0]
    if results.count > 1 {
      joined = try add("\(name)/joined", .concatenate(axis: 0), to: results, layer: name)
    }
    let width = graph.shape(of: joined)[2]
    let ordered = places.order.dropLast().map { places.shape[$0] } + [width]
    let isInOrder = places.order == Array(places.shape.indices)
    joined = try add(
      isInOrder ? name : "\(name)/axes", .reshape(ordered), to: joined, layer: name)
    if isInOrder { return joined }
    let back = places.shape.indices.map { axis in places.order.firstIndex(of: axis) ?? axis }
    return try add(name, .permute(back), to: joined, layer: name)
  }
}

/// The axes of a query along which rows attend to each other, and those around them.
private struct AttendedAxes {
  /// The query's shape.
  let shape: [Int]
  /// Those around them, then those along which rows attend, then the columns.
  let order: [Int]
  private let outer: [Int]

  /// - Returns: `nil` when the layer names axes that are none.
  init?(_ layer: KerasLayer, _ shape: [Int]) {
    guard shape.count >= 2 else { return nil }
    let last = shape.count - 1
    let given = layer.setting("attention_axes")?.wholeNumbers ?? Array(1...last)
    let axes = given.map { ($0 < 0 ? $0 + shape.count + 1 : $0) - 1 }.sorted()
    guard !axes.isEmpty, Set(axes).count == axes.count, axes.allSatisfy({ 0..<last ~= $0 }) else {
      return nil
    }
    self.shape = shape
    outer = (0..<last).filter { !axes.contains($0) }
    order = outer + axes + [last]
  }

  /// Whether rows are all there is.
  var isPlain: Bool { shape.count == 2 }

  /// How many positions there are around, when a value of the shape `content` has the same ones; `nil`
  /// when it does not, or there are more than are computed one after the other.
  func around(_ content: [Int]) -> Int? {
    let count = outer.map { shape[$0] }.reduce(1, *)
    guard content.count == shape.count, outer.allSatisfy({ content[$0] == shape[$0] }),
      count <= 4096
    else { return nil }
    return count
  }
}

extension KerasArguments {
  /// Whether a call asks for rows to see only those before them.
  var causalMask: Bool {
    if case .constant(let json) = named["use_causal_mask"] { json.bool ?? false } else { false }
  }
}
