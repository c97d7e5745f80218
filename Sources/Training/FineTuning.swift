public import Networks
import Randomness

/// Which statistics batch normalisation uses while a network is fine-tuned.
public enum NormalizationMode: String, Codable, Sendable, CaseIterable {
  /// Those of the batch; the stored averages follow.
  case train

  /// The stored averages, which stay as they are.
  case evaluate
}

/// Trains every parameter of a network on labelled examples, with mean cross-entropy.
///
/// Mini-batches are drawn without replacement in an order that the seed and the epoch fix. After each
/// epoch the accuracy on ID validation is measured; the best epoch is kept, the later one on a tie.
/// Nothing is stopped early: stopping means keeping the best.
public enum FineTuning {
  /// How a network is fine-tuned.
  public struct Settings: Codable, Equatable, Sendable {
    /// The update rule.
    public var optimizer: OptimizerSettings

    /// The learning rates to choose from on ID validation.
    public var learningRates: [Double]

    /// How often every training example is seen.
    public var epochs: Int

    /// Examples per update.
    public var batchSize: Int

    /// How the learning rate falls.
    public var schedule: Schedule

    /// Whether batch normalisation uses the batch's statistics or the stored ones.
    public var batchNormalization: NormalizationMode

    /// Momentum .9, no weight decay, a cosine schedule: as in section 4 of Kumar et al. (2022).
    public init(
      optimizer: OptimizerSettings = OptimizerSettings(.sgd), learningRates: [Double],
      epochs: Int, batchSize: Int = 64, schedule: Schedule = .cosine,
      batchNormalization: NormalizationMode = .train
    ) {
      self.optimizer = optimizer
      self.learningRates = learningRates
      self.epochs = epochs
      self.batchSize = batchSize
      self.schedule = schedule
      self.batchNormalization = batchNormalization
    }

    /// Reads an object in which `learningRates`, `epochs` and `batchSize` are needed.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        learningRates: try container.decode([Double].self, forKey: .learningRates),
        epochs: try container.decode(Int.self, forKey: .epochs),
        batchSize: try container.decode(Int.self, forKey: .batchSize))
      optimizer =
        try container.decodeIfPresent(OptimizerSettings.self, forKey: .optimizer) ?? optimizer
      schedule = try container.decodeIfPresent(Schedule.self, forKey: .schedule) ?? schedule
      batchNormalization =
        try container.decodeIfPresent(NormalizationMode.self, forKey: .batchNormalization)
        ?? batchNormalization
    }
  }

  /// What an epoch came to.
  public struct Epoch: Codable, Equatable, Sendable {
    /// The number of the epoch, from 1.
    public var number: Int

    /// The mean training loss over the epoch's batches, each at the weights before its update.
    public var trainingLoss: Double

    /// The share of validation examples classified correctly after the epoch.
    public var validationAccuracy: Double

    /// The share classified correctly of the set that an oracle would stop on, when one is watched.
    public var watchedAccuracy: Double?
  }

  /// One learning rate and what came of it.
  public struct Run: Sendable {
    /// The learning rate at the first step.
    public var learningRate: Double

    /// Every epoch, in order.
    public var epochs: [Epoch]

    /// The epoch that was kept.
    public var best: Epoch

    /// The network as it was after that epoch.
    public var network: Network
  }

  /// Runs once with one learning rate.
  ///
  /// - Parameter watched: A set whose accuracy is recorded after each epoch and decides nothing.
  /// - Throws: ``TrainingError`` when the loss stops being finite or a set does not fit the network.
  public static func run(
    _ network: Network, training: Examples, validation: Examples, watched: Examples? = nil,
    learningRate: Double, settings: Settings, seed: UInt64, threads: Int = 1
  ) throws -> Run {
    for set in [training, validation] + (watched.map { [$0] } ?? []) {
      try set.check(fits: network)
      try set.checkLabels(fit: network)
    }
    guard settings.epochs > 0, settings.batchSize > 0 else {
      throw TrainingError("fine-tuning needs at least one epoch and one example per batch")
    }
    let trainer = try NetworkTrainer(
      network, optimizer: settings.optimizer, batchSize: settings.batchSize,
      batchNormalization: settings.batchNormalization, threads: threads)
    let stepsPerEpoch = (training.count + settings.batchSize - 1) / settings.batchSize
    let (steps, isTooMany) = settings.epochs.multipliedReportingOverflow(by: stepsPerEpoch)
    guard !isTooMany else {
      throw TrainingError("\(settings.epochs) epochs of \(stepsPerEpoch) updates are too many")
    }
    var dropout = SeededGenerator(seed: seed, "fine-tuning: dropout")
    var order = SeededGenerator(seed: seed, "fine-tuning: batch order")
    var best: (epoch: Epoch, network: Network)?
    var epochs: [Epoch] = []
    var step = 0

    for number in 1...settings.epochs {
      let permutation = order.permutation(training.count)
      var loss = 0.0
      for start in stride(from: 0, to: training.count, by: settings.batchSize) {
        let rows = permutation[start..<min(start + settings.batchSize, training.count)]
        loss += try trainer.step(
          .labels(from: training, rows: rows),
          learningRate: learningRate * settings.schedule.factor(at: step, of: steps),
          dropout: &dropout)
        step += 1
      }
      guard loss.isFinite, trainer.isFinite else { break }
      let epoch = Epoch(
        number: number, trainingLoss: loss / Double(stepsPerEpoch),
        validationAccuracy: try trainer.accuracy(on: validation),
        watchedAccuracy: try watched.map { try trainer.accuracy(on: $0) })
      epochs.append(epoch)
      if epoch.validationAccuracy >= best?.epoch.validationAccuracy ?? -1 {
        best = (epoch, trainer.network())
      }
    }
    guard let best else {
      throw TrainingError(
        "the loss or a weight was not finite in the first epoch at learning rate "
          + "\(learningRate); try a smaller one")
    }
    return Run(
      learningRate: learningRate, epochs: epochs, best: best.epoch, network: best.network)
  }

  /// Runs with every learning rate of the settings; the best accuracy on ID validation wins, the
  /// earlier rate in the list on a tie.
  ///
  /// - Returns: The winner, and every run in the order of the rates. A rate at which the loss
  ///   overflows at once is left out.
  public static func select(
    _ network: Network, training: Examples, validation: Examples, watched: Examples? = nil,
    settings: Settings, seed: UInt64, threads: Int = 1,
    progress: (Double) -> Void = { _ in }
  ) throws -> (best: Run, runs: [Run]) {
    var runs: [Run] = []
    var failure = TrainingError("there is no learning rate to try")
    for rate in settings.learningRates {
      do {
        runs.append(
          try run(
            network, training: training, validation: validation, watched: watched,
            learningRate: rate, settings: settings, seed: seed, threads: threads))
      } catch let error as TrainingError { failure = error }
      progress(rate)
    }
    var best: Run?
    for run in runs
    where run.best.validationAccuracy > best?.best.validationAccuracy ?? -1 { best = run }
    guard let best else { throw failure }
    return (best, runs)
  }
}
