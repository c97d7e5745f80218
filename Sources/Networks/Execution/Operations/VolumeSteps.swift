/// Three extents; axes that are missing have the extent 1 and come first.
struct Volume {
  var numbers: (Int, Int, Int)

  init(_ numbers: [Int], missing: Int = 1) {
    let all = [Int](repeating: missing, count: max(3 - numbers.count, 0)) + numbers
    self.numbers = (all[0], all[1], all[2])
  }

  var count: Int { numbers.0 * numbers.1 * numbers.2 }
}

/// Where each element of a window falls on a grid, for every position of the window.
struct VolumeWalk {
  let steps: Volume
  let grid: Volume
  let kernel: Volume
  let strides: Volume
  let dilation: Volume
  let before: Volume

  init(_ window: GridWindow, _ placed: PlacedGridWindow) {
    steps = Volume(placed.steps)
    grid = Volume(placed.grid)
    kernel = Volume(window.kernel)
    strides = Volume(window.strides)
    dilation = Volume(window.dilation)
    before = Volume(placed.before, missing: 0)
  }

  /// For the window's position number `position`: calls `body` with the number of each of its
  /// elements and that of the grid's element under it, `nil` beyond the grid.
  func elements(at position: Int, _ body: (_ element: Int, _ cell: Int?) -> Void) {
    let (_, s1, s2) = steps.numbers
    let (g0, g1, g2) = grid.numbers
    let (k0, k1, k2) = kernel.numbers
    let z = position / (s1 * s2) * strides.numbers.0 - before.numbers.0
    let y = position / s2 % s1 * strides.numbers.1 - before.numbers.1
    let x = position % s2 * strides.numbers.2 - before.numbers.2
    var element = 0
    for i in 0..<k0 {
      let z = z + i * dilation.numbers.0
      for j in 0..<k1 {
        let y = y + j * dilation.numbers.1
        let isInside = 0..<g0 ~= z && 0..<g1 ~= y
        for k in 0..<k2 {
          let x = x + k * dilation.numbers.2
          body(element, isInside && 0..<g2 ~= x ? (z * g1 + y) * g2 + x : nil)
          element += 1
        }
      }
    }
  }
}

/// Convolutions over three axes, transposed ones, and poolings over three axes.
extension Compiler {
  func volumeConvolutionForward(_ index: Int, _ convolution: VolumeConvolution) {
    let node = graph.nodes[index]
    let layer = node.name
    let inner = inputShape(index)
    let channels = inner.last ?? 1
    // It was placed once when the graph was built, so it can be again.
    guard
      let placed = try? convolution.window.placed(on: Array(inner.dropLast()), layer: layer)
    else { return }
    let walk = VolumeWalk(convolution.window, placed)
    let (input, output, kernel) = (input(index), values[index], parameter(index, 0))
    let bias = convolution.hasBias ? parameter(index, 1) : nil
    let groups = convolution.groups
    let (width, filters) = (channels / groups, convolution.filters)
    let positions = walk.steps.count
    let row = walk.kernel.count * width
    // So many positions at a time that their patches stay in the cache.
    let block = min(max((1 << 18) / row, 1), positions)
    let patches = Buffer(count: block * row)
    let (examples, innerSize, size) = (count, inner.reduce(1, *), node.size)
    program.append(
      PlainStep { () throws(NetworkError) in
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          let target = output.pointer + example * size
          for position in 0..<positions {
            let values = target + position * filters
            if let bias {
              values.update(from: bias.pointer, count: filters)
            } else {
              values.update(repeating: 0, count: filters)
            }
          }
          for group in 0..<groups {
            for first in stride(from: 0, to: positions, by: block) {
              let many = min(block, positions - first)
              for position in 0..<many {
                let patch = patches.pointer + position * row
                walk.elements(at: first + position) { element, cell in
                  if let cell {
                    (patch + element * width).update(
                      from: source + cell * channels + group * width, count: width)
                  } else {
                    (patch + element * width).update(repeating: 0, count: width)
                  }
                }
              }
              let outputs = filters / groups
              try multiply(
                patches.pointer, by: kernel.pointer + group * outputs,
                into: target + first * filters + group * outputs, rows: many, columns: outputs,
                inner: row, strides: (row, filters, filters), keeping: 1, layer: layer)
            }
          }
        }
      })
  }

  func transposedConvolutionForward(
    _ index: Int, _ convolution: TransposedConvolution
  ) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let inner = inputShape(index)
    let channels = inner.last ?? 1
    let placed = try convolution.window.spread(
      over: Array(inner.dropLast()), outputPadding: convolution.outputPadding, layer: layer)
    let walk = VolumeWalk(convolution.window, placed)
    let (input, output, kernel) = (input(index), values[index], parameter(index, 0))
    let bias = convolution.hasBias ? parameter(index, 1) : nil
    let filters = convolution.filters
    let row = walk.kernel.count * filters
    let positions = walk.steps.count
    let block = min(max((1 << 18) / row, 1), positions)
    let spread = Buffer(count: block * row)
    let (examples, innerSize, size) = (count, inner.reduce(1, *), node.size)
    program.append(
      PlainStep { () throws(NetworkError) in
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          let target = output.pointer + example * size
          for cell in 0..<size / filters {
            let values = target + cell * filters
            if let bias {
              values.update(from: bias.pointer, count: filters)
            } else {
              values.update(repeating: 0, count: filters)
            }
          }
          for first in stride(from: 0, to: positions, by: block) {
            let many = min(block, positions - first)
            try multiply(
              source + first * channels, by: kernel.pointer, transposed: true,
              into: spread.pointer, rows: many, columns: row, inner: channels,
              strides: (channels, channels, row), layer: layer)
            for position in 0..<many {
              let patch = spread.pointer + position * row
              walk.elements(at: first + position) { element, cell in
                guard let cell else { return }
                let (from, to) = (patch + element * filters, target + cell * filters)
                for filter in 0..<filters { to[filter] += from[filter] }
              }
            }
          }
        }
      })
  }

  func volumePoolingForward(
    _ index: Int, _ window: GridWindow, isMaximum: Bool
  ) throws(NetworkError) {
    let node = graph.nodes[index]
    let inner = inputShape(index)
    let channels = inner.last ?? 1
    let placed = try window.placed(on: Array(inner.dropLast()), layer: node.name)
    let walk = VolumeWalk(window, placed)
    let (input, output) = (input(index), values[index])
    let (examples, innerSize, size) = (count, inner.reduce(1, *), node.size)
    program.append(
      PlainStep {
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          for position in 0..<size / channels {
            let target = output.pointer + example * size + position * channels
            target.update(repeating: isMaximum ? -.infinity : 0, count: channels)
            var cells: Float = 0
            walk.elements(at: position) { _, cell in
              guard let cell else { return }
              cells += 1
              let values = source + cell * channels
              if isMaximum {
                for channel in 0..<channels {
                  target[channel] = max(target[channel], values[channel])
                }
              } else {
                for channel in 0..<channels { target[channel] += values[channel] }
              }
            }
            if !isMaximum { for channel in 0..<channels { target[channel] /= cells } }
          }
        }
      })
  }
}
