/// The ways of adapting a pretrained network that an experiment compares, controls included.
public enum Method: String, Codable, Sendable, CaseIterable {
  /// A linear probe: a head on frozen features.
  case linearProbe = "LP"

  /// Fine-tuning every parameter from a random head.
  case fineTuning = "FT"

  /// Fine-tuning every parameter from the head of the linear probe.
  case linearProbeFineTuning = "LP-FT"

  /// Fine-tuning at the learning rate that LP-FT chose.
  case fineTuningAtEqualRate = "FT, rate of LP-FT"

  /// Fine-tuning stopped at the epoch that is best on the primary OOD set, which nobody could know.
  case oracleStopped = "FT, oracle stop"

  /// Fine-tuning before its first update: nothing has moved.
  case untrained = "FT, 0 steps"
}

/// What one method came to on one seed.
public struct MethodOutcome: Codable, Equatable, Sendable {
  /// The method.
  public var method: Method

  /// The learning rate chosen on ID validation.
  public var learningRate: Double?

  /// The epoch chosen on ID validation, from 1.
  public var epoch: Int?

  /// The regularisation strength of a linear probe.
  public var regularisation: Double?

  /// The share of test examples classified correctly, by set.
  public var accuracies: [SetAccuracy]

  /// The accuracy on the second part of the primary OOD set of a head fitted on its first part.
  public var refittedAccuracy: Double?

  /// What happened to weights and features against the pretrained network.
  public var distortion: Distortion?

  /// What a method came to.
  package init(
    method: Method, learningRate: Double? = nil, epoch: Int? = nil, regularisation: Double? = nil,
    accuracies: [SetAccuracy], refittedAccuracy: Double? = nil, distortion: Distortion? = nil
  ) {
    self.method = method
    self.learningRate = learningRate
    self.epoch = epoch
    self.regularisation = regularisation
    self.accuracies = accuracies
    self.refittedAccuracy = refittedAccuracy
    self.distortion = distortion
  }

  /// The accuracy on the ID test set.
  public var idAccuracy: Double { accuracies.first { $0.isID }?.accuracy ?? 0 }

  /// The accuracy on the named set, if it was tested.
  public func accuracy(on set: String) -> Double? {
    accuracies.first { $0.set == set }?.accuracy
  }

  /// The mean accuracy over the OOD sets.
  public var meanOODAccuracy: Double {
    let sets = accuracies.filter { !$0.isID }
    return sets.reduce(0) { $0 + $1.accuracy } / Double(max(sets.count, 1))
  }
}

/// The accuracy on one test set.
public struct SetAccuracy: Codable, Equatable, Sendable {
  /// The name of the set.
  public var set: String

  /// Whether it is in-distribution.
  public var isID: Bool

  /// How many examples it has.
  public var examples: Int

  /// The share of them classified correctly.
  public var accuracy: Double

  /// An accuracy.
  package init(set: String, isID: Bool, examples: Int, accuracy: Double) {
    self.set = set
    self.isID = isID
    self.examples = examples
    self.accuracy = accuracy
  }
}

/// What one seed of an experiment came to.
public struct SeedOutcome: Codable, Equatable, Sendable {
  /// The seed.
  public var seed: Int

  /// The mean loss over the last tenth of pretraining.
  public var pretrainingLoss: Double?

  /// Every method, in the order they were run.
  public var methods: [MethodOutcome]

  /// What a seed came to.
  package init(seed: Int, pretrainingLoss: Double? = nil, methods: [MethodOutcome]) {
    self.seed = seed
    self.pretrainingLoss = pretrainingLoss
    self.methods = methods
  }

  /// The outcome of one method.
  public subscript(method: Method) -> MethodOutcome? { methods.first { $0.method == method } }
}
