import Checkpoints
import Datasets
import Networks
import Training

/// One seed of an experiment, from pretraining to what each method did to weights and features.
struct SeedRun {
  let experiment: Experiment

  /// What paths in the experiment are relative to.
  let folder: String

  let seed: Int

  /// The folder that checkpoints go to; they are not kept when `nil`.
  let checkpoints: String?

  /// Called as pieces of work end, with how many; ``work(of:)`` in all.
  let progress: (Int) -> Void

  /// How many pieces of work a seed of `experiment` has.
  static func work(of experiment: Experiment) -> Int {
    (experiment.pretraining == nil ? 0 : pretrainingWork)
      + experiment.fineTuning.learningRates.count
      + experiment.ratesAfterLinearProbe.count + analysisWork
  }

  private static let pretrainingWork = 4
  private static let analysisWork = 2

  private var streamSeed: UInt64 { UInt64(bitPattern: Int64(seed)) }

  func outcome() throws -> SeedOutcome {
    let source = try ExperimentSource(experiment, folder: folder, seed: streamSeed)
    let data = try source.transfer()
    guard let primary = data.ood.first(where: { $0.name == experiment.primaryOOD }) else {
      throw ExperimentError("there is no OOD set '\(experiment.primaryOOD)'")
    }
    let (pretrained, pretrainingLoss) = try source.pretrained()
    if experiment.pretraining != nil { progress(Self.pretrainingWork) }
    let fresh = try pretrained.replacingHead(classes: data.classes, seed: streamSeed)
    let (probed, probe) = try fresh.linearlyProbed(
      training: data.training, validation: data.validation, settings: experiment.linearProbe)
    let fineTuned = try select(
      fresh, data, rates: experiment.fineTuning.learningRates, watched: primary.examples)
    let probedFineTuned = try select(probed, data, rates: experiment.ratesAfterLinearProbe)
    let equalRate = probedFineTuned.best.learningRate
    let fineTunedEqually =
      try fineTuned.runs.first { $0.learningRate == equalRate }
      ?? FineTuning.run(
        fresh, training: data.training, validation: data.validation, learningRate: equalRate,
        settings: experiment.fineTuning, seed: streamSeed)

    func outcome(_ method: Method, _ network: Network, _ run: FineTuning.Run?) throws
      -> MethodOutcome
    {
      let isRefitted = [.linearProbe, .fineTuning, .linearProbeFineTuning].contains(method)
      return MethodOutcome(
        method: method, learningRate: run?.learningRate, epoch: run?.best.number,
        regularisation: method == .linearProbe ? probe.regularisation : nil,
        accuracies: try accuracies(of: network, on: data),
        refittedAccuracy: isRefitted
          ? try refittedAccuracy(of: network, on: primary.examples, classes: data.classes) : nil,
        distortion: method == .linearProbe
          ? nil : try distortion(from: fresh, to: network, on: data))
    }
    let methods = [
      try outcome(.linearProbe, probed, nil),
      try outcome(.fineTuning, fineTuned.best.network, fineTuned.best),
      try outcome(.linearProbeFineTuning, probedFineTuned.best.network, probedFineTuned.best),
      try outcome(.fineTuningAtEqualRate, fineTunedEqually.network, fineTunedEqually),
      oracleStopped(fineTuned.best, on: primary), try outcome(.untrained, fresh, nil),
    ]
    func record(_ method: String, _ run: FineTuning.Run? = nil) -> TrainingRecord {
      TrainingRecord(
        method: method, optimizer: run.map { _ in experiment.fineTuning.optimizer },
        schedule: experiment.fineTuning.schedule, learningRate: run?.learningRate,
        batchSize: run.map { _ in experiment.fineTuning.batchSize }, epoch: run?.best.number,
        regularisation: method == "ft" ? nil : probe.regularisation,
        validationAccuracy: run?.best.validationAccuracy ?? probe.chosen?.validationAccuracy,
        seed: seed)
    }
    try keep(
      pretrained: pretrained,
      adapted: [
        (probed, record("lp")), (fineTuned.best.network, record("ft", fineTuned.best)),
        (probedFineTuned.best.network, record("lp-ft", probedFineTuned.best)),
      ])
    progress(Self.analysisWork)
    return SeedOutcome(seed: seed, pretrainingLoss: pretrainingLoss, methods: methods)
  }

  private func select(
    _ network: Network, _ data: TransferData, rates: [Double], watched: Examples? = nil
  ) throws -> (best: FineTuning.Run, runs: [FineTuning.Run]) {
    var settings = experiment.fineTuning
    settings.learningRates = rates
    return try FineTuning.select(
      network, training: data.training, validation: data.validation, watched: watched,
      settings: settings, seed: streamSeed
    ) { _ in progress(1) }
  }

  private func accuracies(of network: Network, on data: TransferData) throws -> [SetAccuracy] {
    try data.tests.map { test in
      SetAccuracy(
        set: test.name, isID: test.isID, examples: test.examples.count,
        accuracy: try network.accuracy(on: test.examples))
    }
  }

  private func distortion(
    from before: Network, to after: Network, on data: TransferData
  ) throws -> Distortion {
    var settings = DistortionAnalysis.Settings()
    settings.batchSize = 256
    settings.seed = streamSeed
    return try DistortionAnalysis(before: before, after: after, settings: settings).run(
      id: .init(name: TransferData.idName, examples: data.id.set(named: TransferData.idName)),
      ood: data.ood.map { .init(name: $0.name, examples: $0.examples.set(named: $0.name)) },
      training: data.training.set(named: "ID training"))
  }

  /// The accuracy on the last third of a set of a head fitted on its first half; the sixth between
  /// them chooses the regularisation.
  private func refittedAccuracy(
    of network: Network, on examples: Examples, classes: Int
  ) throws -> Double {
    let features = try network.features(of: examples)
    let (half, end) = (features.count / 2, features.count * 2 / 3)
    let probe = try LinearProbe(
      training: features[0..<half], validation: features[half..<end], classes: classes,
      settings: experiment.linearProbe)
    return try probe.accuracy(on: features[end..<features.count])
  }

  private func oracleStopped(
    _ run: FineTuning.Run, on primary: TransferData.Named
  ) -> MethodOutcome {
    var best = run.best
    for epoch in run.epochs where epoch.watchedAccuracy ?? 0 > best.watchedAccuracy ?? 0 {
      best = epoch
    }
    return MethodOutcome(
      method: .oracleStopped, learningRate: run.learningRate, epoch: best.number,
      accuracies: [
        SetAccuracy(
          set: primary.name, isID: false, examples: primary.examples.count,
          accuracy: best.watchedAccuracy ?? 0)
      ])
  }

  private func keep(
    pretrained: Network, adapted: [(network: Network, record: TrainingRecord)]
  ) throws {
    guard let checkpoints else { return }
    func path(_ name: String) -> String {
      "\(checkpoints)/\(experiment.name)-seed-\(seed)-\(name).h5"
    }
    let training = experiment.pretraining?.training
    let record = training.map { training in
      TrainingRecord(
        method: "pretrain", optimizer: training.optimizer, schedule: .cosine,
        learningRate: training.learningRate, batchSize: training.batchSize, seed: seed)
    }
    try pretrained.write(to: path("pretrained"), training: record?.json)
    let parent = try Checkpoint.open(path("pretrained")).recordedDigest
    for (network, record) in adapted {
      try network.write(
        to: path(record.method), training: record.json, parentDigest: parent)
    }
  }
}
