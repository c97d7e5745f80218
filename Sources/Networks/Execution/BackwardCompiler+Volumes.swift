/// Gradients of convolutions over three axes, transposed ones, and poolings over three axes: the walk
/// over windows of the forward pass, the other way.
extension BackwardCompiler {
  func volumeConvolutionBackward(
    _ index: Int, _ convolution: VolumeConvolution, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    let inner = forward.inputShape(index)
    let channels = inner.last ?? 1
    let placed = try convolution.window.placed(on: Array(inner.dropLast()), layer: layer)
    let walk = VolumeWalk(convolution.window, placed)
    let (input, kernel) = (forward.input(index), forward.parameter(index, 0))
    let kernelResult = gradientMemory(index, node.parameters[0])
    let result = inputGradient(index)
    let groups = convolution.groups
    let (width, filters) = (channels / groups, convolution.filters)
    let positions = walk.steps.count
    let row = walk.kernel.count * width
    let block = min(max((1 << 18) / row, 1), positions)
    let (patches, slopes) = (Buffer(count: block * row), Buffer(count: block * row))
    let (examples, innerSize, size) = (forward.count, inner.reduce(1, *), node.size)
    let outputs = filters / groups
    addBias(index, convolution.hasBias, gradient)
    program.append(
      PlainStep { () throws(NetworkError) in
        kernelResult.pointer.update(repeating: 0, count: kernel.count)
        result.pointer.update(repeating: 0, count: examples * innerSize)
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          let target = result.pointer + example * innerSize
          for group in 0..<groups {
            for first in stride(from: 0, to: positions, by: block) {
              let many = min(block, positions - first)
              let g = gradient.pointer + example * size + first * filters + group * outputs
              walk.gather(
                first, many, from: source + group * width, channels, width, to: patches.pointer)
              try multiply(
                patches.pointer, turned: true, by: g,
                into: kernelResult.pointer + group * outputs, rows: row, columns: outputs,
                inner: many, strides: (row, filters, filters), keeping: 1, layer: layer)
              try multiply(
                g, by: kernel.pointer + group * outputs, transposed: true, into: slopes.pointer,
                rows: many, columns: row, inner: outputs, strides: (filters, filters, row),
                layer: layer)
              for position in 0..<many {
                walk.elements(at: first + position) { element, cell in
                  guard let cell else { return }
                  let from = slopes.pointer + position * row + element * width
                  let to = target + cell * channels + group * width
                  for channel in 0..<width { to[channel] += from[channel] }
                }
              }
            }
          }
        }
      })
  }

  func transposedConvolutionBackward(
    _ index: Int, _ convolution: TransposedConvolution, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    let inner = forward.inputShape(index)
    let channels = inner.last ?? 1
    let placed = try convolution.window.spread(
      over: Array(inner.dropLast()), outputPadding: convolution.outputPadding, layer: layer)
    let walk = VolumeWalk(convolution.window, placed)
    let (input, kernel) = (forward.input(index), forward.parameter(index, 0))
    let kernelResult = gradientMemory(index, node.parameters[0])
    let result = inputGradient(index)
    let filters = convolution.filters
    let row = walk.kernel.count * filters
    let positions = walk.steps.count
    let block = min(max((1 << 18) / row, 1), positions)
    let spread = Buffer(count: block * row)
    let (examples, innerSize, size) = (forward.count, inner.reduce(1, *), node.size)
    addBias(index, convolution.hasBias, gradient)
    program.append(
      PlainStep { () throws(NetworkError) in
        kernelResult.pointer.update(repeating: 0, count: kernel.count)
        for example in 0..<examples {
          for first in stride(from: 0, to: positions, by: block) {
            let many = min(block, positions - first)
            let place = example * innerSize + first * channels
            walk.gather(
              first, many, from: gradient.pointer + example * size, filters, filters,
              to: spread.pointer)
            try multiply(
              spread.pointer, by: kernel.pointer, into: result.pointer + place, rows: many,
              columns: channels, inner: row, strides: (row, channels, channels), layer: layer)
            try multiply(
              spread.pointer, turned: true, by: input.pointer + place, into: kernelResult.pointer,
              rows: row, columns: channels, inner: many, strides: (row, channels, channels),
              keeping: 1, layer: layer)
          }
        }
      })
  }

  func volumePoolingBackward(
    _ index: Int, _ window: GridWindow, isMaximum: Bool, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let inner = forward.inputShape(index)
    let channels = inner.last ?? 1
    let placed = try window.placed(on: Array(inner.dropLast()), layer: node.name)
    let walk = VolumeWalk(window, placed)
    let (input, output, result) = (
      forward.input(index), forward.values[index], inputGradient(index)
    )
    let (examples, innerSize, size) = (forward.count, inner.reduce(1, *), node.size)
    program.append(
      PlainStep {
        result.pointer.update(repeating: 0, count: examples * innerSize)
        var isTaken = [Bool](repeating: false, count: channels)
        for example in 0..<examples {
          let (source, target) = (
            input.pointer + example * innerSize, result.pointer + example * innerSize
          )
          for position in 0..<size / channels {
            let place = example * size + position * channels
            let (g, largest) = (gradient.pointer + place, output.pointer + place)
            var cells: Float = 0
            for channel in 0..<channels { isTaken[channel] = false }
            walk.elements(at: position) { _, cell in cells += cell == nil ? 0 : 1 }
            walk.elements(at: position) { _, cell in
              guard let cell else { return }
              for channel in 0..<channels {
                let number = cell * channels + channel
                if !isMaximum {
                  target[number] += g[channel] / cells
                } else if !isTaken[channel], source[number] == largest[channel] {
                  // The first of several equal ones was the largest.
                  isTaken[channel] = true
                  target[number] += g[channel]
                }
              }
            }
          }
        }
      })
  }

  /// The gradient of a bias: the sum over examples and positions.
  private func addBias(_ index: Int, _ hasBias: Bool, _ gradient: Buffer) {
    guard hasBias else { return }
    let node = forward.graph.nodes[index]
    let result = gradientMemory(index, node.parameters[1])
    let sum = StridedSum(
      node.shape, count: forward.count, onto: [node.shape.last ?? 1], isParameter: true)
    program.append(PlainStep { sum.run(from: gradient.pointer, to: result.pointer) })
  }
}

extension VolumeWalk {
  /// Copies what lies under the window at `many` positions from `first` on, one row for each; what is
  /// beyond the grid is 0. Of each cell's `channels` numbers `width` are taken.
  fileprivate func gather(
    _ first: Int, _ many: Int, from source: UnsafePointer<Float>, _ channels: Int, _ width: Int,
    to rows: UnsafeMutablePointer<Float>
  ) {
    let row = kernel.count * width
    for position in 0..<many {
      let patch = rows + position * row
      elements(at: first + position) { element, cell in
        if let cell {
          (patch + element * width).update(from: source + cell * channels, count: width)
        } else {
          (patch + element * width).update(repeating: 0, count: width)
        }
      }
    }
  }
}
