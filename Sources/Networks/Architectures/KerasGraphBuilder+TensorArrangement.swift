import Checkpoints

/// Operations between layers that arrange numbers anew.
extension KerasGraphBuilder {
  /// Adds such an operation; `nil` for another one.
  mutating func rearrange(
    _ given: KerasTensorOperation, _ value: KerasValue
  ) throws(NetworkError) -> [KerasValue]? {
    let name = given.layer.name
    switch given.function {
    case "concat", "concatenate", "concatv2":
      return [
        try concatenate(
          name, given.values, axis: given.constant(.max, "axis")?.int ?? axisBehind(given))
      ]
    case "getitem": return [try slicing(given, value)]
    case "stack", "pack": return [try stack(given)]
    case "split", "unstack", "unpack": return try split(given, value)
    default: break
    }
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    let operation: Operation
    switch given.function {
    case "reshape":
      guard let target = given.constant(1, "shape", "newshape") else {
        throw given.error("'reshape' is given no shape")
      }
      let extents = (target.array ?? []).dropFirst().map { $0.int ?? -1 }
      operation = .reshape(try given.layer.fill(Array(extents), shape))
    case "transpose":
      let all = Array(0...shape.count)
      let order = try given.constant(1, "perm", "axes").map { json throws(NetworkError) in
        guard let order = json.wholeNumbers else { throw given.error("its axes are no numbers") }
        return order
      }
      let axes = (order ?? all.reversed()).map { $0 < 0 ? $0 + all.count : $0 }
      guard axes.first == 0, axes.sorted() == all else {
        throw given.error("the axes \(axes) move examples, or are not those of the value")
      }
      operation = .permute(axes.dropFirst().map { $0 - 1 })
    case "expand_dims", "expanddims":
      guard let axis = given.constant(1, "axis", "dim")?.int else {
        throw given.error("'expand_dims' is given no axis")
      }
      let place = (axis < 0 ? axis + shape.count + 2 : axis) - 1
      guard 0...shape.count ~= place else { throw given.error("axis \(axis) of \(shape)") }
      operation = .reshape(shape[..<place] + [1] + shape[place...])
    case "squeeze":
      let axes = given.constant(1, "axis", "squeeze_dims").map { $0.wholeNumbers ?? [] }
      let places =
        axes.map { $0.map { ($0 < 0 ? $0 + shape.count + 1 : $0) - 1 } }
        ?? shape.indices.filter { shape[$0] == 1 }
      guard places.allSatisfy({ shape.indices ~= $0 && shape[$0] == 1 }) else {
        throw given.error("the axes \(axes ?? []) of a value of \(shape) cannot be left out")
      }
      let rest = shape.indices.filter { !places.contains($0) }.map { shape[$0] }
      operation = .reshape(rest.isEmpty ? [1] : rest)
    case "pad", "padv2": operation = try padding(given, shape)
    case "resize", "resize_images", "resize_bilinear", "resize_nearest_neighbor":
      operation = try resizing(given, shape)
    default: return nil
    }
    return [KerasValue(node: try add(name, operation, to: node, layer: name))]
  }

  /// The axis that stands behind the values, as TensorFlow's concatenation has it.
  private func axisBehind(_ given: KerasTensorOperation) -> Int {
    given.constant(given.values.count)?.int ?? -1
  }

  private func padding(
    _ given: KerasTensorOperation, _ shape: [Int]
  ) throws(NetworkError) -> Operation {
    let sides = (given.constant(1, "paddings", "pad_width")?.array ?? []).map {
      $0.wholeNumbers ?? []
    }
    guard sides.count == shape.count + 1, sides.allSatisfy({ $0.count == 2 }), sides[0] == [0, 0],
      (given.constant(.max, "mode")?.string ?? "constant").lowercased() == "constant",
      (given.constant(.max, "constant_values")?.numbers ?? [0]) == [0]
    else { throw given.error("padding with zeros around the axes of an example is supported") }
    return .padding(
      before: sides.dropFirst().map { $0[0] }, after: sides.dropFirst().map { $0[1] })
  }

