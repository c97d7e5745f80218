public import ArgumentParser
import Checkpoints
import Datasets
import Files
import Networks
import Randomness
import Reports
public import Training

extension Schedule: ExpressibleByArgument {}
extension NormalizationMode: ExpressibleByArgument {}
extension OptimizerSettings.Method: ExpressibleByArgument {}

/// The examples that every way of training needs, and where its result goes.
struct TrainingOptions: ParsableArguments {
  @Option(help: "Labelled training examples: FILE or FILE::/path (HDF5, .npy, IDX).")
  var data: String

  @Option(help: "Their labels, when they are not beside the examples.")
  var labels: String?

  @Option(
    help: "Examples that choose among what is tried; a part of the training examples if none.")
  var validation: String?

  @Option(help: "Labels of the validation examples, when they are not beside them.")
  var validationLabels: String?

  @Option(help: "The share of the training examples set aside when there is no --validation.")
  var validationShare = 0.2

  @Option(help: "The number of classes; one more than the largest label if not given.")
  var classes: Int?

  @Option(name: [.short, .customLong("output")], help: "The checkpoint to write.")
  var output: String

  @Option(help: "The seed of every random choice.")
  var seed = 0

  @Option(help: "text for people; csv or json for programs.")
  var format = OutputFormat.text

  @OptionGroup var running: RunningOptions

  func validate() throws {
    guard seed >= 0 else { throw ValidationError("Seeds are zero or more.") }
    guard validationShare > 0, validationShare < 1 else {
      throw ValidationError("The share set aside lies between 0 and 1.")
    }
    guard classes ?? 2 >= 2 else { throw ValidationError("There must be at least two classes.") }
  }

  var streamSeed: UInt64 { UInt64(seed) }

  /// The examples to learn from and those to choose by.
  ///
  /// - Throws: `FileError`, also when the checkpoint could not be written afterwards.
  func examples() throws -> (training: Examples, validation: Examples, classes: Int) {
    try checkWritable(output)
    let set = try running.open(data, labels: labels, classCount: classes)
    guard let count = classes ?? set.classCount else {
      throw FileError(path: data, reason: "has no labels; name them with --labels")
    }
    if let validation {
      let other = try running.open(validation, labels: validationLabels, classCount: count)
      guard other.exampleShape == set.exampleShape else {
        throw FileError(
          path: validation,
          reason: "its examples are \(other.exampleShape), and those of \(data) \(set.exampleShape)"
        )
      }
      return (try Examples(set), try Examples(other), count)
    }
    let aside = Int((Double(set.count) * validationShare).rounded())
    guard aside > 0, aside < set.count else {
      throw FileError(
        path: data, reason: "\(set.count) examples cannot be divided; name a --validation set")
    }
    var generator = SeededGenerator(seed: streamSeed, "training: validation share")
    let parts = set.split([set.count - aside, aside], using: &generator)
    return (try Examples(parts[0]), try Examples(parts[1]), count)
  }

  /// Writes the checkpoint and prints the table of what was tried.
  func finish(
    _ network: Network, record: TrainingRecord, parent: Checkpoint?, table: Table
  ) throws {
    try network.write(
      to: output, training: record.json, parentDigest: try parent?.digest())
    try StandardOutput.write(table.rendered(as: format, style: .standardOutput()))
    let accuracy = record.validationAccuracy.map {
      ", \(NumberText.percent($0)) of validation correct"
    }
    StandardError.say("\(output): \(record.method)\(accuracy ?? "")", unless: running.quiet)
  }
}

/// Options of fine-tuning.
struct FineTuningOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption, help: "Learning rates to choose from on the validation examples.")
  var rates: [Double] = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]

  @Option(help: "How often every training example is seen.")
  var epochs = 20

  @Option(name: .customLong("step-size"), help: "Examples per update.")
  var examplesPerUpdate = 64

  @Option(help: "The update rule. The theory is exact for sgd without weight decay.")
  var optimizer = OptimizerSettings.Method.sgd

  @Option(help: "The momentum of sgd.")
  var momentum = 0.9

  @Option(help: "Weight decay of kernels; it breaks the theory's premise.")
  var weightDecay = 0.0

  @Option(help: "How the learning rate falls.")
  var schedule = Schedule.cosine

  @Option(help: "Whether batch normalisation uses the batch's statistics or the stored ones.")
  var batchNormalization = NormalizationMode.train

  func validate() throws {
    guard !rates.isEmpty, rates.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw ValidationError("Learning rates are positive numbers.")
    }
    guard epochs >= 1, examplesPerUpdate >= 1 else {
      throw ValidationError("There must be at least one epoch and one example per update.")
    }
    guard weightDecay >= 0, (0..<1).contains(momentum) else {
      throw ValidationError("Weight decay is not negative, and momentum is in 0..<1.")
    }
  }

  var settings: FineTuning.Settings {
    FineTuning.Settings(
      optimizer: OptimizerSettings(optimizer, momentum: momentum, weightDecay: weightDecay),
      learningRates: rates, epochs: epochs, batchSize: examplesPerUpdate, schedule: schedule,
      batchNormalization: batchNormalization)
  }
}

extension Table {
  /// Every epoch of some fine-tuning runs.
  static func epochs(_ runs: [FineTuning.Run], best: FineTuning.Run) -> Table {
    var table = Table(
      "epochs", caption: "Every epoch of every learning rate.",
      columns: [
        Column("learning_rate", .number(significantDigits: 3), meaning: "That of the first step."),
        Column("epoch", .integer, meaning: "The number of the epoch, from 1."),
        Column(
          "training_loss", .number(significantDigits: 4),
          convention: "mean cross-entropy, each "
            + "batch before its update", meaning: "The loss over the epoch."),
        Column(
          "validation_accuracy", .percent(decimals: 2), title: "validation",
          meaning: "The share of validation examples classified correctly after the epoch."),
        Column("kept", .truth, meaning: "Whether the checkpoint holds the network after it."),
      ])
    for run in runs {
      for epoch in run.epochs {
        table.append([
          .number(run.learningRate), .integer(epoch.number), .number(epoch.trainingLoss),
          .number(epoch.validationAccuracy),
          .truth(run.learningRate == best.learningRate && epoch == best.best),
        ])
      }
    }
    return table
  }

  /// Every regularisation strength of a linear probe.
  static func candidates(_ probe: LinearProbe) -> Table {
    var table = Table(
      "candidates", caption: "Every regularisation strength of the linear probe.",
      columns: [
        Column(
          "regularisation", .number(significantDigits: 3),
          convention: "λ on ½‖W‖², mean "
            + "cross-entropy, features divided by one standard deviation",
          meaning: "The strength."),
        Column(
          "validation_accuracy", .percent(decimals: 2), title: "validation",
          meaning: "The share of validation examples classified correctly."),
        Column("objective", .number(significantDigits: 5), meaning: "Its value at the solution."),
        Column(
          "gradient", .number(significantDigits: 2),
          meaning: "The largest entry of its gradient there."),
        Column("iterations", .integer, meaning: "Those of L-BFGS."),
        Column("kept", .truth, meaning: "Whether the checkpoint holds it."),
      ])
    for candidate in probe.candidates {
      table.append([
        .number(candidate.regularisation), .number(candidate.validationAccuracy),
        .number(candidate.objective), .number(candidate.gradientNorm),
        .integer(candidate.iterations), .truth(candidate.regularisation == probe.regularisation),
      ])
    }
    return table
  }
}
