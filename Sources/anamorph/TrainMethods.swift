import ArgumentParser
import Checkpoints
import Files
import Networks
import Reports
import Training

struct TrainLinearProbe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lp",
    abstract: "Fit a classifier head on frozen features: multinomial logistic regression, L-BFGS.")

  @Option(help: "The pretrained checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var from: String

  @OptionGroup var training: TrainingOptions
  @OptionGroup var architecture: ArchitectureOptions

  func run() throws {
    try reporting {
      let (parent, _, _, probed, probe) = try training.probe(from, architecture)
      let record = TrainingRecord(
        method: "lp", regularisation: probe.regularisation,
        validationAccuracy: probe.chosen?.validationAccuracy, seed: training.seed)
      try training.finish(probed, record: record, parent: parent, table: .candidates(probe))
    }
  }
}

struct TrainFineTuning: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ft", abstract: "Train every parameter, from a new random head.")

  @Option(help: "The pretrained checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var from: String

  @Flag(help: "Begin from the checkpoint's own head instead of a random one.")
  var keepHead = false

  @OptionGroup var fineTuning: FineTuningOptions
  @OptionGroup var training: TrainingOptions
  @OptionGroup var architecture: ArchitectureOptions

  func run() throws {
    try reporting {
      let parent = try Checkpoint.open(from)
      let pretrained = try naming(from) {
        try architecture.network(parent, quiet: training.running.quiet)
      }
      let data = try training.examples(for: pretrained)
      let network = try naming(from) {
        keepHead
          ? pretrained
          : try pretrained.replacingHead(classes: data.classes, seed: training.streamSeed)
      }
      guard data.classes <= network.outputCount else {
        throw FileError(
          path: training.data,
          reason: "has \(data.classes) classes, and the head of \(from) \(network.outputCount); "
            + "leave --keep-head out")
      }
      try fineTuning.run(
        network, method: "ft", parent: parent, regularisation: nil,
        (data.training, data.validation), training)
    }
  }
}

struct TrainLinearProbeFineTuning: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lp-ft", abstract: "Fit a linear probe, then train every parameter from there.")

  @Option(help: "The pretrained checkpoint.", completion: .file(extensions: ["h5", "hdf5"]))
  var from: String

  @OptionGroup var fineTuning: FineTuningOptions
  @OptionGroup var training: TrainingOptions
  @OptionGroup var architecture: ArchitectureOptions

  func run() throws {
    try reporting {
      let (parent, examples, validation, probed, probe) = try training.probe(from, architecture)
      try fineTuning.run(
        probed, method: "lp-ft", parent: parent, regularisation: probe.regularisation,
        (examples, validation), training)
    }
  }
}

extension TrainingOptions {
  /// Opens the pretrained checkpoint and the examples, and fits a linear probe as a new head.
  fileprivate func probe(
    _ path: String, _ architecture: ArchitectureOptions
  ) throws -> (
    parent: Checkpoint, training: Examples, validation: Examples, probed: Network,
    probe: LinearProbe
  ) {
    let parent = try Checkpoint.open(path)
    let pretrained = try naming(path) {
      try architecture.network(parent, quiet: running.quiet)
    }
    let data = try examples(for: pretrained)
    let network = try naming(path) {
      try pretrained.replacingHead(classes: data.classes, seed: streamSeed)
    }
    let (probed, probe) = try naming(self.data) {
      try network.linearlyProbed(
        training: data.training, validation: data.validation, threads: running.threads)
    }
    return (parent, data.training, data.validation, probed, probe)
  }
}

extension FineTuningOptions {
  /// Fine-tunes `network` with every learning rate, writes the best and prints every epoch.
  fileprivate func run(
    _ network: Network, method: String, parent: Checkpoint, regularisation: Double?,
    _ data: (training: Examples, validation: Examples), _ options: TrainingOptions
  ) throws {
    let progress = Progress(
      method, total: settings.learningRates.count, unit: "learning rates",
      isQuiet: options.running.quiet)
    let (best, runs) = try naming(options.data) {
      try FineTuning.select(
        network, training: data.training, validation: data.validation, settings: settings,
        seed: options.streamSeed, threads: options.running.threads
      ) { _ in progress.advance() }
    }
    progress.finish()
    let record = TrainingRecord(
      method: method, optimizer: settings.optimizer, schedule: settings.schedule,
      learningRate: best.learningRate, batchSize: settings.batchSize, epoch: best.best.number,
      regularisation: regularisation, validationAccuracy: best.best.validationAccuracy,
      seed: options.seed)
    try options.finish(
      best.network, record: record, parent: parent, table: .epochs(runs, best: best))
  }
}
