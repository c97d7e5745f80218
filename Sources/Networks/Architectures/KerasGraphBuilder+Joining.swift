import Checkpoints

/// Layers of Keras that join several values.
extension KerasGraphBuilder {
  /// Adds a layer that joins values; `nil` when it is none.
  mutating func applyJoining(
    _ layer: KerasLayer, _ given: KerasArguments
  ) throws(NetworkError) -> KerasValue? {
    let values = given.values
    switch layer.className {
    // Keras 3 calls functions of two values by the same names, one of which may be a number.
    case "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum":
      guard values.count >= 2, values.count == given.positional.count else {
        return values.count == 1 && given.positional.count == 1 && layer.className == "Average"
          ? values[0] : nil
      }
      return try join(Self.arithmetic[layer.className] ?? .addition, layer.name, values)
    case "Merge":
      let mode = layer.setting("mode")?.string ?? ""
      if mode == "concat" { return try concatenate(layer, values) }
      let modes: [String: Arithmetic] = [
        "sum": .addition, "mul": .multiplication, "ave": .average, "max": .maximum,
      ]
      guard let arithmetic = modes[mode] else {
        throw layer.error("the merge mode '\(mode)' is not supported")
      }
      return try join(arithmetic, layer.name, values)
    case "Concatenate":
      guard values.count > 1 || values.count == given.positional.count else { return nil }
      return try concatenate(layer, values)
    case "Dot": return try dot(layer, values)
    case "CustomScaleLayer":
      return try addScaled(layer, values, scale: layer.float("scale", otherwise: 1))
    case "Lambda" where layer.isScaledAddition && values.count == 2:
      return try addScaled(
        layer, values,
        scale: layer.json["config"]?["arguments"]?["scale"]?.double.map { Float($0) }
          ?? 1)
    case "Attention": return try attention(layer, given)
    case "AdditiveAttention": return try additiveAttention(layer, given)
    case "MultiHeadAttention": return try multiHeadAttention(layer, given)
    default: return nil
    }
  }

  private static let arithmetic: [String: Arithmetic] = [
    "Add": .addition, "Subtract": .subtraction, "Multiply": .multiplication, "Average": .average,
    "Maximum": .maximum, "Minimum": .minimum,
  ]

  /// Number by number.
  mutating func join(
    _ arithmetic: Arithmetic, _ name: String, _ values: [KerasValue]
  ) throws(NetworkError) -> KerasValue {
    let isTurned = values.allSatisfy(\.isTurned)
    var nodes: [Int] = []
    for value in values { nodes.append(isTurned ? value.node : try logical(value, for: name)) }
    let shapes = nodes.map { graph.shape(of: $0) }
    let isPlain = arithmetic == .addition && shapes.allSatisfy { $0 == shapes[0] }
    return KerasValue(
      node: try add(name, isPlain ? .add : .arithmetic(arithmetic), to: nodes, layer: name),
      isTurned: isTurned)
  }

  private mutating func concatenate(
    _ layer: KerasLayer, _ values: [KerasValue]
  ) throws(NetworkError) -> KerasValue {
    let axis = layer.setting("axis", "concat_axis")?.int ?? -1
    return try concatenate(layer.name, values, axis: axis)
  }

  /// Side by side along an axis counted as Keras does.
  mutating func concatenate(
    _ name: String, _ values: [KerasValue], axis: Int
  ) throws(NetworkError) -> KerasValue {
    if values.count == 1 { return values[0] }
    let isTurned = values.allSatisfy(\.isTurned)
    var nodes: [Int] = []
    for value in values { nodes.append(isTurned ? value.node : try logical(value, for: name)) }
    let rank = nodes.first.map { graph.shape(of: $0).count } ?? 0
    let place = (axis < 0 ? axis + rank + 1 : axis) - 1
    guard 0..<rank ~= place else {
      throw NetworkError(layer: name, reason: "concatenation along axis \(axis) is not supported")
    }
    return KerasValue(
      node: try add(
        name, .concatenate(axis: isTurned ? (place == 0 ? rank - 1 : place - 1) : place), to: nodes,
        layer: name),
      isTurned: isTurned)
  }

  private mutating func dot(
    _ layer: KerasLayer, _ values: [KerasValue]
  ) throws(NetworkError) -> KerasValue {
    guard values.count == 2 else { throw layer.error("a dot product of \(values.count) values") }
    var nodes: [Int] = []
    for value in values { nodes.append(try logical(value, for: layer.name)) }
    let given = layer.setting("axes", "dot_axes")
    guard let first = given?.int ?? given?[0]?.int, let second = given?.int ?? given?[1]?.int else {
      throw layer.error("'axes' is missing or not made of whole numbers")
    }
    let axes = zip([first, second], nodes).map { axis, node in
      (axis < 0 ? axis + graph.shape(of: node).count + 1 : axis) - 1
    }
    let operation = Operation.dot(
      axes: axes, normalizes: layer.bool("normalize", otherwise: false))
    return KerasValue(node: try add(layer.name, operation, to: nodes, layer: layer.name))
  }

  /// The first value plus `scale` times the second, as Inception-ResNet does.
  private mutating func addScaled(
    _ layer: KerasLayer, _ values: [KerasValue], scale: Float
  ) throws(NetworkError) -> KerasValue {
    guard values.count == 2 else {
      throw layer.error("a scaled addition of \(values.count) values; two are needed")
    }
    let scaled = KerasValue(
      node: try add(
        "\(layer.name)/scale", .affine(scale: [scale], offset: [0]), to: values[1].node,
        layer: layer.name),
      isTurned: values[1].isTurned)
    return try join(.addition, layer.name, [values[0], scaled])
  }
}

extension KerasLayer {
  /// Whether it is the one Lambda of Keras's own applications, `inputs[0] + scale · inputs[1]` of
  /// Inception-ResNet, known by its names: `block8_1`, `block17_3`, `block35_10`.
  fileprivate var isScaledAddition: Bool {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    let parts = last.split(separator: "_")
    return parts.count == 2 && ["block8", "block17", "block35"].contains(String(parts[0]))
      && parts[1].allSatisfy(\.isNumber)
      && json["config"]?["arguments"]?.object.map { Array($0.keys) } == ["scale"]
  }
}
