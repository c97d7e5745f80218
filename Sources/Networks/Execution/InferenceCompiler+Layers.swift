import COneDNN

/// Layers with weights, with what is computed as their results are written.
extension InferenceCompiler {
  /// What follows a layer and can be computed with it.
  private struct Tail {
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

  private func tail(of index: Int) -> Tail {
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
  private struct Choice {
    var descriptor: PrimitiveDescriptor
    var parts: Int
    /// Whether the residual lies in the destination.
    var accumulates: Bool
  }

  /// Tries `make` with as many parts of the tail as possible.
  ///
  /// A residual that nobody reads later is added in place, another one from where it is.
  private func choose(
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
      return Choice(descriptor: first, parts: parts, accumulates: accumulates)
    }
    throw NetworkError(
      layer: layer, reason: "oneDNN has no kernel for this \(graph.nodes[index].operation.kind)")
  }

  private func reads(_ index: Int, _ other: Int) -> Bool {
    graph.nodes[index].inputs.contains { owner[$0] == owner[other] }
  }

  // MARK: Convolutions

  func convolution(_ index: Int, _ convolution: Convolution) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let tail = tail(of: index)
    // A border before it may have become the convolution's own padding.
    var window = convolution.window
    var input = node.inputs[0]
    if let border = borders[input] {
      window.padding = .explicit(
        top: border.top, bottom: border.bottom, left: border.left, right: border.right)
      input = graph.nodes[input].inputs[0]
    }
    let image = graph.nodes[input].shape
    var placed = try window.placed(on: Extent(image[0], image[1]), layer: layer).forOneDNN
    let (sources, targets) = (extents(input), extents(index))
    let kernel = try kernelDescriptor(index, convolution, stored: false)
    let bias = try biasDescriptor(index, tail.normalization)
    // A few channels are not worth a block.
    let source =
      image[2] <= 4
      ? try MemoryDescriptor(sources, dnnl_nchw, type, layer: layer)
      : try blocked(sources, type, layer)
    let blocks = (source, try blocked(targets, type, layer))
    let free = (
      try MemoryDescriptor(sources, dnnl_format_tag_any, type, layer: layer),
      try MemoryDescriptor(targets, dnnl_format_tag_any, type, layer: layer)
    )
    let rows = (
      try MemoryDescriptor(sources, dnnl_nhwc, type, layer: layer),
      try MemoryDescriptor(targets, dnnl_nhwc, type, layer: layer)
    )
    var candidates = [blocks, free, rows].map { (dnnl_convolution_direct, $0.0, $0.1) }
    if usesWinograd(index, convolution) {
      candidates.insert((dnnl_convolution_winograd, blocks.0, blocks.1), at: 0)
    }

    func make(_ attributes: Attributes) throws(NetworkError) -> [PrimitiveDescriptor] {
      var made: [PrimitiveDescriptor] = []
      for (algorithm, source, target) in candidates {
        let descriptor = try? PrimitiveDescriptor(layer: layer, "convolve") { result in
          withDescriptors(source, kernel, bias, target) {
            conednn_convolution_forward(
              &result, engine.handle, attributes.handle, dnnl_forward_inference,
              algorithm, $0, $1, $2, $3, &placed)
          }
        }
        guard let descriptor else { continue }
        made.append(descriptor)
        if !descriptor.isReference { break }
      }
      return made
    }
    let choice = try choose(
      index, tail, destination: { descriptor throws(NetworkError) in try descriptor.destination },
      make)
    let given = try choice.descriptor.source
    let region = try self.image(input, given)
    let target = try choice.descriptor.destination
    let stored = try kernelDescriptor(index, convolution, stored: true)
    try finish(
      index, tail, choice, source: (given, region), target: target,
      stored: stored, bias: bias, node.inputs[0],
      residual: { other throws(NetworkError) in try self.image(other, target) },
      arrangement: try arrangement(target, of: index))
  }

  /// Winograd's algorithm takes 2.25 to 4 times fewer products, at the price of some digits: for
  /// convolutions of 3 × 3 that move by one, with at least 64 channels on both sides, in Float32.
  private func usesWinograd(_ index: Int, _ convolution: Convolution) -> Bool {
    let window = convolution.window
    return !isExact && precision == .float32 && window.kernel == Extent(3)
      && window.strides == Extent(1) && window.dilation == Extent(1) && convolution.groups == 1
      && !convolution.isDepthwise && (inputShape(index).last ?? 0) >= 64
      && convolution.filters >= 64
  }