  private func resizing(
    _ given: KerasTensorOperation, _ shape: [Int]
  ) throws(NetworkError) -> Operation {
    guard given.layer.setting("function")?.string?.hasPrefix("compat.v1") != true,
      let size = given.constant(1, "size")?.wholeNumbers, size.count == 2, shape.count == 3,
      let method = Resizing.Method(rawValue: given.constant(2, "method")?.string ?? "bilinear"),
      given.constant(.max, "antialias")?.bool != true,
      given.constant(.max, "preserve_aspect_ratio")?.bool != true
    else {
      throw given.error(
        "resizing of images by an interpolation other than 'area', and without more, is supported")
    }
    return .resizing(Resizing(to: Extent(size[0], size[1]), method))
  }

  // MARK: Parts of a value

  /// `x[:, 1:3, ..., 0]`: whole numbers take an axis away, null adds one.
  private mutating func slicing(
    _ given: KerasTensorOperation, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = given.layer.name
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    let selection = try KerasSelection(
      given.constant(1, "slice_spec", "key") ?? .null, of: shape, given.layer)
    var result = node
    if selection.counts != shape {
      result = try add(
        "\(name)/part", .slice(starts: selection.starts, counts: selection.counts), to: result,
        layer: name)
    }
    for axis in selection.reversed {
      result = try add("\(name)/reversed\(axis)", .reverse(axis: axis), to: result, layer: name)
    }
    return KerasValue(
      node: try add(name, .reshape(selection.shape), to: result, layer: name))
  }

  private mutating func split(
    _ given: KerasTensorOperation, _ value: KerasValue
  ) throws(NetworkError) -> [KerasValue] {
    let name = given.layer.name
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    let removes = given.function != "split"
    let axis =
      given.constant(removes ? 1 : 2, "axis")?.int ?? 0
    let place = (axis < 0 ? axis + shape.count + 1 : axis) - 1
    guard shape.indices ~= place else { throw given.error("it splits axis \(axis) of \(shape)") }
    var sizes: [Int]
    if removes {
      sizes = [Int](repeating: 1, count: shape[place])
    } else {
      let wanted = given.constant(1, "num_or_size_splits", "indices_or_sections")
      if let count = wanted?.int, count >= 1, shape[place].isMultiple(of: count) {
        sizes = [Int](repeating: shape[place] / count, count: count)
      } else {
        sizes = wanted?.wholeNumbers ?? []
        // Keras 3 says where to cut, TensorFlow how long the pieces are.
        if given.layer.isKeras3 {
          sizes = zip(sizes + [shape[place]], [0] + sizes).map { $0 - $1 }
        }
      }
    }
    guard sizes.reduce(0, +) == shape[place], sizes.allSatisfy({ $0 >= 1 }) else {
      throw given.error("pieces of \(sizes) of an axis of \(shape[place])")
    }
    var results: [KerasValue] = []
    var start = 0
    for (number, size) in sizes.enumerated() {
      var (starts, counts) = ([Int](repeating: 0, count: shape.count), shape)
      (starts[place], counts[place]) = (start, size)
      start += size
      let part = number == 0 ? name : "\(name)/\(number)"
      var piece = try add(
        removes ? "\(part)/part" : part, .slice(starts: starts, counts: counts), to: node,
        layer: name)
      if removes {
        var rest = shape
        rest.remove(at: place)
        piece = try add(part, .reshape(rest.isEmpty ? [1] : rest), to: piece, layer: name)
      }
      results.append(KerasValue(node: piece))
    }
    return results
  }

