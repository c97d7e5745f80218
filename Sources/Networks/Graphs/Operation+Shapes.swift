import Checkpoints

/// What an operation makes of the shapes it is given: the shape it gives, and its parameters.
struct InferredShapes {
  var output: [Int]
  var parameters: [(role: Role, shape: [Int])] = []
}

extension Operation {
  /// The output's shape and the parameters' shapes for inputs of the given shapes.
  func shapes(
    for inputs: [[Int]], layer: String
  ) throws(NetworkError) -> InferredShapes {
    func fail(_ reason: String) -> NetworkError { NetworkError(layer: layer, reason: reason) }
    if let result = try joinedShapes(for: inputs, layer: layer) { return result }
    guard inputs.count == 1, let last = inputs[0].last else {
      throw fail("\(kind) needs one input and has \(inputs.count)")
    }
    let input = inputs[0]
    func image() throws(NetworkError) -> Extent {
      guard input.count == 3 else {
        throw fail("\(kind) needs an image of height × width × channels, not the shape \(input)")
      }
      return Extent(input[0], input[1])
    }
    func positions() throws(NetworkError) -> [Int] {
      guard input.count >= 2 else {
        throw fail("\(kind) needs positions × channels, not the shape \(input)")
      }
      return Array(input.dropLast())
    }
    switch self {
    case .input, .add, .arithmetic, .concatenate, .dot: return InferredShapes(output: input)
    case .dense(let outputs, let hasBias):
      guard 1...Self.limit ~= outputs else { throw fail("\(outputs) outputs") }
      var result = InferredShapes(output: input.dropLast() + [outputs])
      result.parameters.append((.kernel, [last, outputs]))
      if hasBias { result.parameters.append((.bias, [outputs])) }
      return result
    case .convolution(let convolution):
      return try convolution.shapes(on: input, layer: layer)
    case .volumeConvolution(let convolution):
      return try convolution.shapes(positions(), channels: last, layer: layer)
    case .transposedConvolution(let convolution):
      return try convolution.shapes(positions(), channels: last, layer: layer)
    case .embedding(let count, let width):
      guard 1...Self.limit ~= count, 1...Self.limit ~= width else {
        throw fail("a table of \(count) × \(width)")
      }
      return InferredShapes(output: input + [width], parameters: [(.embeddings, [count, width])])
    case .recurrence(let recurrence): return try recurrence.shapes(on: input, layer: layer)
    case .attention(let attention): return try attention.shapes(for: [input], layer: layer)
    case .batchNormalization, .layerNormalization, .groupNormalization, .standardization:
      return try normalizationShapes(on: input, layer: layer)
    case .activation, .softmax, .trainingOnly: return InferredShapes(output: input)
    case .parametricRelu(let shape):
      try Self.require(shape, stretchesOver: input, layer: layer)
      return InferredShapes(output: input, parameters: [(.other("alpha"), shape)])
    case .affine(let scale, let offset):
      guard [scale, offset].allSatisfy({ $0.count == 1 || $0.count == last }) else {
        throw fail("\(scale.count) scales and \(offset.count) offsets for \(last) channels")
      }
      return InferredShapes(output: input)
    case .addParameter(let role, let shape), .multiplyParameter(let role, let shape):
      try Self.require(shape, stretchesOver: input, layer: layer)
      return InferredShapes(output: input, parameters: [(role, shape)])
    case .prependParameter(let role, let count):
      guard input.count == 2, 1...65536 ~= count else {
        throw fail("\(count) rows before a value of the shape \(input)")
      }
      return InferredShapes(
        output: [input[0] + count, last], parameters: [(role, [count, last])])
    case .maximumPooling(let window), .averagePooling(let window, _):
      guard input.count == 3 || input.count == 2 && window.isColumn else {
        _ = try image()
        break
      }
      if case .averagePooling(_, true) = self, window.roundsUp {
        throw fail("an average that counts padding, with positions that reach beyond it")
      }
      let placed = try window.placed(on: Extent(positionsOf: input), layer: layer)
      return InferredShapes(
        output: input.count == 2
          ? [placed.output.height, last] : [placed.output.height, placed.output.width, last])
    case .maximumVolumePooling(let window), .averageVolumePooling(let window):
      guard window.dilation.allSatisfy({ $0 == 1 }) else { throw fail("a pooling with gaps") }
      return InferredShapes(
        output: try window.placed(on: positions(), layer: layer).steps + [last])
    case .globalAveragePooling(let keepsAxes), .globalMaximumPooling(let keepsAxes):
      let positions = try positions()
      return InferredShapes(output: (keepsAxes ? positions.map { _ in 1 } : []) + [last])
    case .resizing(let resizing):
      _ = try image()
      guard 1...65536 ~= resizing.size.height, 1...65536 ~= resizing.size.width else {
        throw fail("a size of \(resizing.size)")
      }
      return InferredShapes(output: [resizing.size.height, resizing.size.width, last])
    case .zeroPadding, .padding, .slice, .permute, .reverse, .repetition, .reshape:
      return try arrangedShape(of: input, layer: layer)
    case .dropout(let rate):
      guard rate >= 0, rate < 1 else { throw fail("a dropout rate of \(rate)") }
      return InferredShapes(output: input)
    }
    throw fail("\(kind) does not fit a value of the shape \(input)")
  }

  /// The most numbers one example or one parameter may have: 2³¹ − 1, which oneDNN also keeps to.
  static let limit = Int(Int32.max)

  /// How many numbers a shape holds; `nil` beyond ``limit`` or when an extent is below 1.
  static func size(of shape: [Int]) -> Int? {
    var size = 1
    for extent in shape {
      guard extent >= 1 else { return nil }
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= limit else { return nil }
      size = product
    }
    return size
  }

  /// The shape that values of the given shapes have together when extents of 1 are stretched, axes
  /// matched from the last; `nil` when they do not fit.
  static func stretched(_ shapes: [[Int]]) -> [Int]? {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (position, extent) in shape.enumerated() {
        let axis = rank - shape.count + position
        if result[axis] == 1 {
          result[axis] = extent
        } else if extent != 1, extent != result[axis] {
          return nil
        }
      }
    }
    return result
  }

  private static func require(
    _ shape: [Int], stretchesOver input: [Int], layer: String
  ) throws(NetworkError) {
    guard !shape.isEmpty, stretched([shape, input]) == input else {
      throw NetworkError(
        layer: layer, reason: "a parameter of the shape \(shape) for a value of \(input)")
    }
  }
}

extension Extent {
  /// Height and width of a value seen as an image: positions that are not those of an image become
  /// rows of one pixel.
  init(positionsOf shape: [Int]) {
    if shape.count == 3 {
      self.init(shape[0], shape[1])
    } else {
      self.init(shape.dropLast().reduce(1, *), 1)
    }
  }
}
