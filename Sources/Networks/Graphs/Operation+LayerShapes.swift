import Checkpoints

/// Shapes of layers with parameters.

extension Convolution {
  func shapes(on input: [Int], layer: String) throws(NetworkError) -> InferredShapes {
    guard let channels = input.last, input.count == 3 || input.count == 2 && window.isColumn else {
      throw NetworkError(
        layer: layer,
        reason: "\(isDepthwise ? "depthwise convolution" : "convolution") needs an image of "
          + "height × width × channels, not the shape \(input)")
    }
    let placed = try window.placed(on: Extent(positionsOf: input), layer: layer)
    let groups = isDepthwise ? channels : groups
    guard 1...Operation.limit ~= filters, groups >= 1,
      let outputs = Operation.size(of: [filters, isDepthwise ? channels : 1])
    else { throw NetworkError(layer: layer, reason: "\(filters) filters in \(groups) groups") }
    guard channels.isMultiple(of: groups), outputs.isMultiple(of: groups) else {
      throw NetworkError(
        layer: layer,
        reason: "\(channels) channels and \(outputs) filters do not divide into \(groups) groups")
    }
    var kernel = [window.kernel.height]
    var positions = [placed.output.height]
    if input.count == 3 {
      kernel.append(window.kernel.width)
      positions.append(placed.output.width)
    }
    var result = InferredShapes(output: positions + [outputs])
    result.parameters.append(
      (kernelRole, kernel + (isDepthwise ? [channels, filters] : [channels / groups, filters])))
    if hasBias { result.parameters.append((.bias, [outputs])) }
    return result
  }
}

extension VolumeConvolution {
  func shapes(
    _ positions: [Int], channels: Int, layer: String
  ) throws(NetworkError) -> InferredShapes {
    guard 1...Operation.limit ~= filters, groups >= 1, channels.isMultiple(of: groups),
      filters.isMultiple(of: groups)
    else {
      throw NetworkError(
        layer: layer,
        reason: "\(channels) channels and \(filters) filters do not divide into \(groups) groups")
    }
    let placed = try window.placed(on: positions, layer: layer)
    var result = InferredShapes(output: placed.steps + [filters])
    result.parameters.append((.kernel, window.kernel + [channels / groups, filters]))
    if hasBias { result.parameters.append((.bias, [filters])) }
    return result
  }
}

extension TransposedConvolution {
  func shapes(
    _ positions: [Int], channels: Int, layer: String
  ) throws(NetworkError) -> InferredShapes {
    guard 1...Operation.limit ~= filters else {
      throw NetworkError(layer: layer, reason: "\(filters) filters")
    }
    let placed = try window.spread(over: positions, outputPadding: outputPadding, layer: layer)
    var result = InferredShapes(output: placed.grid + [filters])
    result.parameters.append((.kernel, window.kernel + [filters, channels]))
    if hasBias { result.parameters.append((.bias, [filters])) }
    return result
  }
}

extension Recurrence {
  func shapes(on input: [Int], layer: String) throws(NetworkError) -> InferredShapes {
    guard input.count == 2, 1...1 << 20 ~= units else {
      throw NetworkError(
        layer: layer, reason: "\(units) units on a value of the shape \(input), not steps × inputs")
    }
    let width = cell.gates * units
    var result = InferredShapes(output: (returnsSequences ? [input[0]] : []) + [units])
    result.parameters = [
      (.kernel, [input[1], width]), (.recurrentKernel, [units, width]),
    ]
    if hasBias {
      result.parameters.append(
        (.bias, cell == .gatedUnit(resetsAfter: true) ? [2, width] : [width]))
    }
    return result
  }
}

extension Attention {
  func shapes(for inputs: [[Int]], layer: String) throws(NetworkError) -> InferredShapes {
    let fits: Bool
    var output: [Int] = []
    if inputs.count == 1, inputs[0].count == 2 {
      fits = heads >= 1 && inputs[0][1].isMultiple(of: 3 * heads)
      output = [inputs[0][0], inputs[0][1] / 3]
    } else if inputs.count == 3, inputs.allSatisfy({ $0.count == 2 }) {
      fits =
        heads >= 1 && inputs[0][1] == inputs[1][1] && inputs[1][0] == inputs[2][0]
        && inputs[0][1].isMultiple(of: heads) && inputs[2][1].isMultiple(of: heads)
        && (!isCausal || inputs[0][0] == inputs[1][0])
      output = [inputs[0][0], inputs[2][1]]
    } else {
      fits = false
    }
    guard fits else {
      throw NetworkError(
        layer: layer, reason: "attention with \(heads) heads on values of the shapes \(inputs)")
    }
    return InferredShapes(output: output)
  }
}

extension Operation {
  func normalizationShapes(
    on input: [Int], layer: String
  ) throws(NetworkError) -> InferredShapes {
    func fail(_ reason: String) -> NetworkError { NetworkError(layer: layer, reason: reason) }
    let last = input.last ?? 1
    func affine(_ hasScale: Bool, _ hasShift: Bool, _ shape: [Int]) -> [(Role, [Int])] {
      (hasScale ? [(.gamma, shape)] : []) + (hasShift ? [(.beta, shape)] : [])
    }
    switch self {
    case .batchNormalization(let normalization):
      guard normalization.epsilon >= 0, normalization.epsilon.isFinite,
        (0...1).contains(normalization.momentum)
      else {
        throw fail("epsilon \(normalization.epsilon) and momentum \(normalization.momentum)")
      }
      return InferredShapes(
        output: input,
        parameters: affine(normalization.hasScale, normalization.hasShift, [last])
          + [(.movingMean, [last]), (.movingVariance, [last])])
    case .layerNormalization(let normalization):
      guard normalization.epsilon >= 0, normalization.epsilon.isFinite,
        1...input.count ~= normalization.axes
      else {
        throw fail("epsilon \(normalization.epsilon) over \(normalization.axes) axes of \(input)")
      }
      return InferredShapes(
        output: input,
        parameters: affine(
          normalization.hasScale, normalization.hasShift, Array(input.suffix(normalization.axes))))
    case .groupNormalization(let normalization):
      guard normalization.epsilon >= 0, normalization.epsilon.isFinite, normalization.groups >= 1,
        last.isMultiple(of: normalization.groups)
      else {
        throw fail("\(last) channels do not divide into \(normalization.groups) groups")
      }
      return InferredShapes(
        output: input,
        parameters: affine(normalization.hasScale, normalization.hasShift, [last]))
    case .standardization(let shape):
      guard !shape.isEmpty, Self.stretched([shape, input]) == input else {
        throw fail("statistics of the shape \(shape) for a value of \(input)")
      }
      return InferredShapes(
        output: input, parameters: [(.other("mean"), shape), (.other("variance"), shape)])
    default: return InferredShapes(output: input)
    }
  }
}
