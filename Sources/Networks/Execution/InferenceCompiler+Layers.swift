import COneDNN

/// Layers with weights, with what is computed as their results are written.
extension InferenceCompiler {
  /// What follows a layer and can be computed with it.
  struct Tail {
    enum Part {
      case activation(Activation)
      /// The sum with the value of another node.
      case residual(Int)
    }

    var normalization: Int?
    var parts: [Part] = []
    /// For each part, the nodes absorbed up to there.
    var members: [[Int]] = []
    /// The nodes absorbed before any part.
    var first: [Int] = []

    func absorbed(_ parts: Int) -> [Int] { first + members.prefix(parts).flatMap(\.self) }
  }

  func tail(of index: Int) -> Tail {
    var tail = Tail()
    var end = index
    var passed: [Int] = []
    var hasResidual = false
    while let next = onlyConsumer(of: end) {
      let node = graph.nodes[next]
      switch node.operation {
      case .batchNormalization where tail.parts.isEmpty && tail.normalization == nil:
        tail.normalization = next
        tail.first = passed + [next]
        passed = []
      case .activation(let activation) where activation.function != nil:
        tail.parts.append(.activation(activation))
        tail.members.append(passed + [next])
        passed = []
      case .add where node.inputs.count == 2 && !hasResidual:
        guard let other = node.inputs.first(where: { owner[$0] != owner[end] }), exists(other)
        else {
          return tail
        }
        hasResidual = true
        tail.parts.append(.residual(other))
        tail.members.append(passed + [next])
        passed = []
      case _
      where node.operation.onlyRenames(dropsOut: false)
        && node.shape == graph.nodes[end].shape:
        passed.append(next)
      default: return tail
      }
      end = next
    }
    return tail
  }

  /// oneDNN's choice for a layer and as much of its tail as it takes.
  struct Choice {
    var descriptor: PrimitiveDescriptor
    var parts: Int
    /// How a residual lies that is read from its own place; `nil` where it lies in the destination.
    var added: MemoryDescriptor?
  }

  /// Tries `make` with as many parts of the tail as possible.
  ///
  /// A residual that nobody reads later is added in place, another one from where it is.
  func choose(
    _ index: Int, _ tail: Tail,
    destination: (PrimitiveDescriptor) throws(NetworkError) -> MemoryDescriptor,
    _ make: (Attributes) throws(NetworkError) -> [PrimitiveDescriptor]
  ) throws(NetworkError) -> Choice {
    let layer = name(index)
    for parts in (0...tail.parts.count).reversed() {
      let residual = tail.parts.prefix(parts).lazy.compactMap { part -> Int? in
        if case .residual(let other) = part { other } else { nil }
      }.first
      // The destination's arrangement is known only without the residual.
      var added: MemoryDescriptor?
      let accumulates = residual.map { isLastUse($0) && !reads(index, $0) } ?? false
      if residual != nil, !accumulates {
        guard let plain = try make(Attributes(layer: layer)).first else { continue }
        added = try destination(plain)
      }
      let post = tail.parts.prefix(parts).map { part -> PostOperation in
        switch part {
        case .activation(let activation): .activation(activation)
        case .residual: added.map { .add($0) } ?? .accumulate
        }
      }
      guard let attributes = try? Attributes(post, layer: layer) else { continue }
      let made = try make(attributes)
      guard let first = made.first(where: { !$0.isReference }) ?? (parts == 0 ? made.first : nil)
      else { continue }
      return Choice(descriptor: first, parts: parts, added: added)
    }
    throw NetworkError(
      layer: layer, reason: "oneDNN has no kernel for this \(graph.nodes[index].operation.kind)")
  }

  func reads(_ index: Int, _ other: Int) -> Bool {
    graph.nodes[index].inputs.contains { owner[$0] == owner[other] }
  }

  func biasDescriptor(
    _ index: Int, _ normalization: Int?
  ) throws(NetworkError) -> MemoryDescriptor? {
    let node = graph.nodes[index]
    guard node.parameters.count > 1 || normalization != nil else { return nil }
    return try MemoryDescriptor([node.shape.last ?? 1], dnnl_a, layer: node.name)
  }

  func finish(
    _ index: Int, _ tail: Tail, _ choice: Choice, source: (MemoryDescriptor, Int),
    target: MemoryDescriptor, stored: MemoryDescriptor, bias: MemoryDescriptor?, _ input: Int,
    arrangement: Arrangement, residual: (Int, MemoryDescriptor) throws(NetworkError) -> Int
  ) throws(NetworkError) {
    var destination: Int?
    var added: (argument: Int32, descriptor: MemoryDescriptor, region: Int)?
    var other: Int?
    for (position, part) in tail.parts.prefix(choice.parts).enumerated() {
      guard case .residual(let node) = part else { continue }
      other = node
      if let descriptor = choice.added {
        let argument = DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (Int32(position) + 1) | DNNL_ARG_SRC_1
        added = (argument, descriptor, try residual(node, descriptor))
      } else {
        destination = try residual(node, target)
      }
    }
    let output = destination ?? region(target)
    let wanted = try choice.descriptor.kernel
    let kernel = try weights.kernel(
      of: index, normalization: tail.normalization, stored: stored, wanted: wanted)
    let shift = bias.map { _ in weights.bias(of: index, normalization: tail.normalization) }
    plan([source.1, output] + (added.map { [$0.region] } ?? [])) {
      [engine] memory throws(NetworkError) in
      var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
        (DNNL_ARG_SRC, source.0, memory(source.1)), (DNNL_ARG_WEIGHTS, wanted, kernel),
        (DNNL_ARG_DST, target, memory(output)),
      ]
      if let bias, let shift { bindings.append((DNNL_ARG_BIAS, bias, shift)) }
      if let added { bindings.append((added.argument, added.descriptor, memory(added.region))) }
      return try PrimitiveStep(choice.descriptor, engine: engine, bindings)
    }
    consume([input])
    if let other {
      consume([other])
      if destination != nil { forget(other) }
    }
    define(
      index, Form(arrangement: arrangement, region: output),
      absorbing: tail.absorbed(choice.parts))
  }
}
