import Networks
import Randomness
import Training

/// An experiment's examples and pretrained network, for one seed.
struct ExperimentSource {
  private enum Task {
    case subspace(SubspaceTask)
    case styles(StylesTask)
    case files(FilesTask)
  }

  private let experiment: Experiment
  private let seed: UInt64
  private let task: Task

  /// - Parameter folder: What paths in the experiment are relative to.
  init(_ experiment: Experiment, folder: String, seed: UInt64) throws {
    self.experiment = experiment
    self.seed = seed
    task =
      switch experiment.task {
      case .subspace(let settings): .subspace(try SubspaceTask(settings, seed: seed))
      case .styles(let settings):
        .styles(try StylesTask(settings, folder: folder, seed: seed))
      case .files(let settings): .files(FilesTask(settings, folder: folder))
      }
  }

  /// The pretrained network, trained here unless it comes from a file.
  func pretrained() throws -> (network: Network, loss: Double?) {
    switch task {
    case .files(let task): return (try task.network(), nil)
    case .subspace(let task):
      let settings = try scratch()
      let result = try Pretraining.run(
        try perceptron(inputs: task.dimension, outputs: task.pretrainingOutputs, settings),
        settings: settings.training, seed: seed
      ) { count, generator in
        let batch = task.pretrainingBatch(count, using: &generator)
        return .targets(inputs: batch.inputs, batch.targets)
      }
      return (result.network, result.finalLoss)
    case .styles(let task):
      let settings = try scratch()
      let examples = try task.pretrainingExamples()
      let result = try Pretraining.run(
        try perceptron(inputs: task.width, outputs: task.pretrainingClasses, settings),
        settings: settings.training, seed: seed
      ) { count, generator in
        .labels(
          from: examples, rows: (0..<count).map { _ in generator.index(below: examples.count) })
      }
      return (result.network, result.finalLoss)
    }
  }

  /// The data of the downstream task.
  func transfer() throws -> TransferData {
    switch task {
    case .subspace(let task): task.transfer()
    case .styles(let task): try task.transfer()
    case .files(let task): try task.transfer()
    }
  }

  private func scratch() throws -> Experiment.FromScratch {
    guard let settings = experiment.pretraining else {
      throw ExperimentError("'pretraining' is missing, and the task names no checkpoint")
    }
    guard !settings.hidden.isEmpty, settings.hidden.allSatisfy({ $0 > 0 }) else {
      throw ExperimentError("'hidden' needs positive widths")
    }
    return settings
  }

  private func perceptron(
    inputs: Int, outputs: Int, _ settings: Experiment.FromScratch
  ) throws -> Network {
    let description = ArchitectureDescription.perceptron(
      inputs: inputs, hidden: settings.hidden, hasBias: settings.bias, classes: outputs)
    return Network(try description.graph(), seed: seed, architecture: description.json)
  }
}