  private mutating func stack(_ given: KerasTensorOperation) throws(NetworkError) -> KerasValue {
    let name = given.layer.name
    var nodes: [Int] = []
    for (number, value) in given.values.enumerated() {
      let node = try logical(value, for: name)
      let shape = graph.shape(of: node)
      let axis = given.constant(.max, "axis")?.int ?? 0
      let place = (axis < 0 ? axis + shape.count + 2 : axis) - 1
      guard 0...shape.count ~= place else {
        throw given.error("it stacks values of \(shape) along axis \(axis)")
      }
      nodes.append(
        try add(
          "\(name)/row\(number)", .reshape(shape[..<place] + [1] + shape[place...]), to: node,
          layer: name))
      if number == given.values.count - 1 {
        guard nodes.count > 1 else { return KerasValue(node: nodes[0]) }
        return KerasValue(
          node: try add(name, .concatenate(axis: place), to: nodes, layer: name))
      }
    }
    throw given.error("it stacks nothing")
  }
}

/// What `x[…]` takes of a value.
private struct KerasSelection {
  var starts: [Int] = []
  var counts: [Int] = []
  /// Axes that are turned round.
  var reversed: [Int] = []
  /// The shape of the result.
  var shape: [Int] = []

  init(_ specification: JSON, of value: [Int], _ layer: KerasLayer) throws(NetworkError) {
    var entries = specification.array ?? [specification]
    func isEllipsis(_ json: JSON) -> Bool { json["class_name"]?.string == "__ellipsis__" }
    func isNew(_ json: JSON) -> Bool { json.isNull }
    let whole: JSON = ["start": .null, "stop": .null, "step": .null]
    let named = entries.count { !isEllipsis($0) && !isNew($0) }
    guard named <= value.count + 1 else { throw layer.error("it takes parts of too many axes") }
    let missing = [JSON](repeating: whole, count: value.count + 1 - named)
    if let place = entries.firstIndex(where: isEllipsis) {
      entries.replaceSubrange(place...place, with: missing)
    } else {
      entries += missing
    }
    guard let first = entries.first, !isNew(first),
      try Self.range(first, of: 1 << 20, layer) == (0, 1 << 20, 1)
    else { throw layer.error("it takes some of the examples, or adds an axis before them") }
    var axis = 0
    for entry in entries.dropFirst() {
      if isNew(entry) {
        shape.append(1)
        continue
      }
      guard value.indices ~= axis else { throw layer.error("it takes parts of too many axes") }
      let (start, count, step) = try Self.range(entry, of: value[axis], layer)
      starts.append(start)
      counts.append(count)
      if step < 0 { reversed.append(axis) }
      if entry.int == nil { shape.append(count) }
      axis += 1
    }
    if shape.isEmpty { shape = [1] }
  }

  /// The first number, how many, and 1 or −1 for the direction.
  private static func range(
    _ entry: JSON, of extent: Int, _ layer: KerasLayer
  ) throws(NetworkError) -> (start: Int, count: Int, step: Int) {
    if let index = entry.int {
      let place = index < 0 ? index + extent : index
      guard 0..<extent ~= place else {
        throw layer.error("it takes number \(index) of an axis of \(extent)")
      }
      return (place, 1, 1)
    }
    let settings = entry["config"] ?? entry
    func number(_ key: String) throws(NetworkError) -> Int? {
      guard let json = settings[key], !json.isNull else { return nil }
      guard let number = json.int else {
        throw layer.error("a part from or to a place that is computed is not supported")
      }
      return number
    }
    let (from, to, step) = (try number("start"), try number("stop"), try number("step") ?? 1)
    guard step == 1 || step == -1 && from == nil && to == nil else {
      throw layer.error("steps of \(step) through an axis are not supported")
    }
    func place(_ number: Int) -> Int { min(max(number < 0 ? number + extent : number, 0), extent) }
    let (start, end) = (from.map(place) ?? 0, to.map(place) ?? extent)
    guard start < end else { throw layer.error("it takes nothing of an axis of \(extent)") }
    return (start, end - start, step)
  }
}
