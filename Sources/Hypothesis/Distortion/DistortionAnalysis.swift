import Checkpoints
public import Datasets
public import Geometry
import LinearAlgebra
public import Networks
import Randomness
import Training

/// Compares two networks of one architecture on ID and OOD examples, in one pass over each set.
///
/// Features are those of the penultimate tap unless others are named. Inputs of weight layers are
/// taken at the network before. Memory does not grow with the number of examples.
public struct DistortionAnalysis: Sendable {
  /// A set of examples with its part in the comparison.
  public struct TestSet: Sendable {
    /// The name in tables.
    public var name: String

    /// The examples.
    public var examples: ExampleSet

    /// The groups that examples come in, which intervals do not split.
    public var groups: ExampleGroups?

    /// A named set.
    ///
    /// - Precondition: a group for each example, where there are groups.
    public init(name: String, examples: ExampleSet, groups: ExampleGroups? = nil) {
      precondition(
        groups.map { $0.names.count == examples.count } ?? true,
        "\(groups?.names.count ?? 0) groups for \(examples.count) examples")
      self.name = name
      self.examples = examples
      self.groups = groups
    }
  }

  /// How the analysis is done.
  public struct Settings: Sendable {
    /// The layers whose outputs are compared; the input of the classifier head when empty. Outputs
    /// that are images are averaged over their positions.
    public var taps: [String] = []

    /// How many blocks of examples the jackknife leaves out in turn.
    public var blocks = 20

    /// How many random rotations each null draws.
    public var rotations = 200

    /// The seed of the random rotations.
    public var seed: UInt64 = 0

    /// The numbers of leading directions that spans and angles are reported for besides those that
    /// rules choose.
    public var directionCounts = [1, 10]

    /// Whether a layer's bias is a further coordinate of its inputs, which is 1 for all.
    public var foldsBias = false

    /// How many positions of an example are looked at in layers that have more; all when `nil`.
    public var sampledPositions: Int?

    /// How many threads run the networks.
    public var threads = 1

    /// How many examples are computed at a time.
    public var batchSize = 64

    /// The penultimate tap, twenty blocks, two hundred rotations.
    public init() {}
  }

  private let before: Network
  private let after: Network
  private let settings: Settings
  private let taps: [(before: Tap, after: Tap)]
  private let layers: [WeightLayer]
  private let headNode: Int?
  private let fixedNodes: Set<Int>

  /// Prepares to compare two networks.
  ///
  /// Parameters are paired in model order, so the layers' names may differ.
  ///
  /// - Throws: ``ExperimentError`` when the networks are not of one architecture (their heads may
  ///   have different numbers of classes), ``Networks/NetworkError`` when there is no such tap.
  public init(before: Network, after: Network, settings: Settings = Settings()) throws {
    self.before = before
    self.after = after
    self.settings = settings
    headNode = try? before.graph.head
    fixedNodes = before.graph.fixedNodes
    let (a, b) = (before.graph.parameters, after.graph.parameters)
    guard before.graph.inputShape == after.graph.inputShape else {
      throw ExperimentError(
        "the networks are not of one architecture: they read examples of \(before.graph.inputShape) "
          + "before and \(after.graph.inputShape) after")
    }
    guard a.count == b.count else {
      throw ExperimentError(
        "the networks are not of one architecture: \(a.count) parameters before, \(b.count) after")
    }
    let headSlots = headNode.map { before.graph.nodes[$0].parameters } ?? []
    for (index, (x, y)) in zip(a, b).enumerated()
    where x.shape != y.shape && !headSlots.contains(index) {
      throw ExperimentError(
        "the networks are not of one architecture: \(x.layer)/\(x.role) is "
          + "\(x.shape.map(String.init).joined(separator: "×")) before and "
          + "\(y.shape.map(String.init).joined(separator: "×")) after")
    }
    let tapsBefore =
      try settings.taps.isEmpty
      ? [before.graph.penultimate] : settings.taps.map { try before.graph.tap(named: $0) }
    taps = try tapsBefore.map {
      ($0, try Self.partner(of: $0, from: before.graph, in: after.graph))
    }
    layers = before.graph.weightLayers.filter { a[$0.kernelSlot].shape == b[$0.kernelSlot].shape }
  }

