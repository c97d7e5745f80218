/// What two numbers become.
enum NumberPair {
  case add, subtract, multiply, divide, maximum, minimum
  /// The first where positive, otherwise their product.
  case parametricRelu
  /// The first divided by the larger of the second's root and 10⁻⁷.
  case standardize
  /// 1 where they are equal, otherwise 0.
  case equals
  /// 1 where the first is positive, otherwise the second: the derivative of ``parametricRelu``.
  case parametricSlope

  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bStep: Int, _ aStep: Int,
    _ c: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch self {
    case .add: for i in 0..<count { c[i] = a[i * aStep] + b[i * bStep] }
    case .subtract: for i in 0..<count { c[i] = a[i * aStep] - b[i * bStep] }
    case .multiply: for i in 0..<count { c[i] = a[i * aStep] * b[i * bStep] }
    case .divide: for i in 0..<count { c[i] = a[i * aStep] / b[i * bStep] }
    case .maximum: for i in 0..<count { c[i] = max(a[i * aStep], b[i * bStep]) }
    case .minimum: for i in 0..<count { c[i] = min(a[i * aStep], b[i * bStep]) }
    case .parametricRelu:
      for i in 0..<count {
        let x = a[i * aStep]
        c[i] = x > 0 ? x : x * b[i * bStep]
      }
    case .standardize:
      for i in 0..<count { c[i] = a[i * aStep] / max(b[i * bStep].squareRoot(), 1e-7) }
    case .equals: for i in 0..<count { c[i] = a[i * aStep] == b[i * bStep] ? 1 : 0 }
    case .parametricSlope: for i in 0..<count { c[i] = a[i * aStep] > 0 ? 1 : b[i * bStep] }
    }
  }
}

/// Two arrays combined number by number, extents of 1 stretched.
struct StretchedPair {
  private var extents: [Int] = []
  private var aSteps: [Int] = []
  private var bSteps: [Int] = []

  /// Values of `count` examples of the shapes given, for a result of the shape `shape`; a parameter
  /// is the same for every example.
  init(
    _ shape: [Int], count: Int, _ a: (shape: [Int], isParameter: Bool),
    _ b: (shape: [Int], isParameter: Bool)
  ) {
    func steps(_ operand: (shape: [Int], isParameter: Bool)) -> [Int] {
      let own = StridedCopy.strides(of: operand.shape)
      let missing = shape.count - operand.shape.count
      let size = operand.shape.reduce(1, *)
      return [operand.isParameter ? 0 : size]
        + shape.indices.map { axis in
          axis < missing || operand.shape[axis - missing] == 1 ? 0 : own[axis - missing]
        }
    }
    let (aAll, bAll) = (steps(a), steps(b))
    let all = [count] + shape
    for axis in all.indices.reversed() where all[axis] != 1 {
      if let inner = extents.last, let aInner = aSteps.last, let bInner = bSteps.last,
        aAll[axis] == aInner * inner, bAll[axis] == bInner * inner
      {
        extents[extents.count - 1] = inner * all[axis]
      } else {
        extents.append(all[axis])
        aSteps.append(aAll[axis])
        bSteps.append(bAll[axis])
      }
    }
    if extents.isEmpty { (extents, aSteps, bSteps) = ([1], [1], [1]) }
  }

  func run(
    _ pair: NumberPair, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    var c = c
    run(extents.count - 1, pair, a, b, &c)
  }

  private func run(
    _ axis: Int, _ pair: NumberPair, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: inout UnsafeMutablePointer<Float>
  ) {
    if axis == 0 {
      pair.run(a, b, bSteps[0], aSteps[0], c, extents[0])
      c += extents[0]
      return
    }
    for position in 0..<extents[axis] {
      run(axis - 1, pair, a + position * aSteps[axis], b + position * bSteps[axis], &c)
    }
  }
}

/// Arithmetic on values and parameters whose shapes are stretched.
extension Compiler {
  func stretchedForward(_ index: Int) {
    let node = graph.nodes[index]
    let output = values[index]
    let shape = node.shape
    func withParameter(_ pair: NumberPair) {
      let (input, parameter) = (input(index), parameter(index, 0))
      let pairs = StretchedPair(
        shape, count: count, (shape, false),
        (graph.parameters[node.parameters[0]].shape, true))
      program.append(
        PlainStep { pairs.run(pair, input.pointer, parameter.pointer, output.pointer) })
    }
    switch node.operation {
    case .parametricRelu: withParameter(.parametricRelu)
    case .addParameter: withParameter(.add)
    case .multiplyParameter: withParameter(.multiply)
    case .affine(let scale, let offset): affineForward(index, scale, offset)
    case .arithmetic(let arithmetic): arithmeticForward(index, arithmetic)
    default: preconditionFailure("\(node.operation.kind) is not arithmetic")
    }
  }

  private func affineForward(_ index: Int, _ scale: [Float], _ offset: [Float]) {
    let (input, output) = (input(index), values[index])
    let channels = graph.nodes[index].shape.last ?? 1
    let total = count * graph.nodes[index].size
    guard scale.count > 1 || offset.count > 1 else {
      let (scale, offset) = (scale[0], offset[0])
      program.append(
        PlainStep {
          for i in 0..<total { output.pointer[i] = input.pointer[i] * scale + offset }
        })
      return
    }
    let scales = scale.count == 1 ? [Float](repeating: scale[0], count: channels) : scale
    let offsets = offset.count == 1 ? [Float](repeating: offset[0], count: channels) : offset
    program.append(
      PlainStep {
        for row in stride(from: 0, to: total, by: channels) {
          for channel in 0..<channels {
            output.pointer[row + channel] =
              input.pointer[row + channel] * scales[channel] + offsets[channel]
          }
        }
      })
  }

  private func arithmeticForward(_ index: Int, _ arithmetic: Arithmetic) {
    let node = graph.nodes[index]
    let output = values[index]
    let pair: NumberPair =
      switch arithmetic {
      case .addition, .average: .add
      case .subtraction: .subtract
      case .multiplication: .multiply
      case .division: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      }
    let shapes = node.inputs.map { graph.nodes[$0].shape }
    let sources = node.inputs.map { values[$0] }
    // The first two make the result, each further one is joined to it.
    var pairs = [StretchedPair(node.shape, count: count, (shapes[0], false), (shapes[1], false))]
    for shape in shapes.dropFirst(2) {
      pairs.append(StretchedPair(node.shape, count: count, (node.shape, false), (shape, false)))
    }
    let total = count * node.size
    let share = arithmetic == .average ? 1 / Float(sources.count) : 1
    program.append(
      PlainStep { [pairs] in
        pairs[0].run(pair, sources[0].pointer, sources[1].pointer, output.pointer)
        for (pairs, source) in zip(pairs.dropFirst(), sources.dropFirst(2)) {
          pairs.run(pair, output.pointer, source.pointer, output.pointer)
        }
        if share != 1 { for i in 0..<total { output.pointer[i] *= share } }
      })
  }

  func standardizationForward(_ index: Int) {
    let node = graph.nodes[index]
    let (input, output) = (input(index), values[index])
    let (mean, variance) = (parameter(index, 0), parameter(index, 1))
    let shape = graph.parameters[node.parameters[0]].shape
    let pairs = StretchedPair(node.shape, count: count, (node.shape, false), (shape, true))
    program.append(
      PlainStep {
        pairs.run(.subtract, input.pointer, mean.pointer, output.pointer)
        pairs.run(.standardize, output.pointer, variance.pointer, output.pointer)
      })
  }
}
