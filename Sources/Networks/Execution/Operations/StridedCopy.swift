/// A box of numbers in two arrangements, axes that go on in both merged; the innermost axis is first.
struct StridedBox {
  let extents: [Int]
  let from: [Int]
  let to: [Int]

  /// A box of `extents`, whose neighbours along each axis lie `from` apart in one array and `to`
  /// apart in the other.
  init(_ extents: [Int], from: [Int], to: [Int]) {
    var merged: (extents: [Int], from: [Int], to: [Int]) = ([], [], [])
    for axis in extents.indices.reversed() where extents[axis] != 1 {
      // An axis that goes on where the one inside it ends is one with it.
      if let inner = merged.extents.last, let innerFrom = merged.from.last,
        let innerTo = merged.to.last, from[axis] == innerFrom * inner, to[axis] == innerTo * inner
      {
        merged.extents[merged.extents.count - 1] = inner * extents[axis]
      } else {
        merged.extents.append(extents[axis])
        merged.from.append(from[axis])
        merged.to.append(to[axis])
      }
    }
    if merged.extents.isEmpty { merged = ([1], [1], [1]) }
    (self.extents, self.from, self.to) = merged
  }
}

/// Copies the numbers of a box from one arrangement to another.
struct StridedCopy {
  private let box: StridedBox

  /// A box of `extents`, whose neighbours along each axis lie `from` apart in the source and `to`
  /// apart in the destination; 0 reads one number again and again.
  init(_ extents: [Int], from: [Int], to: [Int]) {
    box = StridedBox(extents, from: from, to: to)
  }

  /// Copies, beginning at the two places given.
  func run(from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    run(box.extents.count - 1, source, destination)
  }

  private func run(
    _ axis: Int, _ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>
  ) {
    let (extent, from, to) = (box.extents[axis], box.from[axis], box.to[axis])
    if axis > 0 {
      for position in 0..<extent {
        run(axis - 1, source + position * from, destination + position * to)
      }
    } else if from == 1, to == 1 {
      destination.update(from: source, count: extent)
    } else if from == 0, to == 1 {
      destination.update(repeating: source.pointee, count: extent)
    } else {
      for position in 0..<extent { destination[position * to] = source[position * from] }
    }
  }

  /// The distances between neighbours along each axis of an array of this shape.
  static func strides(of shape: [Int]) -> [Int] {
    var strides = shape
    var step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= shape[axis]
    }
    return strides
  }
}

/// Operations that arrange numbers anew.
extension Compiler {
  func arrangementForward(_ index: Int) {
    let node = graph.nodes[index]
    let (input, output) = (input(index), values[index])
    let inner = inputShape(index)
    let (innerSize, outerSize) = (inner.reduce(1, *), node.size)
    let innerStrides = [innerSize] + StridedCopy.strides(of: inner)
    let outerStrides = [outerSize] + StridedCopy.strides(of: node.shape)
    var (start, end) = (0, 0)
    let copy: StridedCopy
    var isPadded = false
    switch node.operation {
    case .permute(let order):
      copy = StridedCopy(
        [count] + node.shape, from: [innerSize] + order.map { innerStrides[$0 + 1] },
        to: outerStrides)
    case .slice(let starts, let counts):
      start = zip(starts, innerStrides.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
      copy = StridedCopy([count] + counts, from: innerStrides, to: outerStrides)
    case .padding(let before, _):
      isPadded = true
      end = zip(before, outerStrides.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
      copy = StridedCopy([count] + inner, from: innerStrides, to: outerStrides)
    case .reverse(let axis):
      var from = innerStrides
      start = (inner[axis] - 1) * from[axis + 1]
      from[axis + 1].negate()
      copy = StridedCopy([count] + inner, from: from, to: outerStrides)
    case .repetition(let factors):
      let extents = [count] + inner.indices.flatMap { [inner[$0], factors[$0]] }
      copy = StridedCopy(
        extents, from: [innerSize] + inner.indices.flatMap { [innerStrides[$0 + 1], 0] },
        to: StridedCopy.strides(of: extents))
    case .prependParameter(_, let rows):
      let width = node.shape[1]
      let parameter = parameter(index, 0)
      let leading = StridedCopy([count, rows * width], from: [0, 1], to: [outerSize, 1])
      let rest = StridedCopy([count, innerSize], from: [innerSize, 1], to: [outerSize, 1])
      program.append(
        PlainStep {
          leading.run(from: parameter.pointer, to: output.pointer)
          rest.run(from: input.pointer, to: output.pointer + rows * width)
        })
      return
    default: preconditionFailure("\(node.operation.kind) arranges nothing")
    }
    let (first, total) = ((start, end), count * outerSize)
    program.append(
      PlainStep { [isPadded] in
        // The memory may have held other values since the last run.
        if isPadded { output.pointer.update(repeating: 0, count: total) }
        copy.run(from: input.pointer + first.0, to: output.pointer + first.1)
      })
  }

  func concatenateForward(_ index: Int, _ axis: Int) {
    let node = graph.nodes[index]
    let output = values[index]
    let rest = node.shape[(axis + 1)...].reduce(1, *)
    let outer = count * node.shape[..<axis].reduce(1, *)
    var start = 0
    var copies: [(copy: StridedCopy, source: Buffer, start: Int)] = []
    for input in node.inputs {
      let length = graph.nodes[input].shape[axis] * rest
      let copy = StridedCopy(
        [outer, length], from: [length, 1], to: [node.shape[axis] * rest, 1])
      copies.append((copy, values[input], start))
      start += length
    }
    program.append(
      PlainStep { [copies] in
        for part in copies {
          part.copy.run(from: part.source.pointer, to: output.pointer + part.start)
        }
      })
  }
}
