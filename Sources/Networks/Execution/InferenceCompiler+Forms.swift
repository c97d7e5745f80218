import COneDNN

/// The arrangements in which a value exists, and how one is made from another.
extension InferenceCompiler {
  /// The value of `node` channels-last in the given type.
  func plain(_ node: Int, _ type: ElementType = .float32) throws(NetworkError) -> Int {
    try region(of: node, .plain(type), like: plainImage(node, type))
  }

  /// The value of `node` as `descriptor` describes its images.
  func image(_ node: Int, _ descriptor: MemoryDescriptor) throws(NetworkError) -> Int {
    for type in [ElementType.float32, .bfloat16] {
      let plain = try plainImage(node, type)
      if descriptor == plain { return try region(of: node, .plain(type), like: plain) }
    }
    return try region(of: node, .image(descriptor), like: descriptor)
  }

  /// The type in which the value was written, when that was channels-last.
  func writtenType(_ node: Int) -> ElementType {
    if case .plain(let written) = forms[owner[node]]?.first?.arrangement { written } else { type }
  }

  /// The arrangement in which the value was written, as a description of images.
  func current(_ node: Int) throws(NetworkError) -> MemoryDescriptor {
    switch forms[owner[node]]?.first?.arrangement {
    case .image(let descriptor): descriptor
    case .plain(let type): try plainImage(node, type)
    case nil: preconditionFailure("node \(node) is read before it is computed")
    }
  }

  /// The arrangement that `descriptor` describes, channels-last recognised.
  func arrangement(_ descriptor: MemoryDescriptor, of node: Int) throws(NetworkError) -> Arrangement
  {
    for type in [ElementType.float32, .bfloat16]
    where descriptor == (try plainImage(node, type)) { return .plain(type) }
    // One position with whole blocks of channels lies like a row.
    let shape = graph.nodes[node].shape
    let channels = shape.last ?? 1
    if shape.dropLast().allSatisfy({ $0 == 1 }),
      channels.isMultiple(of: Int(conednn_channel_block()))
    {
      for type in [ElementType.float32, .bfloat16]
      where descriptor == (try blocked([count, channels, 1, 1], type, name(node))) {
        return .plain(type)
      }
    }
    return .image(descriptor)
  }

  private func region(
    of node: Int, _ wanted: Arrangement, like descriptor: MemoryDescriptor
  ) throws(NetworkError) -> Int {
    let key = owner[node]
    let known = forms[key] ?? []
    if let form = known.first(where: { $0.arrangement == wanted }) { return form.region }
    guard let source = known.first else {
      preconditionFailure("node \(node) is read before it is computed")
    }
    // A renamed value may have another shape: it is put into rows as the shape it was written in.
    var (from, to) = (descriptor, descriptor)
    switch (source.arrangement, wanted) {
    case (.image(let written), .plain(let type)):
      (from, to) = (written, try plainImage(key, type))
    case (.image(let written), .image): from = written
    case (.plain(let type), .image): from = try plainImage(node, type)
    case (.plain(let type), .plain(let other)):
      (from, to) = (try plainImage(node, type), try plainImage(node, other))
    }
    let target = region(to)
    let layer = name(node)
    plan([source.region, target]) { [engine] memory throws(NetworkError) in
      try Reorder.step(
        from: (from, memory(source.region)), to: (to, memory(target)), engine: engine, layer: layer)
    }
    forms[key, default: []].append(Form(arrangement: wanted, region: target))
    return target
  }

  /// A value as images, channels-last.
  func plainImage(_ node: Int, _ type: ElementType) throws(NetworkError) -> MemoryDescriptor {
    try MemoryDescriptor(extents(node), dnnl_nhwc, type, layer: name(node))
  }

  /// A value's extents in oneDNN's order; positions that are no image are rows of one pixel.
  func extents(_ node: Int) -> [Int] {
    let shape = graph.nodes[node].shape
    let extent = Extent(positionsOf: shape)
    return [count, shape.last ?? 1, extent.height, extent.width]
  }

  func blocked(
    _ extents: [Int], _ type: ElementType, _ layer: String
  ) throws(NetworkError) -> MemoryDescriptor {
    let tag = conednn_channel_block() == 16 ? dnnl_nChw16c : dnnl_nChw8c
    return try MemoryDescriptor(extents, tag, type, layer: layer)
  }
}
