import ArgumentParser
import Checkpoints
import Datasets
import Files
import Hypothesis
import Networks
import Reports
import Training

struct Features: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the features that a network gives for a set of examples.",
    discussion: """
      Writes an HDF5 file with /features (examples × features, Float32), /ids, /labels where the set \
      has them, and where it all came from as attributes. In Python:

        h5py.File("f.h5")["features"][:]

      Exit status: 0, or 2 when something could not be read, computed or written.
      """)

  @Argument(
    help: "The checkpoint, with its architecture inside.",
    completion: .file(extensions: ["h5", "hdf5"]))
  var checkpoint: String

  @Option(
    help: "The examples: FILE, FILE::/path, FOLDER or FOLDER::/part; see Documentation/sets.md.")
  var data: String

  @Option(help: "Their labels, when they are not beside the examples: FILE or FILE::/path.")
  var labels: String?

  @Option(name: [.short, .customLong("output")], help: "The file to write.")
  var output: String

  @Option(
    help: """
      The layer whose output is wanted; the input of the classifier head if none is named. Images \
      are averaged over their positions.
      """)
  var at: String?

  @OptionGroup var running: RunningOptions
  @OptionGroup var inference: InferenceOptions

  func run() throws {
    try reporting {
      try checkWritable(output)
      let source = try Checkpoint.open(checkpoint)
      let network = try Network(source)
      let prepared = try running.open(data, labels: labels, for: network)
      let set = prepared.examples
      try set.check(fits: network)
      let tap = try naming(checkpoint) {
        try at.map { try network.graph.tap(named: $0) } ?? network.graph.penultimate
      }
      let executor = try InferenceExecutor(
        network, taps: [tap], batchSize: running.batchSize, threads: running.threads,
        precision: inference.precision, isExact: inference.exact)
      let progress = Progress(
        "features", total: set.count, unit: "examples", isQuiet: running.quiet)
      let provenance = FeatureProvenance(
        checkpoint: checkpoint, checkpointDigest: try source.digest(), set: data, tap: tap.name,
        preprocessing: prepared.preprocessing, version: Anamorph.version)
      try set.readingAhead(size: running.batchSize, threads: running.threads) { reader in
        try FeatureFile.write(
          to: output, width: tap.featureCount, labels: set.labels, identifiers: set.identifiers,
          classNames: set.classNames, provenance: provenance, blockRows: running.batchSize
        ) { rows in
          let features = try reader.use(rows.lowerBound / running.batchSize) { inputs in
            try executor.run(inputs) { tap.features(of: $0[0], count: rows.count) }
          }
          if let index = features.firstIndex(where: { !$0.isFinite }) {
            let row = rows.lowerBound + index / tap.featureCount
            throw FileError(
              path: data, object: "example \(set.identifiers[row])",
              reason: "the network's features are not finite; look at the example and --preprocess")
          }
          progress.advance(by: rows.count)
          return features
        }
      }
      progress.finish()
      StandardError.say(
        "\(output): \(set.count) × \(tap.featureCount) features of '\(tap.name)' for \(data), "
          + "preprocessing: \(prepared.preprocessing)", unless: running.quiet)
    }
  }
}
