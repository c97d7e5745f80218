import COneDNN

/// Turns a graph into the steps that compute it once, as fast as oneDNN can.
///
/// Unlike ``Compiler``, which keeps values channels-last for the backward pass, values here lie as the
/// kernels that write and read them like it: images in blocks of 16 channels (8 without AVX-512), all
/// else row by row. Each value may exist in several arrangements; one is made from another where an
/// operation needs it. What follows a layer with weights is computed as the layer's results are
/// written: a batch normalisation is multiplied into the weights, activations and the sum with a
/// value that exists already come after. Operations that are not known here are computed by the steps
/// of ``Compiler``, on values channels-last in Float32.
///
/// Steps are planned first, with the times at which each piece of memory is in use; then all pieces
/// get their places in one block, and the steps are made.
final class InferenceCompiler {
  /// How a value lies in memory.
  enum Arrangement: Equatable {
    /// Channels-last, one example after the other.
    case plain(ElementType)
    /// As the description of its images (examples, channels, height, width) says.
    case image(MemoryDescriptor)
  }

  /// A value in one arrangement.
  struct Form {
    var arrangement: Arrangement
    var region: Int
  }

  /// Which memory each argument of a planned step is.
  typealias Memory = (_ region: Int) -> Buffer

  private enum Planned {
    case made((Memory) throws(NetworkError) -> any Step)
    case simple(node: Int, inputs: [(node: Int, region: Int)], output: Int)
  }

  let graph: Graph
  let engine: Engine
  let count: Int
  let isExact: Bool
  let weights: PackedWeights
  let consumers: [[Int]]
  private let kept: Set<Int>
  private let needed: Set<Int>

  private var planned: [Planned] = []
  private var memory = MemoryPlan()
  /// For each node, the node under which its value is known.
  private(set) var owner: [Int]
  /// By owner: how often the value is still read; taps count as readers that never come.
  private var remaining: [Int]
  /// By owner: the arrangements in which the value exists.
  var forms: [Int: [Form]] = [:]
  /// Nodes that were computed with an earlier one.
  private var absorbed: Set<Int> = []
  /// Borders of zeros that the convolutions after them take over.
  var borders: [Int: (top: Int, bottom: Int, left: Int, right: Int)] = [:]

  /// The first node that is computed in bfloat16, if any.
  private let firstBFloat16: Int
  /// The type of values between the operations planned now.
  private(set) var type = ElementType.float32

