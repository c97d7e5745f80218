/// Gradients of arithmetic on values and parameters whose shapes are stretched: the gradient at each
/// number of the result, summed over what a number was stretched to.
extension BackwardCompiler {
  func stretchedBackward(_ index: Int, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let input = node.inputs[0]
    let total = forward.count * node.size
    switch node.operation {
    case .addParameter:
      if isTrained(index) { sum(gradient, ontoParameterOf: index) }
      pass(gradient, to: input)
    case .multiplyParameter:
      let (value, parameter) = (forward.input(index), forward.parameter(index, 0))
      if isTrained(index) {
        let product = Buffer(count: total)
        program.append(ProductStep(gradient, value, output: product, count: total))
        sum(product, ontoParameterOf: index)
      }
      guard needsInput(index) else { break }
      let (pairs, result) = (withParameter(index), inputGradient(index))
      program.append(
        PlainStep {
          pairs.run(.multiply, gradient.pointer, parameter.pointer, result.pointer)
        })
    case .parametricRelu:
      let (value, parameter) = (forward.input(index), forward.parameter(index, 0))
      if isTrained(index) {
        let product = Buffer(count: total)
        program.append(
          PlainStep {
            for i in 0..<total {
              product.pointer[i] = min(value.pointer[i], 0) * gradient.pointer[i]
            }
          })
        sum(product, ontoParameterOf: index)
      }
      guard needsInput(index) else { break }
      let (pairs, result) = (withParameter(index), inputGradient(index))
      program.append(
        PlainStep {
          pairs.run(.parametricSlope, value.pointer, parameter.pointer, result.pointer)
          for i in 0..<total { result.pointer[i] *= gradient.pointer[i] }
        })
    case .affine(let scale, _):
      let result = inputGradient(index)
      let factors = scale
      program.append(
        PlainStep {
          for start in stride(from: 0, to: total, by: factors.count) {
            for (channel, factor) in factors.enumerated() {
              result.pointer[start + channel] = gradient.pointer[start + channel] * factor
            }
          }
        })
    case .arithmetic(let arithmetic): arithmeticBackward(index, arithmetic, gradient)
    default: preconditionFailure("\(node.operation.kind) is not arithmetic")
    }
  }

  /// A value of the node's shape with its parameter stretched over it.
  private func withParameter(_ index: Int) -> StretchedPair {
    let node = forward.graph.nodes[index]
    return StretchedPair(
      node.shape, count: forward.count, (node.shape, false),
      (forward.graph.parameters[node.parameters[0]].shape, true))
  }

  /// Sums `terms`, one for each number of the node's value, into the gradient of its parameter.
  private func sum(_ terms: Buffer, ontoParameterOf index: Int) {
    let node = forward.graph.nodes[index]
    let slot = node.parameters[0]
    let result = gradientMemory(index, slot)
    let sum = StridedSum(
      node.shape, count: forward.count, onto: forward.graph.parameters[slot].shape,
      isParameter: true)
    program.append(PlainStep { sum.run(from: terms.pointer, to: result.pointer) })
  }

  private func arithmeticBackward(_ index: Int, _ arithmetic: Arithmetic, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let total = forward.count * node.size
    for position in node.inputs.indices where needsInput(index, position) {
      let shape = forward.graph.nodes[node.inputs[position]].shape
      let result = inputGradient(index, position)
      let isStretched = shape.reduce(1, *) != node.size
      let terms = isStretched ? Buffer(count: total) : result
      addTerms(index, position, arithmetic, gradient, terms)
      guard isStretched else { continue }
      let sum = StridedSum(node.shape, count: forward.count, onto: shape, isParameter: false)
      program.append(PlainStep { sum.run(from: terms.pointer, to: result.pointer) })
    }
  }

  /// Adds the steps that compute the gradient by one input, at each number of the result.
  private func addTerms(
    _ index: Int, _ position: Int, _ arithmetic: Arithmetic, _ gradient: Buffer, _ terms: Buffer
  ) {
    let node = forward.graph.nodes[index]
    let total = forward.count * node.size
    let output = forward.values[index]
    let inputs = node.inputs.map { forward.values[$0] }
    // The result on the left, each input stretched over it on the right.
    let pairs = node.inputs.map {
      StretchedPair(
        node.shape, count: forward.count, (node.shape, false),
        (forward.graph.nodes[$0].shape, false))
    }
    func scaled(by factor: Float) {
      program.append(
        PlainStep { for i in 0..<total { terms.pointer[i] = gradient.pointer[i] * factor } })
    }
    switch arithmetic {
    case .addition: scaled(by: 1)
    case .subtraction: scaled(by: position == 0 ? 1 : -1)
    case .average: scaled(by: 1 / Float(inputs.count))
    case .multiplication:
      let others = inputs.indices.filter { $0 != position }
      program.append(
        PlainStep {
          terms.pointer.update(from: gradient.pointer, count: total)
          for other in others {
            pairs[other].run(.multiply, terms.pointer, inputs[other].pointer, terms.pointer)
          }
        })
    case .division:
      // The derivative of a / b by b is −(a / b) / b.
      program.append(
        PlainStep {
          if position == 0 {
            terms.pointer.update(from: gradient.pointer, count: total)
          } else {
            for i in 0..<total { terms.pointer[i] = -gradient.pointer[i] * output.pointer[i] }
          }
          pairs[1].run(.divide, terms.pointer, inputs[1].pointer, terms.pointer)
        })
    case .maximum, .minimum:
      // Where several inputs are the largest, each has an equal share.
      let (ties, mark) = (Buffer(count: total), Buffer(count: total))
      program.append(
        PlainStep {
          ties.pointer.update(repeating: 0, count: total)
          for (input, pair) in zip(inputs, pairs) {
            pair.run(.equals, output.pointer, input.pointer, mark.pointer)
            for i in 0..<total { ties.pointer[i] += mark.pointer[i] }
          }
          pairs[position].run(.equals, output.pointer, inputs[position].pointer, mark.pointer)
          for i in 0..<total {
            terms.pointer[i] = gradient.pointer[i] * mark.pointer[i] / max(ties.pointer[i], 1)
          }
        })
    }
  }
}
