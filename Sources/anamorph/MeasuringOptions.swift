import ArgumentParser
import Checkpoints
import Files
import Geometry
import Hypothesis
import LinearAlgebra
import Networks
import Reports

/// How the measures of two feature sets are taken and shown.
struct MeasuringOptions: ParsableArguments {
  @Option(
    name: .customLong("head-before"),
    help: "The checkpoint whose head reads the first set: NC3, NC4.")
  var headBefore: String?

  @Option(name: .customLong("head-after"), help: "The checkpoint whose head reads the second set.")
  var headAfter: String?

  @Option(help: "How many random pairings or rotations a null draws.")
  var draws = 100

  @Option(help: "On how many examples measures are taken that look at all pairs of them.")
  var sample = 1024

  @Option(help: "The seed of the nulls.")
  var seed = 0

  @OptionGroup var recognition: ArchitectureOptions

  @Option(help: "text for people; csv with a measurement per row; json with everything.")
  var format = OutputFormat.text

  func validate() throws {
    guard draws >= 0, seed >= 0, sample >= 4 else {
      throw ValidationError("--draws and --seed are zero or more, --sample at least 4.")
    }
  }

  /// Takes the measures and prints them.
  ///
  /// - Returns: the table.
  @discardableResult
  func measure(
    _ features: PairedFeatures, _ measures: [SimilarityMeasure], title: String, pair: String
  ) throws -> Table {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = draws
    settings.seed = UInt64(seed)
    settings.quadraticRows = sample
    settings.heads = (try head(of: headBefore), try head(of: headAfter))
    let results = try naming(title) {
      try SimilarityAnalysis(features, settings: settings).results(for: measures)
    }
    var table = Table.similarities
    table.append(results, pair: pair, widths: (features.beforeWidth, features.afterWidth))
    switch format {
    case .csv: try StandardOutput.write(table.csv)
    case .json: try StandardOutput.write(table.json.rendered() + "\n")
    case .text:
      try StandardOutput.write(
        "\(title): \(features.beforeWidth) and \(features.afterWidth) features, "
          + "\(features.count) examples\n\n"
          + SimilaritySummary.table(results).text(style: Style.standardOutput()))
    }
    return table
  }

  private func head(of path: String?) throws -> SimilarityAnalysis.Head? {
    guard let path else { return nil }
    return try naming(path) {
      let network = try Network(try Checkpoint.open(path), options: recognition.options)
      let node = try network.graph.head
      guard let layer = network.graph.weightLayers.first(where: { $0.node == node }) else {
        throw FileError(path: path, reason: "the head has no matrix")
      }
      let matrix = Matrix(
        rows: layer.fanIn, columns: layer.outputs,
        single: network.parameters[layer.kernelSlot].values)
      let bias = layer.biasSlot.map { network.parameters[$0].values.map { Double($0) } }
      return SimilarityAnalysis.Head(
        matrix: matrix, bias: bias ?? [Double](repeating: 0, count: layer.outputs))
    }
  }
}