  /// The tap of the network after that stands where `tap` does in the network before.
  private static func partner(
    of tap: Tap, from graph: Graph, in other: Graph
  ) throws -> Tap {
    if graph.nodes.count == other.nodes.count, other.nodes[tap.node].shape == tap.shape {
      return other.tap(at: tap.node)
    }
    return try other.tap(named: tap.name)
  }

  /// Runs both networks over every set and says what changed.
  ///
  /// - Parameter training: The examples that the network after was trained on, when they are at hand:
  ///   the spans of weight layers' inputs are then theirs, as the theory wants, and those of `id`
  ///   otherwise.
  /// - Parameter gathered: Called with what was kept of each tap's features on each set.
  /// - Parameter progress: Called with the number of examples that have just been computed.
  /// - Throws: ``Files/FileError``, ``ExperimentError``, or what a computation throws.
  public func run(
    id: TestSet, ood: [TestSet], training: ExampleSet? = nil,
    gathered: (_ tap: String, _ set: String, _ features: PairedFeatures) throws -> Void = {
      _, _, _ in
    },
    progress: (Int) -> Void = { _ in }
  ) throws -> Distortion {
    var idSums = try sums(over: id.examples, groups: id.groups, progress)
    if let training {
      let seen = try sums(over: training, groups: nil, progress)
      (idSums.inputs, idSums.samplingErrors) = (seen.inputs, seen.samplingErrors)
    }
    var oodSums = try ood.map { try sums(over: $0.examples, groups: $0.groups, progress) }
    for (place, tap) in taps.enumerated() {
      try gathered(tap.before.name, id.name, idSums.features[place])
      for (set, sums) in zip(ood, oodSums) {
        try gathered(tap.before.name, set.name, sums.features[place])
      }
    }
    let pooled = Self.withoutSharedExamples(oodSums)
    let features = try taps.enumerated().map { place, tap in
      try FeatureComparison(
        tap: tap.before.name, id: (id.name, idSums.features[place]),
        ood: zip(ood, oodSums).map { ($0.name, $1.features[place]) }, pooled: pooled,
        counts: settings.directionCounts)
    }
    let weights = try layers.enumerated().map { place, layer in
      try WeightComparison(
        layer: layer.name, ordinal: place + 1, isHead: layer.node == headNode,
        isFirst: fixedNodes.contains(layer.inputTap.node),
        before: kernel(of: layer, in: before), after: kernel(of: layer, in: after),
        id: (id.name, idSums.inputs[place]),
        ood: zip(ood, oodSums).map { ($0.name, $1.inputs[place]) }, pooled: pooled,
        counts: settings.directionCounts, rotations: settings.rotations,
        generator: SeededGenerator(seed: settings.seed, "rotation null of \(layer.name)"),
        positions: layer.positions, sampledPositions: idSums.sampledPositions[place],
        samplingError: idSums.samplingErrors[place])
    }
    idSums.inputs.removeAll()
    oodSums.removeAll()
    return Distortion(
      features: features.flatMap(\.measurements), contrasts: features[0].contrasts,
      statistics: features.flatMap(\.statistics),
      featureDirections: features.flatMap(\.directions), featureAngles: features.flatMap(\.angles),
      layers: weights.map(\.change),
      inputDirections: weights.flatMap(\.directions))
  }

  /// What is kept of one set: moments of its features and of every weight layer's inputs.
  private struct SetSums {
    var features: [PairedFeatures]
    var inputs: [InputMoment] = []
    var samplingErrors: [Double?] = []
    var sampledPositions: [Int?] = []
  }

  /// The sets that what is said of all OOD examples together is taken from: each example once, so that
  /// of sets with common examples only the largest counts.
  private static func withoutSharedExamples(_ sets: [SetSums]) -> [Int] {
    var seen: Set<UInt64> = []
    var chosen: [Int] = []
    let keys = sets.map { $0.features.first?.keys ?? [] }
    for place in sets.indices.sorted(by: { (keys[$1].count, $0) < (keys[$0].count, $1) })
    where keys[place].allSatisfy({ !seen.contains($0) }) {
      seen.formUnion(keys[place])
      chosen.append(place)
    }
    return chosen.sorted()
  }

