/// Gradients of operations that arrange numbers anew: the numbers go back to where they came from,
/// and add up where one was read several times.
extension BackwardCompiler {
  func arrangementBackward(_ index: Int, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let count = forward.count
    let result = inputGradient(index)
    let inner = forward.inputShape(index)
    let (innerSize, outerSize) = (inner.reduce(1, *), node.size)
    let innerStrides = [innerSize] + StridedCopy.strides(of: inner)
    let outerStrides = [outerSize] + StridedCopy.strides(of: node.shape)
    func place(_ starts: [Int], _ strides: [Int]) -> Int {
      zip(starts, strides.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    }
    switch node.operation {
    case .permute(let order):
      let copy = StridedCopy(
        [count] + node.shape, from: outerStrides,
        to: [innerSize] + order.map { innerStrides[$0 + 1] })
      program.append(PlainStep { copy.run(from: gradient.pointer, to: result.pointer) })
    case .slice(let starts, let counts):
      let start = place(starts, innerStrides)
      let copy = StridedCopy([count] + counts, from: outerStrides, to: innerStrides)
      program.append(
        PlainStep {
          result.pointer.update(repeating: 0, count: count * innerSize)
          copy.run(from: gradient.pointer, to: result.pointer + start)
        })
    case .padding(let before, _):
      let start = place(before, outerStrides)
      let copy = StridedCopy([count] + inner, from: outerStrides, to: innerStrides)
      program.append(PlainStep { copy.run(from: gradient.pointer + start, to: result.pointer) })
    case .reverse(let axis):
      var to = innerStrides
      let start = (inner[axis] - 1) * to[axis + 1]
      to[axis + 1].negate()
      let copy = StridedCopy([count] + inner, from: outerStrides, to: to)
      program.append(PlainStep { copy.run(from: gradient.pointer, to: result.pointer + start) })
    case .repetition(let factors):
      let extents = [count] + inner.indices.flatMap { [inner[$0], factors[$0]] }
      let sum = StridedSum(
        extents, from: StridedCopy.strides(of: extents),
        to: [innerSize] + inner.indices.flatMap { [innerStrides[$0 + 1], 0] },
        size: count * innerSize)
      program.append(PlainStep { sum.run(from: gradient.pointer, to: result.pointer) })
    case .prependParameter(_, let rows):
      let leading = rows * node.shape[1]
      let parameter = gradientMemory(index, node.parameters[0])
      let sum = StridedSum([count, leading], from: [outerSize, 1], to: [0, 1], size: leading)
      let rest = StridedCopy([count, innerSize], from: [outerSize, 1], to: [innerSize, 1])
      program.append(
        PlainStep {
          sum.run(from: gradient.pointer, to: parameter.pointer)
          rest.run(from: gradient.pointer + leading, to: result.pointer)
        })
    default: preconditionFailure("\(node.operation.kind) arranges nothing")
    }
  }

  func concatenateBackward(_ index: Int, _ axis: Int, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let rest = node.shape[(axis + 1)...].reduce(1, *)
    let outer = forward.count * node.shape[..<axis].reduce(1, *)
    var start = 0
    for (position, input) in node.inputs.enumerated() {
      let length = forward.graph.nodes[input].shape[axis] * rest
      defer { start += length }
      guard needsInput(index, position) else { continue }
      let copy = StridedCopy(
        [outer, length], from: [node.shape[axis] * rest, 1], to: [length, 1])
      let (result, first) = (inputGradient(index, position), start)
      program.append(PlainStep { copy.run(from: gradient.pointer + first, to: result.pointer) })
    }
  }

  /// Each number of the result gives back to its neighbours what it took of each.
  func resizingBackward(_ index: Int, _ resizing: Resizing, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let inner = forward.inputShape(index)
    let result = inputGradient(index)
    let channels = inner[2]
    let rows = resizing.shares(across: resizing.size.height, of: inner[0])
    let columns = resizing.shares(across: resizing.size.width, of: inner[1])
    let rowLength = inner[1] * channels
    let (examples, innerSize, size) = (forward.count, inner.reduce(1, *), node.size)
    let blended = Buffer(count: rowLength)
    program.append(
      PlainStep {
        result.pointer.update(repeating: 0, count: examples * innerSize)
        for example in 0..<examples {
          let target = result.pointer + example * innerSize
          var source = gradient.pointer + example * size
          for row in rows {
            blended.pointer.update(repeating: 0, count: rowLength)
            for column in columns {
              for (place, share) in column {
                let values = blended.pointer + place * channels
                for channel in 0..<channels { values[channel] += share * source[channel] }
              }
              source += channels
            }
            for (place, share) in row {
              let values = target + place * rowLength
              for column in 0..<rowLength { values[column] += share * blended.pointer[column] }
            }
          }
        }
      })
  }
}
