import COneDNN

/// Turns a graph into the steps that compute it for one number of examples.
///
/// Values lie channels-last; the arrangement of packed kernels is left to oneDNN. What the backward
/// pass needs from the forward pass is kept here.
final class Compiler {
  let graph: Graph
  let engine: Engine
  let count: Int
  var values: [Buffer]
  let parameters: [Buffer]
  let fusion: Fusion
  let isTraining: Bool
  let usesBatchStatistics: Bool
  let dropsOut: Bool

  /// What runs for each batch.
  let program = Program()
  /// What runs once for each set of parameters; in training, part of every run.
  let preparation: Program

  var descriptors: [Int: PrimitiveDescriptor] = [:]
  var workspaces: [Int: (descriptor: MemoryDescriptor, buffer: Buffer)] = [:]
  var statistics: [Int: (mean: Buffer, variance: Buffer)] = [:]
  var masks: [Int: Buffer] = [:]

  init(
    _ graph: Graph, engine: Engine, count: Int, values: [Buffer], parameters: [Buffer],
    fusion: Fusion, isTraining: Bool, usesBatchStatistics: Bool, dropsOut: Bool
  ) {
    self.graph = graph
    self.engine = engine
    self.count = count
    self.values = values
    self.parameters = parameters
    self.fusion = fusion
    self.isTraining = isTraining
    self.usesBatchStatistics = usesBatchStatistics
    self.dropsOut = dropsOut
    preparation = isTraining ? program : Program()
  }

  /// Adds the steps for `needed` nodes, in order.
  func compileForward(needed: Set<Int>) throws(NetworkError) {
    for index in graph.nodes.indices
    where needed.contains(index) && !fusion.absorbed.contains(index) {
      try compileForward(index)
    }
  }

  /// Adds the steps for one node.
  func compileForward(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    switch node.operation {
    case .input, .reshape: break
    case .dense: try denseForward(index)
    case .convolution(let convolution): try convolutionForward(index, convolution)
    case .batchNormalization(let normalization): try normalizationForward(index, normalization)
    case .activation(let activation): try activationForward(index, activation)
    case .softmax: try softmaxForward(index)
    case .maximumPooling(let window): try poolingForward(index, dnnl_pooling_max, window)
    case .averagePooling(let window, let countsPadding):
      try poolingForward(index, dnnl_alg_kind_t.averagePooling(countsPadding), window)
    case .globalAveragePooling:
      try poolingForward(index, dnnl_pooling_avg_exclude_padding, wholeImage(index))
    case .globalMaximumPooling: try poolingForward(index, dnnl_pooling_max, wholeImage(index))
    case .add:
      program.append(
        try sum(node.inputs.map { values[$0] }, values[index], count * node.size, node.name))
    case .zeroPadding(let top, _, let left, _):
      program.append(border(index, inner: input(index), outer: values[index], top, left, false))
    case .dropout(let rate): if dropsOut, rate > 0 { dropoutForward(index) }
    default: try plainForward(index)
    }
  }

  // MARK: Views of values

  /// The value that a node reads.
  func input(_ index: Int) -> Buffer { values[graph.nodes[index].inputs[0]] }

  func inputShape(_ index: Int) -> [Int] { graph.nodes[graph.nodes[index].inputs[0]].shape }

  func name(_ index: Int) -> String { graph.nodes[index].name }

  var kind: dnnl_prop_kind_t { isTraining ? dnnl_forward_training : dnnl_forward_inference }

  /// A value as rows along its last axis.
  func rows(_ shape: [Int], _ layer: String) throws(NetworkError) -> MemoryDescriptor {
    let last = shape.last ?? 1
    return try MemoryDescriptor(
      [count * shape.dropLast().reduce(1, *), last], dnnl_ab, layer: layer)
  }

  /// A value as one row for each example.
  func flat(_ shape: [Int], _ layer: String) throws(NetworkError) -> MemoryDescriptor {
    try MemoryDescriptor([count, shape.reduce(1, *)], dnnl_ab, layer: layer)
  }

  /// A value as images, whatever its rank: positions become rows of one pixel.
  func images(_ shape: [Int], _ layer: String) throws(NetworkError) -> MemoryDescriptor {
    let extent = Extent(positionsOf: shape)
    return try MemoryDescriptor(
      [count, shape.last ?? 1, extent.height, extent.width], dnnl_nhwc, layer: layer)
  }

  func wholeImage(_ index: Int) -> Window {
    Window(Extent(positionsOf: inputShape(index)))
  }

  // MARK: Steps used forward and backward

  /// `destination = Σ sources`, all of `size` numbers.
  func sum(
    _ sources: [Buffer], _ destination: Buffer, _ size: Int, _ layer: String
  ) throws(NetworkError) -> PrimitiveStep {
    let array = try MemoryDescriptor([size], dnnl_a, layer: layer)
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "add values") { result in
      conednn_sum(
        &result, engine.handle, attributes.handle, Int32(sources.count), array.handle, array.handle)
    }
    var bindings = [(argument: DNNL_ARG_DST, descriptor: array, buffer: destination)]
    for (position, source) in sources.enumerated() {
      bindings.append((DNNL_ARG_MULTIPLE_SRC + Int32(position), array, source))
    }
    return try PrimitiveStep(descriptor, engine: engine, bindings)
  }

  /// Copies an array from one arrangement to another.
  func reorder(
    _ source: (MemoryDescriptor, Buffer), _ destination: (MemoryDescriptor, Buffer), _ layer: String
  ) throws(NetworkError) -> PrimitiveStep {
    let attributes = try Attributes(layer: layer)
    let descriptor = try PrimitiveDescriptor(layer: layer, "rearrange weights") { result in
      conednn_reorder(
        &result, engine.handle, attributes.handle, source.0.handle, destination.0.handle)
    }
    return try PrimitiveStep(
      descriptor, engine: engine,
      [(DNNL_ARG_FROM, source.0, source.1), (DNNL_ARG_TO, destination.0, destination.1)])
  }

  /// Copies images into a border of zeros, or their middle back out.
  func border(
    _ index: Int, inner: Buffer, outer: Buffer, _ top: Int, _ left: Int, _ removes: Bool
  ) -> BorderStep {
    let (small, large) = (inputShape(index), graph.nodes[index].shape)
    return BorderStep(
      inner: inner, outer: outer, images: count, height: small[0], rowLength: small[1] * small[2],
      top: top, outerHeight: large[0], left: left * small[2],
      outerRowLength: large[1] * large[2], removes: removes)
  }

  private func dropoutForward(_ index: Int) {
    let mask = Buffer(count: count * graph.nodes[index].size)
    masks[index] = mask
    program.append(ProductStep(input(index), mask, output: values[index], count: mask.count))
  }
}
