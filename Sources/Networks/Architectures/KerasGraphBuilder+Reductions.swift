import Checkpoints

/// Sums, means and extremes along axes, and what is divided by them.
extension KerasGraphBuilder {
  private enum Reduction { case mean, sum, maximum, minimum }

  /// Adds such an operation; `nil` for another one.
  mutating func reduce(
    _ given: KerasTensorOperation, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue? {
    let kinds: [String: Reduction] = [
      "mean": .mean, "sum": .sum, "max": .maximum, "min": .minimum,
    ]
    let layer = given.layer
    let name = layer.name
    let node = try logical(value, for: name)
    let rank = graph.shape(of: node).count
    func places(_ json: JSON?) throws(NetworkError) -> [Int] {
      guard let axes = json?.wholeNumbers, !axes.isEmpty else {
        throw layer.error("it goes over examples too, or over axes that are not whole numbers")
      }
      let places = axes.map { ($0 < 0 ? $0 + rank + 1 : $0) - 1 }
      guard Set(places).count == places.count, places.allSatisfy({ 0..<rank ~= $0 }) else {
        throw layer.error("it goes over the axes \(axes) of a value of rank \(rank) or of examples")
      }
      return places.sorted()
    }
    if ["l2_normalize", "normalize"].contains(given.function) {
      let order = given.constant(.max, "order", "ord")
      guard order == nil || order?.double == 2 else {
        throw layer.error("a division by another length than the Euclidean is not supported")
      }
      let isKeras3 = given.function == "normalize"
      let smallest =
        given.numbers(2, "epsilon")?.first ?? (isKeras3 ? 1e-7 : 1e-12)
      return try unitLength(
        name, node, along: places(given.constant(1, "axis") ?? .number(-1)),
        // Keras 3 compares the length itself, TensorFlow its square.
        smallestSquare: isKeras3 ? smallest * smallest : smallest)
    }
    let kind =
      given.function.hasPrefix("reduce_") ? String(given.function.dropFirst(7)) : given.function
    guard let reduction = kinds[kind] else { return nil }
    let keeps =
      given.constant(2, "keepdims", "keep_dims")?.bool ?? false
    let axes = try places(given.constant(1, "axis", "reduction_indices"))
    if rank > 1, axes == Array(0..<rank - 1), reduction == .mean || reduction == .maximum {
      // All positions: an operation of its own.
      let operation: Operation =
        reduction == .mean
        ? .globalAveragePooling(keepsAxes: keeps) : .globalMaximumPooling(keepsAxes: keeps)
      return KerasValue(node: try add(name, operation, to: node, layer: name))
    }
    return KerasValue(
      node: try reduce(name, layer: name, node, reduction, over: axes, keepingAxes: keeps))
  }

  /// Keras's UnitNormalization.
  mutating func unitNormalization(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let node = try logical(value, for: layer.name)
    let rank = graph.shape(of: node).count
    let axes = (layer.setting("axis")?.wholeNumbers ?? [-1]).map {
      ($0 < 0 ? $0 + rank + 1 : $0) - 1
    }
    guard axes.allSatisfy({ 0..<rank ~= $0 }) else {
      throw layer.error("it goes over the axes \(axes) of a value of rank \(rank)")
    }
    return try unitLength(
      layer.name, node, along: axes.sorted(), smallestSquare: layer.isKeras3 ? 1e-24 : 1e-12)
  }

  /// x / √max(Σ x², smallest square).
  private mutating func unitLength(
    _ name: String, _ node: Int, along axes: [Int], smallestSquare: Float
  ) throws(NetworkError) -> KerasValue {
    func part(_ suffix: String, _ operation: Operation, _ inputs: [Int]) throws(NetworkError) -> Int
    {
      try add("\(name)/\(suffix)", operation, to: inputs, layer: name)
    }
    let squares = try part("squares", .activation(.power(exponent: 2)), [node])
    var length = try reduce(
      "\(name)/sum", layer: name, squares, .sum, over: axes, keepingAxes: true)
    length = try part(
      "bounded", .activation(.clip(low: smallestSquare, high: .infinity)), [length])
    length = try part("length", .activation(.squareRoot), [length])
    return KerasValue(
      node: try add(name, .arithmetic(.division), to: [node, length], layer: name))
  }

  /// A reduction over any axes: those are brought to the front and are then the positions of a global
  /// pooling, the rest its channels.
  private mutating func reduce(
    _ name: String, layer: String, _ node: Int, _ reduction: Reduction, over axes: [Int],
    keepingAxes: Bool
  ) throws(NetworkError) -> Int {
    let shape = graph.shape(of: node)
    let rest = shape.indices.filter { !axes.contains($0) }
    let count = axes.map { shape[$0] }.reduce(1, *)
    var result = node
    if axes + rest != Array(shape.indices) {
      result = try add("\(name)/axes_first", .permute(axes + rest), to: result, layer: layer)
    }
    result = try add(
      "\(name)/rows", .reshape([count, rest.map { shape[$0] }.reduce(1, *)]), to: result,
      layer: layer)
    if reduction == .minimum {
      result = try add(
        "\(name)/negative", .affine(scale: [-1], offset: [0]), to: result, layer: layer)
    }
    let isExtreme = reduction == .maximum || reduction == .minimum
    result = try add(
      "\(name)/pooled",
      isExtreme
        ? .globalMaximumPooling(keepsAxes: false) : .globalAveragePooling(keepsAxes: false),
      to: result, layer: layer)
    if reduction == .sum || reduction == .minimum {
      result = try add(
        "\(name)/scaled",
        .affine(scale: [reduction == .sum ? Float(count) : -1], offset: [0]), to: result,
        layer: layer)
    }
    var kept = shape
    if keepingAxes {
      for axis in axes { kept[axis] = 1 }
    } else {
      kept = rest.map { shape[$0] }
    }
    return try add(name, .reshape(kept.isEmpty ? [1] : kept), to: result, layer: layer)
  }
}
