import COneDNN

extension Compiler {
  func recurrenceForward(_ index: Int, _ recurrence: Recurrence) {
    let node = graph.nodes[index]
    let shape = inputShape(index)
    let step = RecurrenceStep(
      recurrence, layer: node.name, examples: count, steps: shape[0], inputs: shape[1],
      input: input(index), output: values[index], parameters: node.parameters.map { parameters[$0] }
    )
    program.append(step)
  }
}

/// Runs a recurrent layer step by step, all examples at a time.
final class RecurrenceStep: Step {
  private let recurrence: Recurrence
  private let layer: String
  private let examples: Int
  private let steps: Int
  private let inputs: Int
  private let input: Buffer
  private let output: Buffer
  private let parameters: [Buffer]
  /// The products of inputs and kernel, with biases: examples × steps × gates · units.
  private let gates: Buffer
  /// The products of the state and its kernel: examples × gates · units.
  private let products: Buffer
  private let state: Buffer
  private let memory: Buffer

  init(
    _ recurrence: Recurrence, layer: String, examples: Int, steps: Int, inputs: Int, input: Buffer,
    output: Buffer, parameters: [Buffer]
  ) {
    self.recurrence = recurrence
    self.layer = layer
    self.examples = examples
    self.steps = steps
    self.inputs = inputs
    self.input = input
    self.output = output
    self.parameters = parameters
    let width = recurrence.cell.gates * recurrence.units
    gates = Buffer(count: examples * steps * width)
    products = Buffer(count: examples * width)
    state = Buffer(count: examples * recurrence.units)
    memory = Buffer(count: examples * recurrence.units)
  }

  func run(on stream: dnnl_stream_t) throws(NetworkError) {
    let units = recurrence.units
    let width = recurrence.cell.gates * units
    let bias = recurrence.hasBias ? parameters[2] : nil
    for row in 0..<examples * steps {
      let gate = gates.pointer + row * width
      if let bias {
        gate.update(from: bias.pointer, count: width)
      } else {
        gate.update(repeating: 0, count: width)
      }
    }
    try multiply(
      input.pointer, by: parameters[0].pointer, into: gates.pointer, rows: examples * steps,
      columns: width, inner: inputs, strides: (inputs, width, width), keeping: 1, layer: layer)
    state.pointer.update(repeating: 0, count: state.count)
    memory.pointer.update(repeating: 0, count: memory.count)
    for position in 0..<steps {
      let step = recurrence.goesBackwards ? steps - 1 - position : position
      switch recurrence.cell {
      case .simple: try simple(step)
      case .longShortTermMemory: try longShortTermMemory(step)
      case .gatedUnit(let resetsAfter): try gatedUnit(step, resetsAfter, bias)
      }
      guard recurrence.returnsSequences else { continue }
      for example in 0..<examples {
        (output.pointer + (example * steps + position) * units).update(
          from: state.pointer + example * units, count: units)
      }
    }
    if !recurrence.returnsSequences {
      output.pointer.update(from: state.pointer, count: examples * units)
    }
  }

  /// The gates of an example at a step.
  private func gates(_ example: Int, _ step: Int) -> UnsafeMutablePointer<Float> {
    gates.pointer + (example * steps + step) * recurrence.cell.gates * recurrence.units
  }

  private func activate(_ x: Float) -> Float { recurrence.activation?.value(x) ?? x }

  private func gate(_ x: Float) -> Float { recurrence.recurrentActivation?.value(x) ?? x }

  /// `products = state · U` for the columns from `first` on.
  private func multiplyState(
    _ source: Buffer, first: Int = 0, columns: Int
  ) throws(NetworkError) {
    let units = recurrence.units
    let width = recurrence.cell.gates * units
    try multiply(
      source.pointer, by: parameters[1].pointer + first, into: products.pointer + first,
      rows: examples, columns: columns, inner: units, strides: (units, width, width), layer: layer)
  }

  private func simple(_ step: Int) throws(NetworkError) {
    let units = recurrence.units
    try multiplyState(state, columns: units)
    for example in 0..<examples {
      let x = gates(example, step)
      for unit in 0..<units {
        let place = example * units + unit
        state.pointer[place] = activate(x[unit] + products.pointer[place])
      }
    }
  }

  private func longShortTermMemory(_ step: Int) throws(NetworkError) {
    let units = recurrence.units
    try multiplyState(state, columns: 4 * units)
    for example in 0..<examples {
      let x = gates(example, step)
      let h = products.pointer + example * 4 * units
      for unit in 0..<units {
        func sum(_ number: Int) -> Float { x[number * units + unit] + h[number * units + unit] }
        let place = example * units + unit
        let kept = gate(sum(1)) * memory.pointer[place]
        memory.pointer[place] = kept + gate(sum(0)) * activate(sum(2))
        state.pointer[place] = gate(sum(3)) * activate(memory.pointer[place])
      }
    }
  }

  private func gatedUnit(
    _ step: Int, _ resetsAfter: Bool, _ bias: Buffer?
  ) throws(NetworkError) {
    let units = recurrence.units
    let width = 3 * units
    try multiplyState(state, columns: resetsAfter ? width : 2 * units)
    if resetsAfter, let bias {
      for example in 0..<examples {
        for i in 0..<width { products.pointer[example * width + i] += bias.pointer[width + i] }
      }
    }
    if !resetsAfter {
      // The reset gate comes before the product with its matrix.
      for example in 0..<examples {
        let (x, h) = (gates(example, step), products.pointer + example * width)
        for unit in 0..<units {
          let reset = gate(x[units + unit] + h[units + unit])
          memory.pointer[example * units + unit] = reset * state.pointer[example * units + unit]
        }
      }
      try multiplyState(memory, first: 2 * units, columns: units)
    }
    for example in 0..<examples {
      let (x, h) = (gates(example, step), products.pointer + example * width)
      for unit in 0..<units {
        let update = gate(x[unit] + h[unit])
        var candidate = h[2 * units + unit]
        if resetsAfter { candidate *= gate(x[units + unit] + h[units + unit]) }
        candidate = activate(x[2 * units + unit] + candidate)
        let place = example * units + unit
        state.pointer[place] = update * state.pointer[place] + (1 - update) * candidate
      }
    }
  }
}
