public import ArgumentParser
public import Datasets
import Files

extension Preprocessing: ExpressibleByArgument {
  /// Reads what ``Preprocessing/init(parsing:)`` reads.
  public init?(argument: String) { self.init(parsing: argument) }
}

/// Options that every command that runs a network on examples has.
struct RunningOptions: ParsableArguments {
  @Option(
    name: .customLong("preprocess"),
    help: ArgumentHelp(
      "What is done to the numbers of an example: raw, unit (x/255), symmetric (x/127.5 − 1), or "
        + "'scale S shift B' with one number or one per channel.",
      valueName: "how"))
  var preprocessing = Preprocessing.raw

  @Option(help: "How many threads run the network; results do not depend on it.")
  var threads = Processors.count

  @Option(
    name: [.customLong("batch-size"), .customLong("batch")],
    help: "How many examples are computed at a time.")
  var batchSize = 64

  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("There must be at least one thread.") }
    guard (1...65536).contains(batchSize) else {
      throw ValidationError("A batch has 1 to 65536 examples.")
    }
  }

  /// Opens a set and prepares its examples.
  func open(_ name: String, labels: String? = nil, classCount: Int? = nil) throws -> ExampleSet {
    let set = try ExampleSet.open(name, labels: labels, classCount: classCount)
    if let channels = preprocessing.channelCount, channels != set.channelCount {
      throw FileError(
        path: name,
        reason: "has \(set.channelCount) channels, and --preprocess is for \(channels)")
    }
    return set.preprocessed(by: preprocessing)
  }
}
