import ArgumentParser
import Checkpoints
import Files
import Networks
import Randomness
import Reports
import Training

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a new network from scratch on labelled examples.")

  @Option(
    parsing: .upToNextOption,
    help: "The widths of a perceptron's hidden layers, the last being the penultimate features.")
  var hidden: [Int] = []

  @Option(
    help: "A description of the network in JSON, instead of --hidden (see the layout's page).",
    completion: .file(extensions: ["json"]))
  var architecture: String?

  @Option(help: "The number of updates.")
  var steps = 2000

  @Option(name: .customLong("step-size"), help: "Examples per update, drawn with replacement.")
  var examplesPerUpdate = 128

  @Option(help: "The learning rate at the first step; half a cosine takes it to zero.")
  var rate = 1e-3

  @Option(help: "The update rule.")
  var optimizer = OptimizerSettings.Method.adam

  @Option(help: "Weight decay of kernels.")
  var weightDecay = 0.0

  @OptionGroup var training: TrainingOptions

  func validate() throws {
    guard hidden.isEmpty != (architecture == nil) else {
      throw ValidationError("Say --hidden or --architecture, one of them.")
    }
    guard hidden.allSatisfy({ $0 > 0 }) else { throw ValidationError("Widths are positive.") }
    guard steps >= 1, examplesPerUpdate >= 1, rate > 0, rate.isFinite, weightDecay >= 0 else {
      throw ValidationError("Steps, step size and rate are positive, weight decay not negative.")
    }
  }

  func run() throws {
    try reporting {
      let (examples, validation, classes) = try training.examples()
      let network = try network(inputs: examples.shape, classes: classes)
      let progress = Progress(
        "pretrain", total: steps, unit: "updates", isQuiet: training.running.quiet)
      let settings = Pretraining.Settings(
        optimizer: OptimizerSettings(optimizer, weightDecay: weightDecay), steps: steps,
        batchSize: examplesPerUpdate, learningRate: rate)
      let result = try naming(training.data) {
        try Pretraining.run(
          network, settings: settings, seed: training.streamSeed,
          threads: training.running.threads, progress: { _ in progress.advance() }
        ) { count, generator in
          .labels(
            from: examples, rows: (0..<count).map { _ in generator.index(below: examples.count) })
        }
      }
      progress.finish()
      let accuracy = try result.network.accuracy(on: validation)
      var table = Table(
        "pretraining", caption: "What pretraining came to.",
        columns: [
          Column("updates", .integer, meaning: "How many updates were made."),
          Column(
            "loss", .number(significantDigits: 4), convention: "mean cross-entropy",
            meaning: "The mean loss over the last tenth of the updates."),
          Column(
            "validation_accuracy", .percent(decimals: 2), title: "validation",
            meaning: "The share of validation examples classified correctly."),
        ])
      table.append([.integer(steps), .number(result.finalLoss), .number(accuracy)])
      let record = TrainingRecord(
        method: "pretrain", optimizer: settings.optimizer, schedule: .cosine, learningRate: rate,
        batchSize: examplesPerUpdate, validationAccuracy: accuracy, seed: training.seed)
      try training.finish(result.network, record: record, parent: nil, table: table)
    }
  }

  private func network(inputs: [Int], classes: Int) throws -> Network {
    guard let architecture else {
      let description = ArchitectureDescription.perceptron(
        inputs: inputs.reduce(1, *), hidden: hidden, classes: classes)
      return Network(
        try description.graph(), seed: training.streamSeed, architecture: description.json)
    }
    let text = try TextFile.text(of: architecture)
    return try naming(architecture) {
      let json: JSON
      do { json = try JSON(parsing: text) } catch {
        throw FileError(path: architecture, reason: "\(error)")
      }
      let network = Network(
        try Graph(architecture: json), seed: training.streamSeed, architecture: json)
      guard network.graph.reads(inputs) else {
        throw FileError(
          path: architecture,
          reason:
            "reads examples of \(network.graph.inputShape), and those of \(training.data) are "
            + "\(inputs)")
      }
      guard network.outputCount == classes else {
        throw FileError(
          path: architecture,
          reason: "has \(network.outputCount) outputs, and the examples \(classes) classes")
      }
      return network
    }
  }
}