  private func sums(
    over examples: ExampleSet, groups: ExampleGroups?, _ progress: (Int) -> Void
  ) throws -> SetSums {
    do { return try finiteSums(over: examples, groups: groups, progress) } catch let error
      as GeometryError
    {
      throw ExperimentError("\(examples.name): \(error)")
    }
  }

  private func finiteSums(
    over examples: ExampleSet, groups: ExampleGroups?, _ progress: (Int) -> Void
  ) throws -> SetSums {
    try examples.check(fits: before)
    var recorded = taps.map(\.before)
    for layer in layers where !recorded.contains(layer.inputTap) { recorded.append(layer.inputTap) }
    let first = try InferenceExecutor(
      before, taps: recorded, batchSize: settings.batchSize, threads: settings.threads)
    let second = try InferenceExecutor(
      after, taps: taps.map(\.after), batchSize: settings.batchSize, threads: settings.threads)
    var gathering = PairedFeatures.Settings()
    gathering.blocks = max(2, settings.blocks)
    var sums = SetSums(
      features: taps.map {
        PairedFeatures(
          beforeWidth: $0.before.featureCount, afterWidth: $0.after.featureCount,
          settings: gathering)
      })
    let gathered = LayerInputs(
      layers, taps: recorded, fixedNodes: fixedNodes,
      settings: LayerInputs.Settings(
        foldsBias: settings.foldsBias, sampledPositions: settings.sampledPositions,
        seed: settings.seed), threads: settings.threads)
    try examples.eachBatch(size: settings.batchSize, threads: settings.threads) { range, inputs in
      let width = inputs.count / max(1, range.count)
      let keys = range.enumerated().map { place, row in
        ExampleKey(
          examples.identifiers[row],
          values: UnsafeBufferPointer(rebasing: inputs[place * width..<(place + 1) * width]),
          group: groups?.names[row])
      }
      let moved = try second.run(inputs) { values in
        zip(taps, values).map { $0.after.features(of: $1, count: range.count) }
      }
      try first.run(inputs) { values in
        for (place, tap) in taps.enumerated() {
          try sums.features[place].add(
            before: tap.before.features(of: values[place], count: range.count),
            after: moved[place], keys: keys)
        }
        try gathered.add(values, examples: range.count)
      }
      progress(range.count)
    }
    sums.inputs = gathered.moments
    sums.samplingErrors = gathered.samplingErrors
    sums.sampledPositions = gathered.sampledPositions
    return sums
  }

  /// A layer's kernel as a matrix, fan-in × outputs; with the bias as a last row when it is folded in.
  private func kernel(of layer: WeightLayer, in network: Network) -> Matrix {
    let kernel = Matrix(
      rows: layer.fanIn, columns: layer.outputs,
      single: network.parameters[layer.kernelSlot].values)
    guard settings.foldsBias, let slot = layer.biasSlot else { return kernel }
    return InputSideSplit.foldingBias(
      network.parameters[slot].values.map { Double($0) }, into: kernel)
  }
}

extension Graph {
  /// The nodes whose values depend on the example alone, so that training cannot move them: there
  /// are neither parameters nor dropout on the way.
  fileprivate var fixedNodes: Set<Int> {
    var fixed: Set<Int> = []
    for (index, node) in nodes.enumerated() {
      if case .dropout(let rate) = node.operation, rate > 0 { continue }
      if node.parameters.isEmpty, fixed.isSuperset(of: node.inputs) { fixed.insert(index) }
    }
    return fixed
  }
}

extension ExampleSet {
  /// Checks that a network reads examples of this shape.
  ///
  /// - Throws: ``ExperimentError`` with both shapes.
  public func check(fits network: Network) throws {
    let wanted = network.graph.inputShape
    guard network.graph.reads(exampleShape) else {
      throw ExperimentError(
        "\(name): its examples are \(exampleShape.map(String.init).joined(separator: "×")) and the "
          + "network reads \(wanted.map(String.init).joined(separator: "×"))")
    }
  }
}