  init(
    _ graph: Graph, engine: Engine, count: Int, kept: Set<Int>, weights: PackedWeights,
    precision: Precision, bfloat16From first: Int, isExact: Bool
  ) {
    self.graph = graph
    self.engine = engine
    self.count = count
    self.kept = kept
    self.weights = weights
    firstBFloat16 = precision == .bfloat16 ? first : graph.nodes.count
    self.isExact = isExact
    consumers = graph.consumers
    needed = graph.ancestors(of: kept)
    owner = Array(graph.nodes.indices)
    remaining = [Int](repeating: 0, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() where node.operation.onlyRenames(dropsOut: false)
    {
      owner[index] = owner[node.inputs[0]]
    }
    for index in needed where !graph.nodes[index].operation.onlyRenames(dropsOut: false) {
      for input in graph.nodes[index].inputs { remaining[owner[input]] += 1 }
    }
    for node in kept { remaining[owner[node]] += 1 }
  }

  // MARK: The whole

  /// The steps, where the input is written, and where the value of each of `taps` is read.
  func compile(
    taps: [Int], arena: (_ count: Int) -> Buffer
  ) throws(NetworkError) -> (program: Program, input: Buffer, taps: [Buffer]) {
    let input = memory.add(count: count * graph.nodes[0].size, at: 0)
    forms[0] = [Form(arrangement: .plain(.float32), region: input)]
    for index in graph.nodes.indices.dropFirst()
    where needed.contains(index) && !absorbed.contains(index) {
      type = index < firstBFloat16 ? .float32 : .bfloat16
      try compile(index)
      // Taps are read channels-last; other arrangements of them need not be kept.
      for node in kept where owner[node] == owner[index] { _ = try plain(node) }
    }
    var regions: [Int] = []
    for tap in taps {
      let region = try plain(tap)
      memory.keep(region)
      regions.append(region)
    }
    let (offsets, total) = memory.places()
    let block = arena(total)
    let buffers = { (region: Int) in
      block.part(from: offsets[region], count: self.memory.count(of: region))
    }
    let program = try make(buffers)
    return (program, buffers(input), regions.map(buffers))
  }

  private func compile(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    switch node.operation {
    case .input, .reshape: break
    case _ where node.operation.onlyRenames(dropsOut: false): break
    case .dense: try dense(index)
    case .convolution(let convolution) where node.shape.count == 3:
      try self.convolution(index, convolution)
    case .batchNormalization(let normalization): try normalize(index, normalization)
    case .activation(let activation) where activation.function != nil:
      try activate(index, activation)
    case .maximumPooling(let window) where node.shape.count == 3:
      try pool(index, dnnl_pooling_max, window)
    case .averagePooling(let window, let countsPadding) where node.shape.count == 3:
      try pool(index, .averagePooling(countsPadding), window)
    case .globalAveragePooling where inputShape(index).count == 3:
      try average(index)
    case .globalMaximumPooling where inputShape(index).count == 3:
      try pool(index, dnnl_pooling_max, wholeImage(index))
    case .add: try add(index)
    case .concatenate(axis: 2) where node.shape.count == 3: try concatenate(index)
    case .layerNormalization(let normalization) where normalization.axes == 1:
      try normalize(index, normalization)
    case .attention(let attention) where !attention.isCausal: try attend(index, attention)
    case .zeroPadding(let top, let bottom, let left, let right) where isTakenOver(index):
      borders[index] = (top, bottom, left, right)
      rename(index, to: node.inputs[0])
    default: try simple(index)
    }
  }

  // MARK: Views of the graph

  func name(_ index: Int) -> String { graph.nodes[index].name }

  func inputShape(_ index: Int) -> [Int] { graph.nodes[graph.nodes[index].inputs[0]].shape }

  func wholeImage(_ index: Int) -> Window {
    let shape = inputShape(index)
    return Window(Extent(shape[0], shape[1]))
  }

  /// The one node that uses the value of `node`, when nobody else does.
  func onlyConsumer(of node: Int) -> Int? {
    let users = consumers[node].filter(needed.contains)
    return users.count == 1 && !kept.contains(node) ? users[0] : nil
  }

  /// Whether the value is there.
  func exists(_ node: Int) -> Bool { !(forms[owner[node]] ?? []).isEmpty }

  /// Whether nothing but the operation being planned reads the value again.
  func isLastUse(_ node: Int) -> Bool { remaining[owner[node]] == 1 }

  /// Whether every reader is a convolution without padding of its own, so that the border is its.
  private func isTakenOver(_ index: Int) -> Bool {
    !kept.contains(index)
      && consumers[index].allSatisfy { consumer in
        if case .convolution(let convolution) = graph.nodes[consumer].operation {
          return convolution.window.padding == .valid && graph.nodes[consumer].shape.count == 3
        }
        return false
      }
  }

  private func rename(_ index: Int, to input: Int) {
    let old = owner[index]
    for node in graph.nodes.indices where owner[node] == old { owner[node] = owner[input] }
    remaining[owner[input]] += remaining[old] - 1
  }

  // MARK: Planning

  /// Adds a step that reads and writes `regions`.
  func plan(_ regions: [Int], _ make: @escaping (Memory) throws(NetworkError) -> any Step) {
    for region in regions { memory.use(region, at: planned.count) }
    planned.append(.made(make))
  }

  /// New memory, first used by the step that comes next.
  func region(_ descriptor: MemoryDescriptor) -> Int {
    memory.add(count: descriptor.count, at: planned.count)
  }

  /// Notes that an operation has read its inputs.
  func consume(_ inputs: [Int]) {
    for input in inputs { remaining[owner[input]] -= 1 }
  }

  /// Notes in which form the value of `node` exists, together with the nodes computed with it.
  func define(_ node: Int, _ form: Form, absorbing members: [Int] = []) {
    if let end = members.last {
      remaining[owner[node]] = remaining[owner[end]]
      let ends = Set(members.map { owner[$0] })
      for other in graph.nodes.indices where ends.contains(owner[other]) {
        owner[other] = owner[node]
      }
      absorbed.formUnion(members)
    }
    forms[owner[node]] = [form]
  }

  /// Notes that the value of `node` has been written over.
  func forget(_ node: Int) { forms[owner[node]] = nil }

  // MARK: Operations that are not known here

  private func simple(_ index: Int) throws(NetworkError) {
    let node = graph.nodes[index]
    var inputs: [(node: Int, region: Int)] = []
    for input in node.inputs { inputs.append((input, try plain(input))) }
    let output = region(try plainImage(index, .float32))
    for region in inputs.map(\.region) + [output] { memory.use(region, at: planned.count) }
    planned.append(.simple(node: index, inputs: inputs, output: output))
    consume(node.inputs)
    define(index, Form(arrangement: .plain(.float32), region: output))
  }

  private func make(_ memory: Memory) throws(NetworkError) -> Program {
    let nothing = Buffer(count: 0)
    let values = [Buffer](repeating: nothing, count: graph.nodes.count)
    var parameters = [Buffer](repeating: nothing, count: graph.parameters.count)
    for case .simple(let node, _, _) in planned {
      for slot in graph.nodes[node].parameters { parameters[slot] = weights.copy(of: slot) }
    }
    let all = Set(graph.nodes.indices)
    let compiler = Compiler(
      graph, engine: engine, count: count, values: values, parameters: parameters,
      fusion: Fusion(graph, kept: all, isInference: true), isTraining: false,
      usesBatchStatistics: false, dropsOut: false)
    for step in planned {
      switch step {
      case .made(let make): compiler.program.append(try make(memory))
      case .simple(let node, let inputs, let output):
        for input in inputs { compiler.values[input.node] = memory(input.region) }
        compiler.values[node] = memory(output)
        try compiler.compileForward(node)
      }
    }
    try compiler.preparation.finish()
    weights.whenLoaded(compiler.preparation, on: engine)
    try compiler.preparation.run(on: engine.stream)
    try compiler.program.finish()
    return compiler.program
  }
}
