public import Checkpoints

/// How a checkpoint came to be: what is written into it beside the parameters.
public struct TrainingRecord: Codable, Equatable, Sendable {
  /// `pretrain`, `lp`, `ft` or `lp-ft`.
  public var method: String

  /// The update rule; `nil` when no parameter was moved by gradients.
  public var optimizer: OptimizerSettings?

  /// How the learning rate fell.
  public var schedule: Schedule?

  /// The learning rate at the first step.
  public var learningRate: Double?

  /// Examples per update.
  public var batchSize: Int?

  /// The epoch that was kept.
  public var epoch: Int?

  /// The strength of a linear probe's regularisation.
  public var regularisation: Double?

  /// The accuracy on ID validation that the choice was made by.
  public var validationAccuracy: Double?

  /// The seed of every random choice.
  public var seed: Int

  /// A record; what does not apply is left out.
  public init(
    method: String, optimizer: OptimizerSettings? = nil, schedule: Schedule? = nil,
    learningRate: Double? = nil, batchSize: Int? = nil, epoch: Int? = nil,
    regularisation: Double? = nil, validationAccuracy: Double? = nil, seed: Int
  ) {
    self.method = method
    self.optimizer = optimizer
    self.schedule = optimizer == nil ? nil : schedule
    self.learningRate = learningRate
    self.batchSize = batchSize
    self.epoch = epoch
    self.regularisation = regularisation
    self.validationAccuracy = validationAccuracy
    self.seed = seed
  }

  /// The record as a checkpoint holds it.
  public var json: JSON {
    var members: [String: JSON] = ["method": .string(method), "seed": .number(Double(seed))]
    if let optimizer {
      members["optimizer"] = .object([
        "name": .string(optimizer.method.rawValue), "momentum": .number(optimizer.momentum),
        "weight_decay": .number(optimizer.weightDecay),
      ])
    }
    members["schedule"] = schedule.map { .string($0.rawValue) }
    members["learning_rate"] = learningRate.map { .number($0) }
    members["batch_size"] = batchSize.map { .number(Double($0)) }
    members["epoch"] = epoch.map { .number(Double($0)) }
    members["regularisation"] = regularisation.map { .number($0) }
    members["validation_accuracy"] = validationAccuracy.map { .number($0) }
    return .object(members)
  }
}
