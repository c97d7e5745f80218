import Checkpoints

/// Layers of Keras that arrange numbers anew, and those that do nothing in inference.
extension KerasGraphBuilder {
  /// Adds such a layer; `nil` when it is none.
  mutating func arrange(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue? {
    let name = layer.name
    switch layer.className {
    case "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "FixedDropout":
      // Whole channels are dropped in training, which is not run here.
      let operation: Operation =
        layer.className == "Dropout"
        ? .dropout(rate: layer.float("rate", "p", otherwise: 0))
        : .trainingOnly(layer.className)
      return KerasValue(
        node: try add(name, operation, to: value.node, layer: name), isTurned: value.isTurned)
    case "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization",
      "StochasticDepth", "DropPath", "Identity", "RandomFlip", "RandomRotation", "RandomZoom",
      "RandomTranslation", "RandomContrast", "RandomBrightness", "RandomCrop", "RandomHeight",
      "RandomWidth":
      guard layer.className != "RandomCrop" else {
        throw layer.error("a random crop is resized in inference, which is not supported")
      }
      return KerasValue(
        node: try add(name, .trainingOnly(layer.className), to: value.node, layer: name),
        isTurned: value.isTurned)
    case "Flatten":
      let node = try channelsLast(
        value, isChannelsFirst: layer.isChannelsFirst(), for: name)
      let size = graph.shape(of: node).reduce(1, *)
      return KerasValue(node: try add(name, .reshape([size]), to: node, layer: name))
    case "Reshape":
      let node = try logical(value, for: name)
      return KerasValue(
        node: try add(
          name, .reshape(try layer.targetShape(graph.shape(of: node))), to: node, layer: name))
    case "Permute":
      let order = (layer.setting("dims")?.array ?? []).compactMap { $0.int.map { $0 - 1 } }
      let node = try logical(value, for: name)
      return KerasValue(node: try add(name, .permute(order), to: node, layer: name))
    case "RepeatVector":
      let node = try logical(value, for: name)
      let shape = graph.shape(of: node)
      guard shape.count == 1 else { throw layer.error("it repeats a value of the shape \(shape)") }
      let row = try add("\(name)/row", .reshape([1] + shape), to: node, layer: name)
      return KerasValue(
        node: try add(name, .repetition([try layer.int("n"), 1]), to: row, layer: name))
    case let kind where kind.hasPrefix("ZeroPadding") || kind.hasPrefix("Cropping"):
      return try border(layer, value)
    case let kind where kind.hasPrefix("UpSampling"): return try enlarge(layer, value)
    case "Resizing":
      let isFirst = try layer.isChannelsFirst()
      guard !layer.bool("crop_to_aspect_ratio", otherwise: false),
        !layer.bool("pad_to_aspect_ratio", otherwise: false),
        !layer.bool("antialias", otherwise: false)
      else { throw layer.error("resizing with cropping, padding or antialiasing") }
      let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
      let size = Extent(try layer.int("height"), try layer.int("width"))
      return KerasValue(
        node: try add(
          name, .resizing(Resizing(to: size, try layer.interpolation())), to: node, layer: name),
        isTurned: isFirst)
    case "CenterCrop":
      let isFirst = try layer.isChannelsFirst()
      let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
      let shape = graph.shape(of: node)
      let size = [try layer.int("height"), try layer.int("width")]
      guard shape.count == 3, size[0] <= shape[0], size[1] <= shape[1] else {
        throw layer.error("a crop of \(size) from a value of \(shape)")
      }
      let starts = [(shape[0] - size[0]) / 2, (shape[1] - size[1]) / 2, 0]
      return KerasValue(
        node: try add(
          name, .slice(starts: starts, counts: size + [shape[2]]), to: node, layer: name),
        isTurned: isFirst)
    default: return nil
    }
  }

  private mutating func border(
    _ layer: KerasLayer, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let isFirst = try layer.isChannelsFirst()
    let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
    let shape = graph.shape(of: node)
    let axes = layer.axes
    guard shape.count == axes + 1 else {
      throw layer.error("it is applied to a value of the shape \(shape)")
    }
    let operation: Operation
    if layer.className.hasPrefix("Cropping") {
      let (before, after) = try layer.sides("cropping", axes: axes)
      guard (before + after).allSatisfy({ 0...65536 ~= $0 }) else {
        throw layer.error("a crop of \(before) and \(after)")
      }
      let counts = (0..<axes).map { shape[$0] - before[$0] - after[$0] }
      operation = .slice(starts: before + [0], counts: counts + [shape[axes]])
    } else {
      let (before, after) = try layer.sides("padding", axes: axes)
      operation =
        axes == 2
        ? .zeroPadding(top: before[0], bottom: after[0], left: before[1], right: after[1])
        : .padding(before: before + [0], after: after + [0])
    }
    return KerasValue(node: try add(name, operation, to: node, layer: name), isTurned: isFirst)
  }

  private mutating func enlarge(
    _ layer: KerasLayer, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let isFirst = try layer.isChannelsFirst()
    let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
    let shape = graph.shape(of: node)
    let axes = layer.axes
    let factors = try layer.extents(
      "size", "length", axes: axes, otherwise: [Int](repeating: 2, count: axes))
    guard shape.count == axes + 1, factors.allSatisfy({ 1...65536 ~= $0 }) else {
      throw layer.error("\(factors) times a value of the shape \(shape)")
    }
    // Of a number repeated, the mean over an area is the number.
    let isArea = layer.setting("interpolation")?.string == "area"
    let method = isArea ? .nearest : try layer.interpolation(otherwise: .nearest)
    let operation: Operation =
      method == .nearest
      ? .repetition(factors + [1])
      : .resizing(
        Resizing(to: Extent(shape[0] * factors[0], shape[1] * factors[1]), method))
    return KerasValue(node: try add(name, operation, to: node, layer: name), isTurned: isFirst)
  }
}

extension KerasLayer {
  fileprivate func interpolation(
    otherwise: Resizing.Method = .bilinear
  ) throws(NetworkError) -> Resizing.Method {
    guard let name = setting("interpolation")?.string else { return otherwise }
    guard let method = Resizing.Method(rawValue: name) else {
      throw error(
        "the interpolation '\(name)' is not supported; nearest, bilinear, bicubic, mitchellcubic, "
          + "gaussian, lanczos3 and lanczos5 are")
    }
    return method
  }

  fileprivate func targetShape(_ input: [Int]) throws(NetworkError) -> [Int] {
    let target = setting("target_shape", "dims")?.array ?? []
    let shape = target.compactMap(\.int)
    guard shape.count == target.count, !shape.isEmpty else {
      throw error("its target shape is not made of whole numbers")
    }
    return try fill(shape, input)
  }

  /// A shape whose one extent of −1 follows from the number of values.
  func fill(_ shape: [Int], _ input: [Int]) throws(NetworkError) -> [Int] {
    var shape = shape
    if let open = shape.firstIndex(of: -1) {
      shape[open] = 1
      guard let known = Operation.size(of: shape) else { throw error("its target shape is empty") }
      shape[open] = input.reduce(1, *) / known
    }
    return shape
  }
}
