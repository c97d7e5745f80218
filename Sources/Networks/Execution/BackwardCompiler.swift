import COneDNN

/// Adds the steps that compute gradients, for a graph that was compiled forward.
///
/// Values are visited from the last to the first. Each operation writes the gradients of its inputs
/// to memory of its own; where several operations read one value, their gradients are then added, and
/// so are those of a parameter that several operations use. Nothing is computed below the lowest layer
/// that is trained, unless the gradient of the network's input is asked for.
final class BackwardCompiler {
  let forward: Compiler
  let program = Program()
  /// By slot; `nil` where nobody asks.
  let gradients: [Buffer?]
  /// Where the gradient of the network's input goes; `nil` when nobody asks.
  private let inputGradient: Buffer?
  private var contributions: [Int: [Buffer]] = [:]
  private var shares: [Int: [Buffer]] = [:]
  private let users: [[Int]]
  private let memory: (_ key: [Int], _ count: Int) -> Buffer
  private let reaches: [Bool]
  /// Memory of gradients that are still to be read, and of those that were, with the numbers that it
  /// holds for one example.
  private var taken: [(buffer: Buffer, size: Int)] = []
  private var free: [(buffer: Buffer, size: Int)] = []
  private var taking = 0

  /// - Parameter memory: Gives memory for a purpose; the same purpose always gets the same memory.
  init(
    _ forward: Compiler, gradients: [Buffer?], inputGradient: Buffer?,
    memory: @escaping (_ key: [Int], _ count: Int) -> Buffer
  ) {
    self.forward = forward
    self.gradients = gradients
    self.inputGradient = inputGradient
    self.memory = memory
    users = forward.graph.parameterUsers
    reaches = forward.graph.reaches(gradients.map { $0 != nil }, fromInput: inputGradient != nil)
  }

  /// Adds the steps that follow from the gradient of the value of `node`.
  func compile(from node: Int, gradient: Buffer) throws(NetworkError) {
    contributions[node] = [gradient]
    for index in (0...node).reversed() where reaches[index] {
      guard let parts = contributions.removeValue(forKey: index), let first = parts.first else {
        continue
      }
      let node = forward.graph.nodes[index]
      var gradient = first
      if parts.count > 1 {
        gradient = take(node.size)
        program.append(
          try forward.sum(parts, gradient, forward.count * node.size, node.name))
      }
      try compileBackward(index, gradient)
      release()
    }
    for (slot, parts) in shares.sorted(by: { $0.key < $1.key }) {
      guard let whole = gradients[slot] else { continue }
      let place = forward.graph.parameters[slot]
      program.append(try forward.sum(parts, whole, place.count, place.layer))
    }
  }

  /// Whether the gradient of the input number `position` of a node is needed.
  func needsInput(_ index: Int, _ position: Int = 0) -> Bool {
    reaches[forward.graph.nodes[index].inputs[position]]
  }

  /// Memory for the gradient that a node gives its input number `position`, noted as such.
  func inputGradient(_ index: Int, _ position: Int = 0) -> Buffer {
    let input = forward.graph.nodes[index].inputs[position]
    let buffer = take(forward.graph.nodes[input].size)
    pass(buffer, to: input)
    return buffer
  }

  /// Memory for the gradient of a parameter that the node `index` computes: the gradient itself, its
  /// share where other nodes use the parameter too, or something thrown away.
  func gradientMemory(_ index: Int, _ slot: Int) -> Buffer {
    let count = forward.graph.parameters[slot].count
    guard let gradient = gradients[slot] else { return memory([-1, slot], count) }
    guard users[slot].count > 1 else { return gradient }
    let share = memory([-2 - index, slot], count)
    shares[slot, default: []].append(share)
    return share
  }

  /// Whether one of a node's parameters is trained.
  func isTrained(_ index: Int) -> Bool {
    forward.graph.nodes[index].parameters.contains { gradients[$0] != nil }
  }

  /// Notes `gradient` as one of those of the value of `node`, where that is wanted.
  func pass(_ gradient: Buffer, to node: Int) {
    if reaches[node] { contributions[node, default: []].append(gradient) }
  }

