public import Networks
public import Randomness

/// Trains a fresh network for a number of updates on batches that a task supplies.
public enum Pretraining {
  /// How long, and how fast.
  public struct Settings: Codable, Equatable, Sendable {
    /// The update rule.
    public var optimizer: OptimizerSettings

    /// The number of updates.
    public var steps: Int

    /// Examples per update.
    public var batchSize: Int

    /// The learning rate at the first step; half a cosine takes it to zero.
    public var learningRate: Double

    /// Settings of a pretraining run.
    public init(
      optimizer: OptimizerSettings = OptimizerSettings(.adam), steps: Int, batchSize: Int,
      learningRate: Double
    ) {
      self.optimizer = optimizer
      self.steps = steps
      self.batchSize = batchSize
      self.learningRate = learningRate
    }
  }

  /// Inputs of one update with what the network should answer.
  public enum Batch: Sendable {
    /// Real-valued targets, as many per example as the network has outputs: half the mean squared
    /// error is minimised.
    case targets(inputs: [Float], [Float])

    /// Class labels: the mean cross-entropy is minimised.
    case labels(inputs: [Float], [Int])
  }

  /// What a run came to.
  public struct Result: Sendable {
    /// The network after the last update.
    public var network: Network

    /// The mean loss over the last tenth of the updates.
    public var finalLoss: Double
  }

  /// Trains `network` on what `nextBatch` returns.
  ///
  /// - Parameters:
  ///   - nextBatch: Draws a batch of the number of examples asked for.
  ///   - progress: Called after every update with its number, from 1.
  /// - Throws: ``TrainingError`` when a batch does not fit the network or the loss stops being finite.
  public static func run(
    _ network: Network, settings: Settings, seed: UInt64, threads: Int = 1,
    progress: (Int) -> Void = { _ in },
    nextBatch: (Int, inout SeededGenerator) throws -> Batch
  ) throws -> Result {
    guard settings.steps > 0, settings.batchSize > 0 else {
      throw TrainingError("pretraining needs at least one update and one example per batch")
    }
    let trainer = try NetworkTrainer(
      network, optimizer: settings.optimizer, batchSize: settings.batchSize,
      batchNormalization: .train, threads: threads)
    var generator = SeededGenerator(seed: seed, "pretraining: batches")
    var dropout = SeededGenerator(seed: seed, "pretraining: dropout")
    let counted = max(1, settings.steps / 10)
    var recent = 0.0
    for step in 0..<settings.steps {
      let rate = settings.learningRate * Schedule.cosine.factor(at: step + 1, of: settings.steps)
      let batch = try nextBatch(settings.batchSize, &generator)
      try batch.check(fits: network, atMost: settings.batchSize)
      let loss = try trainer.step(batch, learningRate: rate, dropout: &dropout)
      guard loss.isFinite else {
        throw TrainingError(
          "the loss was not finite at update \(step + 1) of pretraining with learning rate "
            + "\(settings.learningRate); try a smaller one")
      }
      if step >= settings.steps - counted { recent += loss }
      progress(step + 1)
    }
    guard trainer.isFinite else {
      throw TrainingError(
        "a weight was not finite after pretraining with learning rate \(settings.learningRate); "
          + "try a smaller one")
    }
    return Result(network: trainer.network(), finalLoss: recent / Double(counted))
  }
}

extension Pretraining.Batch {
  /// Checks that there is at least one example, at most `capacity`, each of the network's shape and
  /// with a target that the network can answer.
  fileprivate func check(fits network: Network, atMost capacity: Int) throws {
    let width = network.graph.inputShape.reduce(1, *)
    let outputs = network.outputCount
    let (inputs, count): ([Float], Int)
    switch self {
    case .labels(let values, let labels):
      (inputs, count) = (values, labels.count)
      if let label = labels.first(where: { !(0..<outputs).contains($0) }) {
        throw TrainingError("label \(label) is outside the classes 0…\(outputs - 1)")
      }
    case .targets(let values, let targets):
      (inputs, count) = (values, targets.count / outputs)
      guard targets.count == count * outputs else {
        throw TrainingError("\(targets.count) targets for \(outputs) outputs per example")
      }
    }
    guard (1...capacity).contains(count) else {
      throw TrainingError("a batch of \(count) examples where at most \(capacity) are expected")
    }
    guard inputs.count == count * width else {
      throw TrainingError(
        "\(inputs.count) values for \(count) examples, and the network reads \(width) of each")
    }
  }

  /// A batch of some rows of labelled examples.
  public static func labels(
    from examples: Examples, rows: some Sequence<Int>
  ) -> Pretraining.Batch {
    let width = examples.width
    var inputs: [Float] = []
    var labels: [Int] = []
    for row in rows {
      inputs.append(contentsOf: examples.inputs[row * width..<(row + 1) * width])
      labels.append(examples.labels[row])
    }
    return .labels(inputs: inputs, labels)
  }
}
