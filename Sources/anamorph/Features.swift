public import ArgumentParser
import Checkpoints
import Datasets
import Files
import Hypothesis
public import Networks
import Reports
import Training

extension FeaturePooling: ExpressibleByArgument {}

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the features that a network gives for a set of examples.",
    discussion: """
      Writes an HDF5 file with /features (examples × features, Float32), /ids, /labels where the set \
      has them, and where it all came from as attributes. In Python:

        h5py.File("f.h5")["features"][:]

      With several layers, each is an array of its own, /features/LAYER, a slash in its name written \
      as a full stop.

      Exit status: 0, or 2 when something could not be read, computed or written.
      """)

  @Argument(
    help: """
      The checkpoint, with its architecture inside, or a state dictionary of a network that is known \
      by its names and shapes.
      """,
    completion: .file(extensions: ["h5", "hdf5", "keras", "safetensors", "npz"]))
  var checkpoint: String

  @Option(
    help: """
      The examples: FILE, FILE::/path, FOLDER or FOLDER::/part; see Documentation/sets.md. A network \
      with several inputs takes --data INPUT=SET for each of them.
      """)
  var data: [String]

  @Option(help: "Their labels, when they are not beside the examples: FILE or FILE::/path.")
  var labels: String?

  @Option(name: [.short, .customLong("output")], help: "The file to write.")
  var output: String

  @Option(
    help: ArgumentHelp(
      "A layer whose output is wanted; again for more, or 'all' for every layer; the input of the "
        + "classifier head if none is named. 'inspect --graph' lists them.",
      valueName: "layer"))
  var at: [String] = []

  @Option(
    help: """
      What becomes of images and sequences: mean over positions, flatten to one row, or a row for \
      each of the positions.
      """)
  var pool = FeaturePooling.mean

  @Flag(
    help: """
      Of logits, keep those of the classes that the set has, in order: for sets with some of the \
      classes of the task. Without --at, the logits are what is recorded.
      """)
  var sharedClasses = false

  @Option(
    help: ArgumentHelp(
      "The architecture of a checkpoint that holds only parameters: Keras's model.to_json().",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var architecture: String?

  @OptionGroup var recognition: ArchitectureOptions
  @OptionGroup var running: RunningOptions
  @OptionGroup var inference: InferenceOptions

  func validate() throws {
    guard !data.isEmpty else { throw ValidationError("The examples are missing: --data SET.") }
  }

  func run() throws {
    try reporting {
      try checkWritable(output)
      let source = try Checkpoint.open(checkpoint)
      var inputs = try ExampleInputs(data, labels: labels, running)
      let file = try ArchitectureFile.read(architecture)
      let network = try recognition.network(
        source, architecture: file, fitting: inputs.exampleShapes, images: running.images,
        quiet: running.quiet)
      try inputs.prepare(for: network, running)
      let set = try inputs.set(fitting: network)
      let taps = try naming(checkpoint) { try self.taps(of: network.graph) }
      let classes = try sharedClasses ? self.classes(of: set, taps, network.graph) : nil
      try checkSizes(taps, set.count)
      let (executor, numbers) = try inference.executor(network, taps: taps, set: set, running)
      try write(
        taps, set, classes,
        FeatureProvenance(
          checkpoint: checkpoint, checkpointDigest: try source.digest(),
          set: data.joined(separator: ", "), tap: taps.map(\.name).joined(separator: ", "),
          preprocessing: inputs.preprocessing, numbers: numbers, version: Anamorph.version),
        executor)
      for tap in taps {
        StandardError.say(
          "\(output): \(set.count * tap.rowCount(pool)) × "
            + "\(classes?.count ?? tap.featureCount(pool)) features of "
            + "'\(tap.name)' for \(data.joined(separator: ", ")), preprocessing: "
            + "\(inputs.preprocessing)", unless: running.quiet)
      }
    }
  }

  /// The places that are asked for.
  private func taps(of graph: Graph) throws -> [Tap] {
    if at.isEmpty, sharedClasses { return [graph.logitsTap] }
    if at.isEmpty {
      if let features = graph.features {
        StandardError.say(
          "\(checkpoint): no classifier head; the features are its result, "
            + "'\(graph.nodes[features].name)'", unless: running.quiet)
      }
      return [try graph.penultimate]
    }
    if at == ["all"] { return graph.layerTaps }
    var taps: [Tap] = []
    for name in at {
      let tap = try graph.tap(named: name)
      guard !taps.contains(tap) else {
        throw NetworkError(layer: name, reason: "named twice")
      }
      taps.append(tap)
    }
    return taps
  }

  /// The outputs that belong to the classes that the set has.
  private func classes(of set: ExampleSet, _ taps: [Tap], _ graph: Graph) throws -> [Int] {
    guard let classes = set.presentClasses, let largest = classes.last else {
      throw FileError(path: data[0], reason: "has no labels, which --shared-classes needs")
    }
    for tap in taps where tap.shape != graph.outputShape || tap.shape.count != 1 {
      throw FileError(
        path: checkpoint, object: tap.name,
        reason: "\(tap.shape) are no logits, of which --shared-classes keeps some; those are at "
          + "'\(graph.logitsTap.name)'")
    }
    guard largest < graph.outputShape[0] else {
      throw FileError(
        path: data[0],
        reason: "label \(largest) is outside the \(graph.outputShape[0]) outputs of \(checkpoint)")
    }
    return classes
  }

  private func checkSizes(_ taps: [Tap], _ count: Int) throws {
    for tap in taps {
      let (rows, overflow) = count.multipliedReportingOverflow(by: tap.rowCount(pool))
      guard !overflow, rows <= 1 << 40 else {
        throw FileError(path: output, reason: "\(count) examples of \(tap.shape) are too many rows")
      }
    }
  }

  private func write(
    _ taps: [Tap], _ set: ExampleSet, _ classes: [Int]?, _ provenance: FeatureProvenance,
    _ executor: InferenceExecutor
  ) throws {
    let progress = Progress(
      "features", total: set.count, unit: "examples", isQuiet: running.quiet)
    try set.readingAhead(size: running.batchSize, threads: running.threads) { reader in
      func features(_ rows: Range<Int>) throws -> [[Float]] {
        let features = try reader.use(rows.lowerBound / running.batchSize) { values in
          try executor.run(values) { recorded in
            zip(taps, recorded).map { $0.features(of: $1, count: rows.count, pooling: pool) }
          }
        }
        for (tap, features) in zip(taps, features) {
          let width = tap.featureCount(pool) * tap.rowCount(pool)
          if let index = features.firstIndex(where: { !$0.isFinite }) {
            throw FileError(
              path: data[0], object: "example \(set.identifiers[rows.lowerBound + index / width])",
              reason: "the network's features at '\(tap.name)' are not finite; look at the example "
                + "and --preprocess")
          }
        }
        progress.advance(by: rows.count)
        guard let classes else { return features }
        return zip(taps, features).map { tap, values in
          rows.indices.flatMap { row in
            classes.map { values[(row - rows.lowerBound) * tap.size + $0] }
          }
        }
      }
      if taps.count == 1, taps[0].rowCount(pool) == 1 {
        try FeatureFile.write(
          to: output, width: classes?.count ?? taps[0].featureCount(pool), labels: set.labels,
          identifiers: set.identifiers, classNames: set.classNames, columnClasses: classes,
          provenance: provenance, blockRows: running.batchSize
        ) { try features($0)[0] }
      } else {
        try FeatureFile.write(
          to: output, layers: layers(taps, classes, executor.graph), labels: set.labels,
          identifiers: set.identifiers, classNames: set.classNames, columnClasses: classes,
          provenance: provenance, blockRows: running.batchSize, features)
      }
    }
    progress.finish()
  }

  /// The arrays of several layers: each under the name of its layer, or of its node where a layer is
  /// there twice.
  private func layers(
    _ taps: [Tap], _ classes: [Int]?, _ graph: Graph
  ) -> [FeatureFile.Layer] {
    let owners = taps.map { graph.nodes[$0.node].layer }
    let isUnique = Set(owners).count == owners.count
    return zip(taps, owners).map { tap, owner in
      FeatureFile.Layer(
        name: String((isUnique ? owner : tap.name).map { $0 == "/" ? "." : $0 }),
        width: classes?.count ?? tap.featureCount(pool),
        rowsPerExample: tap.rowCount(pool))
    }
  }
}