  /// A convolution's kernel as it is stored, or as oneDNN likes it.
  private func kernelDescriptor(
    _ index: Int, _ convolution: Convolution, stored: Bool
  ) throws(NetworkError) -> MemoryDescriptor {
    let inputs = inputShape(index).last ?? 1
    let outputs = graph.nodes[index].shape.last ?? 1
    let kernel = [convolution.window.kernel.height, convolution.window.kernel.width]
    let groups = convolution.isDepthwise ? inputs : convolution.groups
    let layer = name(index)
    if groups == 1 {
      return stored
        ? try MemoryDescriptor([outputs, inputs] + kernel, dnnl_hwio, layer: layer)
        : try MemoryDescriptor([outputs, inputs] + kernel, dnnl_format_tag_any, type, layer: layer)
    }
    let extents = [groups, outputs / groups, inputs / groups] + kernel
    guard stored else {
      return try MemoryDescriptor(extents, dnnl_format_tag_any, type, layer: layer)
    }
    return try MemoryDescriptor(extents, dnnl_hwigo, layer: layer)
  }

  // MARK: Dense layers

  func dense(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    let layer = node.name
    let tail = tail(of: index)
    let shape = graph.parameters[node.parameters[0]].shape
    let rows = count * node.shape.dropLast().reduce(1, *)
    let input = node.inputs[0]
    let isProduct = node.shape.count > 1
    let source = try MemoryDescriptor([rows, shape[0]], dnnl_ab, type, layer: layer)
    let target = try MemoryDescriptor([rows, shape[1]], dnnl_ab, type, layer: layer)
    // oneDNN's product takes the kernel as inputs × outputs, its layer as outputs × inputs.
    let extents = isProduct ? shape : [shape[1], shape[0]]
    let kernel = try MemoryDescriptor(extents, dnnl_format_tag_any, type, layer: layer)
    let stored = try MemoryDescriptor(extents, isProduct ? dnnl_ab : dnnl_ba, layer: layer)
    var bias: MemoryDescriptor?
    if try biasDescriptor(index, tail.normalization) != nil {
      bias =
        isProduct
        ? try MemoryDescriptor([1, shape[1]], dnnl_ab, layer: layer)
        : try MemoryDescriptor([shape[1]], dnnl_a, layer: layer)
    }
    let region = try plain(input, type)
    func make(_ attributes: Attributes) throws(NetworkError) -> [PrimitiveDescriptor] {
      let descriptor = try? PrimitiveDescriptor(layer: layer, "multiply by the kernel") { result in
        withDescriptors(source, kernel, bias, target) {
          isProduct
            ? conednn_product(&result, engine.handle, attributes.handle, $0, $1, $2, $3)
            : conednn_dense_forward(
              &result, engine.handle, attributes.handle, dnnl_forward_inference, $0, $1, $2, $3)
        }
      }
      return descriptor.map { [$0] } ?? []
    }
    let choice = try choose(
      index, tail, destination: { _ throws(NetworkError) in target }, make)
    try finish(
      index, tail, choice, source: (source, region), target: target, stored: stored, bias: bias,
      input,
      residual: { [type] other throws(NetworkError) in try self.plain(other, type) },
      arrangement: .plain(type))
  }

  // MARK: Both

  private func biasDescriptor(
    _ index: Int, _ normalization: Int?
  ) throws(NetworkError) -> MemoryDescriptor? {
    let node = graph.nodes[index]
    guard node.parameters.count > 1 || normalization != nil else { return nil }
    return try MemoryDescriptor([node.shape.last ?? 1], dnnl_a, layer: node.name)
  }

  private func finish(
    _ index: Int, _ tail: Tail, _ choice: Choice, source: (MemoryDescriptor, Int),
    target: MemoryDescriptor, stored: MemoryDescriptor, bias: MemoryDescriptor?, _ input: Int,
    residual: (Int) throws(NetworkError) -> Int,
    arrangement: Arrangement
  ) throws(NetworkError) {
    var destination: Int?
    var added: (argument: Int32, region: Int)?
    var other: Int?
    for (position, part) in tail.parts.prefix(choice.parts).enumerated() {
      guard case .residual(let node) = part else { continue }
      other = node
      let region = try residual(node)
      if choice.accumulates {
        destination = region
      } else {
        added = (
          DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (Int32(position) + 1) | DNNL_ARG_SRC_1, region
        )
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
      if let added { bindings.append((added.argument, target, memory(added.region))) }
      return try PrimitiveStep(choice.descriptor, engine: engine, bindings)
    }
    consume([input])
    if let other {
      consume([other])
      if choice.accumulates { forget(other) }
    }
    define(
      index, Form(arrangement: arrangement, region: output),
      absorbing: tail.absorbed(choice.parts))
  }
}