  /// Memory for `size` numbers of each example: the smallest that is free and large enough. What is
  /// taken follows from the graph alone, so that every number of examples finds the same memory.
  private func take(_ size: Int) -> Buffer {
    let fitting = free.indices.filter { free[$0].size >= size }
    let entry: (buffer: Buffer, size: Int)
    if let best = fitting.min(by: { free[$0].size < free[$1].size }) {
      entry = free.remove(at: best)
    } else {
      entry = (memory([taking], forward.count * size), size)
      taking += 1
    }
    taken.append(entry)
    return entry.buffer
  }

  /// Frees the memory of gradients that no node is still to read.
  private func release() {
    let read = Set(contributions.values.joined().map(\.pointer))
    free += taken.filter { !read.contains($0.buffer.pointer) }
    taken.removeAll { !read.contains($0.buffer.pointer) }
  }

  private func compileBackward(_ index: Int, _ gradient: Buffer) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    switch node.operation {
    case .input:
      guard let inputGradient else { break }
      let size = forward.count * node.size
      program.append(
        PlainStep { inputGradient.pointer.update(from: gradient.pointer, count: size) })
    case .reshape, .trainingOnly: pass(gradient, to: node.inputs[0])
    case .add: for input in node.inputs where reaches[input] { pass(gradient, to: input) }
    case .dropout:
      if let mask = forward.masks[index] {
        program.append(
          ProductStep(gradient, mask, output: inputGradient(index), count: mask.count))
      } else {
        pass(gradient, to: node.inputs[0])
      }
    case .dense: try denseBackward(index, gradient)
    case .convolution(let convolution): try convolutionBackward(index, convolution, gradient)
    case .volumeConvolution(let convolution):
      try volumeConvolutionBackward(index, convolution, gradient)
    case .transposedConvolution(let convolution):
      try transposedConvolutionBackward(index, convolution, gradient)
    case .embedding(_, let width): embeddingBackward(index, width: width, gradient)
    case .attention(let attention): attentionBackward(index, attention, gradient)
    case .dot(let axes, let normalizes): dotBackward(index, axes, normalizes: normalizes, gradient)
    case .batchNormalization(let normalization):
      try normalizationBackward(index, normalization, gradient)
    case .layerNormalization(let normalization):
      try rowNormalizationBackward(index, normalization, gradient)
    case .groupNormalization(let normalization):
      groupNormalizationBackward(index, normalization, gradient)
    case .standardization: standardizationBackward(index, gradient)
    case .activation(let activation): try activationBackward(index, activation, gradient)
    case .softmax: try softmaxBackward(index, gradient)
    case .parametricRelu, .addParameter, .multiplyParameter, .affine, .arithmetic:
      stretchedBackward(index, gradient)
    case .maximumPooling(let window): try poolingBackward(index, dnnl_pooling_max, window, gradient)
    case .averagePooling(let window, let countsPadding):
      try poolingBackward(
        index, dnnl_alg_kind_t.averagePooling(countsPadding), window, gradient)
    case .globalAveragePooling:
      try poolingBackward(
        index, dnnl_pooling_avg_exclude_padding, forward.wholeImage(index), gradient)
    case .globalMaximumPooling:
      try poolingBackward(index, dnnl_pooling_max, forward.wholeImage(index), gradient)
    case .maximumVolumePooling(let window):
      try volumePoolingBackward(index, window, isMaximum: true, gradient)
    case .averageVolumePooling(let window):
      try volumePoolingBackward(index, window, isMaximum: false, gradient)
    case .zeroPadding(let top, _, let left, _):
      program.append(
        forward.border(index, inner: inputGradient(index), outer: gradient, top, left, true))
    case .concatenate(let axis): concatenateBackward(index, axis, gradient)
    case .prependParameter, .padding, .slice, .permute, .reverse, .repetition:
      arrangementBackward(index, gradient)
    case .resizing(let resizing): resizingBackward(index, resizing, gradient)
    case .recurrence:
      // Refused before anything is compiled.
      throw NetworkError(layer: node.layer, reason: node.operation.trainingObstacle ?? "")
    }
  }
}
