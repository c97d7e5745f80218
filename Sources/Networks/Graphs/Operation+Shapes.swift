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
    if case .add = self {
      guard inputs.count >= 2 else { throw fail("an addition needs two inputs or more") }
      guard inputs.allSatisfy({ $0 == inputs[0] }) else {
        throw fail("the inputs of an addition have the shapes \(inputs)")
      }
      return InferredShapes(output: inputs[0])
    }
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
    switch self {
    case .input, .add: return InferredShapes(output: input)
    case .dense(let outputs, let hasBias):
      guard 1...Self.limit ~= outputs else { throw fail("\(outputs) outputs") }
      var result = InferredShapes(output: input.dropLast() + [outputs])
      result.parameters.append((.kernel, [last, outputs]))
      if hasBias { result.parameters.append((.bias, [outputs])) }
      return result
    case .convolution(let convolution):
      return try convolution.shapes(image(), channels: last, layer: layer)
    case .batchNormalization(let normalization):
      guard normalization.epsilon >= 0, normalization.epsilon.isFinite,
        (0...1).contains(normalization.momentum)
      else {
        throw fail("epsilon \(normalization.epsilon) and momentum \(normalization.momentum)")
      }
      var roles: [Role] = [.movingMean, .movingVariance]
      if normalization.hasShift { roles.insert(.beta, at: 0) }
      if normalization.hasScale { roles.insert(.gamma, at: 0) }
      return InferredShapes(output: input, parameters: roles.map { ($0, [last]) })
    case .activation, .softmax: return InferredShapes(output: input)
    case .maximumPooling(let window), .averagePooling(let window):
      let placed = try window.placed(on: image(), layer: layer)
      return InferredShapes(output: [placed.output.height, placed.output.width, last])
    case .globalAveragePooling(let keepsAxes), .globalMaximumPooling(let keepsAxes):
      _ = try image()
      return InferredShapes(output: keepsAxes ? [1, 1, last] : [last])
    case .zeroPadding(let top, let bottom, let left, let right):
      let image = try image()
      guard [top, bottom, left, right].allSatisfy({ 0...65536 ~= $0 }) else {
        throw fail("padding \(top), \(bottom), \(left), \(right) is out of range")
      }
      return InferredShapes(
        output: [image.height + top + bottom, image.width + left + right, last])
    case .reshape(let shape):
      guard Self.size(of: shape) == Self.size(of: input), !shape.isEmpty else {
        throw fail("the shape \(input) cannot become \(shape)")
      }
      return InferredShapes(output: shape)
    case .dropout(let rate):
      guard rate >= 0, rate < 1 else { throw fail("a dropout rate of \(rate)") }
      return InferredShapes(output: input)
    }
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
}

extension Convolution {
  fileprivate func shapes(
    _ image: Extent, channels: Int, layer: String
  ) throws(NetworkError) -> InferredShapes {
    let placed = try window.placed(on: image, layer: layer)
    let groups = isDepthwise ? channels : groups
    guard 1...Operation.limit ~= filters, groups >= 1,
      let outputs = Operation.size(of: [filters, isDepthwise ? channels : 1])
    else { throw NetworkError(layer: layer, reason: "\(filters) filters in \(groups) groups") }
    guard channels.isMultiple(of: groups), outputs.isMultiple(of: groups) else {
      throw NetworkError(
        layer: layer,
        reason: "\(channels) channels and \(outputs) filters do not divide into \(groups) groups")
    }
    let kernel = [window.kernel.height, window.kernel.width]
    var result = InferredShapes(output: [placed.output.height, placed.output.width, outputs])
    result.parameters.append(
      (kernelRole, kernel + (isDepthwise ? [channels, filters] : [channels / groups, filters])))
    if hasBias { result.parameters.append((.bias, [outputs])) }
    return result
  }
}
