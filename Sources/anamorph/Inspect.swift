import ArgumentParser
import Checkpoints
import Files
import Networks
import Reports

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a checkpoint holds: layers in model order, parameters, shapes, types.",
    discussion: """
      Reads Keras models and weights (legacy HDF5 of Keras 1 to 3, .weights.h5, .keras), state \
      dictionaries in HDF5, Caffe's .caffemodel.h5, safetensors (also sharded), .npz and Anamorph's \
      own layout, each told from its content. Nothing in the file is run.

      Exit status: 0, or 2 when the file cannot be read.
      """)

  @Argument(
    help: "The checkpoint.",
    completion: .file(extensions: ["h5", "hdf5", "keras", "safetensors", "npz"]))
  var file: String

  @Flag(
    help: ArgumentHelp(
      "Also read the values: norm, mean, spread, range, NaN, infinities, zeros, and of matrices the "
        + "spectral norm, stable and effective rank; the digest."))
  var stats = false

  @Flag(
    help: ArgumentHelp(
      "Show the network's operations instead: shapes, parameter counts, and the taps that 'features "
        + "--at' takes. The file may then be an architecture alone, Keras's model.to_json()."))
  var graph = false

  @Option(
    help: ArgumentHelp(
      "For --graph, the architecture of a checkpoint that holds only parameters: Keras's "
        + "model.to_json().", valueName: "file"), completion: .file(extensions: ["json"]))
  var architecture: String?

  @Option(
    name: .customLong("input-shape"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "For --graph, the shape of an example, for models that leave it open: --input-shape 224 224 3.",
      valueName: "extent"))
  var inputShape: [Int] = []

  @OptionGroup var recognition: ArchitectureOptions

  @Option(help: "text for people; csv with a row for each parameter; json with everything.")
  var format = OutputFormat.text

  func run() throws {
    try reporting {
      if graph, let configuration = try ArchitectureFile.configuration(file) {
        return try showGraph(of: configuration)
      }
      let checkpoint = try Checkpoint.open(file)
      if graph { return try showGraph(checkpoint) }
      let table = try Self.table(checkpoint, stats: stats)
      let digest = stats ? try checkpoint.digest() : nil
      let architecture = FoundArchitecture(checkpoint, recognition.options)
      switch format {
      case .text:
        try StandardOutput.write(
          Self.heading(checkpoint, architecture)
            + Self.brief(table).text(style: .standardOutput())
            + Self.footing(checkpoint, digest, architecture))
      case .csv: try StandardOutput.write(table.csv)
      case .json:
        try StandardOutput.write(
          Self.json(checkpoint, table, digest, architecture).rendered() + "\n")
      }
    }
  }

  private static func heading(
    _ checkpoint: Checkpoint, _ architecture: FoundArchitecture
  ) -> String {
    var lines = ["\(checkpoint.path): \(checkpoint.layout.title)"]
    lines.append("recognised by: \(checkpoint.evidence)")
    if let line = architecture.summary { lines.append(line) }
    if let writer = checkpoint.writer { lines.append("written by: \(writer)") }
    lines += trainingLines(checkpoint)
    if let training = checkpoint.training { lines.append("training: \(training.text())") }
    if let parent = checkpoint.parentDigest { lines.append("began from: \(parent)") }
    return lines.map(oneLine).joined(separator: "\n") + "\n\n"
  }

  private static func footing(
    _ checkpoint: Checkpoint, _ digest: String?, _ architecture: FoundArchitecture
  ) -> String {
    let parameters = checkpoint.parameters
    let values = parameters.reduce(0) { $0 + $1.count }
    let bytes = parameters.reduce(0) { $0 + $1.byteCount }
    var lines = [
      "",
      "total: \(checkpoint.layers.count) layers, \(parameters.count) parameters, "
        + "\(NumberText.count(values)) values, \(NumberText.bytes(bytes))",
    ]
    if let digest { lines.append("digest: \(digest)") }
    if let digest, let recorded = checkpoint.recordedDigest, recorded != digest {
      lines.append("warning: the values are not those that were written (\(recorded))")
    }
    if !architecture.isUsable, let reason = architecture.refusal ?? checkpoint.conversionNeeded {
      lines.append("not usable as it is: \(reason)")
    }
    lines += (checkpoint.notes + architecture.notes).map { "note: \($0)" }
    return lines.map(oneLine).joined(separator: "\n") + "\n"
  }

  private static func json(
    _ checkpoint: Checkpoint, _ table: Table, _ digest: String?, _ architecture: FoundArchitecture
  ) -> JSONText {
    let optimizer: JSONText =
      checkpoint.optimizer.map {
        [
          "name": $0.name.map(JSONText.text) ?? .null, "source": .text($0.source),
          "settings": $0.settings.map(JSONText.init) ?? .null,
          "state_arrays": .integer($0.stateCount),
        ]
      } ?? .null
    return [
      "file": .text(checkpoint.path), "layout": .text(checkpoint.layout.rawValue),
      "recognised_by": .text(checkpoint.evidence),
      "written_by": checkpoint.writer.map(JSONText.text) ?? .null,
      "optimizer": optimizer,
      "training_config": checkpoint.trainingConfiguration.map(JSONText.init) ?? .null,
      "training": checkpoint.training.map(JSONText.init) ?? .null,
      "parent_digest": checkpoint.parentDigest.map(JSONText.text) ?? .null,
      "digest": digest.map(JSONText.text) ?? .null,
      "architecture": architecture.json,
      "conversion_needed": architecture.isUsable
        ? .null : checkpoint.conversionNeeded.map(JSONText.text) ?? .null,
      "notes": .array((checkpoint.notes + architecture.notes).map(JSONText.text)),
      "layer_count": .integer(checkpoint.layers.count),
      "parameter_count": .integer(checkpoint.parameters.count),
      "value_count": .integer(checkpoint.parameters.reduce(0) { $0 + $1.count }),
      "byte_count": .integer(checkpoint.parameters.reduce(0) { $0 + $1.byteCount }),
      "parameters": table.json,
    ]
  }
}
