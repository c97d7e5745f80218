import COneDNN

/// Adds the steps that compute gradients, for a graph that was compiled forward.
///
/// Values are visited from the last to the first. Each operation writes the gradient of its input
/// to memory of its own; where several operations read one value, their gradients are then added.
/// Nothing is computed below the lowest layer that is trained.
final class BackwardCompiler {
  let forward: Compiler
  let program = Program()
  /// By slot; `nil` where nobody asks.
  let gradients: [Buffer?]
  private var contributions: [Int: [Buffer]] = [:]
  private let memory: (_ key: [Int], _ count: Int) -> Buffer
  private let reaches: [Bool]

  /// - Parameter memory: Gives memory for a purpose; the same purpose always gets the same memory.
  init(
    _ forward: Compiler, gradients: [Buffer?],
    memory: @escaping (_ key: [Int], _ count: Int) -> Buffer
  ) {
    self.forward = forward
    self.gradients = gradients
    self.memory = memory
    reaches = forward.graph.reaches(gradients.map { $0 != nil })
  }

  /// Adds the steps that follow from the gradient of the value of `node`.
  func compile(from node: Int, gradient: Buffer) throws(NetworkError) {
    for (slot, users) in forward.graph.parameterUsers.enumerated()
    where users.count > 1 && gradients[slot] != nil {
      throw NetworkError(
        layer: forward.graph.parameters[slot].layer,
        reason: "it is applied \(users.count) times; training such layers is not supported")
    }
    contributions[node] = [gradient]
    for index in (0...node).reversed() where reaches[index] {
      guard let parts = contributions[index], let first = parts.first else { continue }
      var gradient = first
      if parts.count > 1 {
        gradient = memory([index, -1], first.count)
        program.append(try forward.sum(parts, gradient, index))
      }
      try compileBackward(index, gradient)
    }
  }

  /// Whether the gradient of the input number `position` of a node is needed.
  func needsInput(_ index: Int, _ position: Int = 0) -> Bool {
    reaches[forward.graph.nodes[index].inputs[position]]
  }

  /// Memory for the gradient that a node gives its first input, noted as such.
  func inputGradient(_ index: Int) -> Buffer {
    let input = forward.graph.nodes[index].inputs[0]
    let buffer = memory([index, 0], forward.count * forward.graph.nodes[input].size)
    pass(buffer, to: input)
    return buffer
  }

  /// Memory for a gradient that is computed and thrown away, or the gradient itself.
  func gradientMemory(slot: Int) -> Buffer {
    gradients[slot] ?? memory([-1, slot], forward.graph.parameters[slot].count)
  }

  private func pass(_ gradient: Buffer, to node: Int) {
    contributions[node, default: []].append(gradient)
  }

  private func compileBackward(_ index: Int, _ gradient: Buffer) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    switch node.operation {
    case .input: break
    case .reshape: pass(gradient, to: node.inputs[0])
    case .add: for input in node.inputs where reaches[input] { pass(gradient, to: input) }
    case .dense: try denseBackward(index, gradient)
    case .convolution(let convolution): try convolutionBackward(index, convolution, gradient)
    case .batchNormalization(let normalization):
      try normalizationBackward(index, normalization, gradient)
    case .activation(let activation): try activationBackward(index, activation, gradient)
    case .softmax: try softmaxBackward(index, gradient)
    case .maximumPooling(let window): try poolingBackward(index, dnnl_pooling_max, window, gradient)
    case .averagePooling(let window, let countsPadding):
      try poolingBackward(
        index, dnnl_alg_kind_t.averagePooling(countsPadding), window, gradient)
    case .globalAveragePooling:
      try poolingBackward(
        index, dnnl_pooling_avg_exclude_padding, forward.wholeImage(index), gradient)
    case .globalMaximumPooling:
      try poolingBackward(index, dnnl_pooling_max, forward.wholeImage(index), gradient)
    case .zeroPadding(let top, _, let left, _):
      program.append(
        forward.border(index, inner: inputGradient(index), outer: gradient, top, left, true))
    case .dropout:
      if let mask = forward.masks[index] {
        program.append(
          ProductStep(gradient, mask, output: inputGradient(index), count: mask.count))
      } else {
        pass(gradient, to: node.inputs[0])
      }
    default:
      throw NetworkError(
        layer: node.layer,
        reason: "training through this \(node.operation.kind) is not supported; the network can be "
          + "run, and layers behind it can be trained")
    }
  }
}

extension Graph {
  /// For each node, whether its value depends on a parameter that is trained.
  func reaches(_ isTrained: [Bool]) -> [Bool] {
    var result = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      result[index] =
        node.parameters.contains { isTrained[$0] } || node.inputs.contains { result[$0] }
    }
    return result
  }
}
