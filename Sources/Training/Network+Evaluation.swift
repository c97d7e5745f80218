import Checkpoints
public import Networks

extension Network {
  /// The number of outputs per example: of classes, for a classifier.
  public var outputCount: Int { graph.outputShape.reduce(1, *) }

  /// The network's values at `tap` for examples, with their labels.
  ///
  /// - Throws: ``TrainingError`` when the examples are not what the network reads.
  public func features(
    of examples: Examples, at tap: Tap? = nil, threads: Int = 1
  ) throws -> FeatureSet {
    try examples.check(fits: self)
    let tap = try tap ?? graph.penultimate
    let executor = try InferenceExecutor(self, taps: [tap], batchSize: 256, threads: threads)
    return FeatureSet(
      width: tap.size, values: try executor.run(examples.inputs)[0], labels: examples.labels)
  }

  /// The class with the highest output for each example.
  ///
  /// - Parameter classes: Those to choose among; all when `nil`.
  /// - Throws: ``TrainingError`` when the examples are not what the network reads.
  /// - Precondition: `classes` are outputs of the network, at least one.
  public func predictions(
    on examples: Examples, among classes: [Int]? = nil, threads: Int = 1
  ) throws -> [Int] {
    let logits = try features(of: examples, at: graph.logitsTap, threads: threads)
    let width = logits.width
    if let classes {
      precondition(
        !classes.isEmpty && classes.allSatisfy { (0..<width).contains($0) },
        "classes \(classes) among \(width) outputs")
      return (0..<examples.count).map { row in
        classes[classes.map { logits.values[row * width + $0] }[...].indexOfLargest]
      }
    }
    return (0..<examples.count).map { row in
      logits.values[row * width..<(row + 1) * width].indexOfLargest
    }
  }

  /// The share of `examples` whose highest output is at their label.
  ///
  /// - Throws: ``TrainingError`` when the examples are not what the network reads.
  public func accuracy(on examples: Examples, threads: Int = 1) throws -> Double {
    let correct = zip(try predictions(on: examples, threads: threads), examples.labels)
    return Double(correct.filter { $0 == $1 }.count) / Double(max(examples.count, 1))
  }

  /// The network with a linear probe on its frozen features as its head.
  ///
  /// - Throws: ``TrainingError`` when the examples do not fit, or the head has no place for a probe.
  public func linearlyProbed(
    training: Examples, validation: Examples, settings: LinearProbe.Settings = .init(),
    threads: Int = 1
  ) throws -> (network: Network, probe: LinearProbe) {
    let probe = try LinearProbe(
      training: features(of: training, threads: threads),
      validation: features(of: validation, threads: threads), classes: outputCount,
      settings: settings)
    return (try withHead(probe), probe)
  }

  /// The network with the kernel and bias of its classifier head replaced by a linear probe's.
  ///
  /// - Throws: ``TrainingError`` when the head is not a dense layer of the probe's shape with a bias.
  public func withHead(_ probe: LinearProbe) throws -> Network {
    var network = self
    let slots = graph.nodes[try graph.head].parameters
    for slot in slots {
      let values = graph.parameters[slot].role == .kernel ? probe.kernel : probe.bias
      guard parameters[slot].values.count == values.count else {
        throw TrainingError(
          "the head's \(graph.parameters[slot].role) has \(parameters[slot].values.count) values, "
            + "the linear probe's \(values.count)")
      }
      network.parameters[slot].values = values
    }
    guard slots.count == 2 else {
      throw TrainingError("the head has no bias for the linear probe's")
    }
    return network
  }
}

extension Graph {
  /// Whether examples of `shape` are what the network reads: the same extents, axes of length one
  /// aside, or as many numbers where either side is a plain vector.
  ///
  /// Images with their axes in another order have as many numbers too, and are refused.
  package func reads(_ shape: [Int]) -> Bool {
    func extents(_ shape: [Int]) -> [Int] { shape.filter { $0 != 1 } }
    let (own, other) = (extents(inputShape), extents(shape))
    return own == other
      || (min(own.count, other.count) <= 1 && own.reduce(1, *) == other.reduce(1, *))
  }
}

extension Examples {
  /// Checks that a network reads examples of this shape and has an output for each label.
  func check(fits network: Network) throws {
    guard network.graph.reads(shape) else {
      throw TrainingError(
        "the examples are \(text(shape)) and the network reads \(text(network.graph.inputShape))")
    }
    guard count > 0 else { throw TrainingError("a set without examples cannot be used") }
  }

  /// Checks that every label is one of the network's outputs.
  func checkLabels(fit network: Network) throws {
    let classes = network.outputCount
    if let row = labels.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw TrainingError(
        "row \(row): label \(labels[row]) is outside the classes 0…\(classes - 1)")
    }
  }

  private func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
}
