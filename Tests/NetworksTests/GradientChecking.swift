import Checkpoints
import Networks
import Randomness
import Testing

/// Random numbers for a test, the same on every machine.
func randomValues(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
  var generator = SeededGenerator(seed: seed, "test values")
  return (0..<count).map { _ in Float(generator.normal()) * scale }
}

/// A network whose parameters are all random: biases, gammas, and moving averages too.
func randomNetwork(_ graph: Graph, seed: UInt64) -> Network {
  let parameters = graph.parameters.enumerated().map { index, slot in
    var values = randomValues(slot.count, seed: seed &+ UInt64(index), scale: 0.5)
    if slot.role == .movingVariance { values = values.map { 0.5 + abs($0) } }
    if slot.role == .gamma { values = values.map { 1 + $0 } }
    return Tensor(shape: slot.shape, values: values)
  }
  return Network(graph, parameters: parameters)
}

/// Checks every gradient of `graph` against central differences of a random linear function of the
/// logits, summed in Float64.
///
/// With steps of 2⁻⁷ the forward pass's rounding (about 10⁻⁷ of the loss) and the third derivative
/// each leave an error near 10⁻⁴ of the gradient's scale, so 5·10⁻³ is allowed. Where the function is
/// only `piecewise` smooth, a step may cross a corner; the gradient then lies between the two
/// one-sided differences.
func expectGradients(
  _ graph: Graph, count: Int = 3, mode: TrainingExecutor.Mode = .train, dropoutSeed: UInt64? = nil,
  piecewise: Bool = false, seed: UInt64 = 1, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let network = randomNetwork(graph, seed: seed)
  let executor = try TrainingExecutor(network, capacity: count + 2)
  let inputs = randomValues(count * graph.inputShape.reduce(1, *), seed: seed &+ 1000)
  let outputs = count * graph.nodes[graph.logits].size
  let weights = randomValues(outputs, seed: seed &+ 2000)

  func loss() throws -> Double {
    // The moving averages change with every run in train mode, but nothing reads them there.
    let logits = try inputs.withUnsafeBufferPointer { inputs in
      if let dropoutSeed {
        var generator = SeededGenerator(seed: dropoutSeed, "dropout")
        return Array(
          try executor.forward(inputs, count: count, mode: mode, dropout: &generator))
      }
      return Array(try executor.forward(inputs, count: count, mode: mode))
    }
    #expect(logits.count == outputs, sourceLocation: sourceLocation)
    return zip(logits, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  let middle = try loss()
  try weights.withUnsafeBufferPointer { try executor.backward($0) }
  let gradients = executor.gradients.map { $0.map(Array.init) }
  let step: Float = 0x1p-7
  var (checked, missed) = (0, 0)
  var worst = ""
  for (slot, gradient) in gradients.enumerated() {
    guard let gradient else { continue }
    let scale = gradient.reduce(1) { max($0, Double(abs($1))) }
    for index in gradient.indices {
      let values = executor.parameters[slot]
      let original = values[index]
      values[index] = original + step
      let up = try loss()
      values[index] = original - step
      let down = try loss()
      values[index] = original
      let (left, right) = ((middle - down) / Double(step), (up - middle) / Double(step))
      let bounds =
        piecewise
        ? min(left, right)...max(left, right) : (left + right) / 2...(left + right) / 2
      let computed = Double(gradient[index])
      checked += 1
      let error = max(bounds.lowerBound - computed, computed - bounds.upperBound)
      if error.isNaN || error > 5e-3 * scale {
        missed += 1
        worst = "\(graph.parameters[slot]) [\(index)]: \(computed), but \(bounds)"
      }
    }
  }
  #expect(checked > 0, sourceLocation: sourceLocation)
  #expect(missed == 0, "of \(checked), e.g. \(worst)", sourceLocation: sourceLocation)
}

/// A graph of layers in a row.
func row(_ inputShape: [Int], _ operations: [Networks.Operation]) throws -> Graph {
  var builder = try GraphBuilder(inputShape: inputShape)
  var value = builder.input
  for (index, operation) in operations.enumerated() {
    value = try builder.add("layer\(index)", operation, to: value)
  }
  return builder.graph(output: value)
}
