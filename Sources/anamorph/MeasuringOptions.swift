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

  @Option(
    name: .customLong("draws"),
    help: "How many random pairings or rotations a null draws. (default: 100)")
  var chosenDraws: Int?

  @Option(
    name: .customLong("sample"),
    help: "On how many examples measures are taken that look at all pairs of them. (default: 1024)")
  var chosenSample: Int?

  @Option(name: .customLong("seed"), help: "The seed of the nulls. (default: 0)")
  var chosenSeed: Int?

  var draws: Int { chosenDraws ?? 100 }
  var sample: Int { chosenSample ?? 1024 }
  var seed: Int { chosenSeed ?? 0 }

  /// Whether something was chosen about measures, their nulls or heads.
  var isChosen: Bool {
    chosenDraws != nil || chosenSample != nil || chosenSeed != nil || headBefore != nil
      || headAfter != nil
  }

  @OptionGroup var recognition: ArchitectureOptions

  @Option(help: "text for people; csv with a measurement per row; json with everything.")
  var format = OutputFormat.text

  func validate() throws {
    guard draws >= 0, seed >= 0, sample >= 4 else {
      throw ValidationError("--draws and --seed are zero or more, --sample at least 4.")
    }
  }

  /// The measures of one pair of sets, and what is said of it.
  struct Part {
    /// The name of the tap; empty for files of one array.
    var tap = ""

    /// Which files, and their groups: what stands before the numbers of features and examples.
    var title: String

    /// What the examples are grouped by, for people; may be empty.
    var groups = ""

    /// The numbers of features.
    var widths: (before: Int, after: Int)

    /// The number of examples.
    var count: Int

    /// The measures.
    var results: [SimilarityResult]
  }

  /// Takes the measures.
  func measure(
    _ features: PairedFeatures, _ measures: [SimilarityMeasure]
  ) throws -> [SimilarityResult] {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = draws
    settings.seed = UInt64(seed)
    settings.quadraticRows = sample
    settings.heads = (try head(of: headBefore), try head(of: headAfter))
    return try SimilarityAnalysis(features, settings: settings).results(for: measures)
  }

  /// Prints the measures of every part.
  ///
  /// - Returns: the table.
  @discardableResult
  func show(_ parts: [Part]) throws -> Table {
    var table = Table.similarities
    for part in parts { table.append(part.results, pair: part.tap, widths: part.widths) }
    switch format {
    case .csv: try StandardOutput.write(table.csv)
    case .json: try StandardOutput.write(table.json.rendered() + "\n")
    case .text:
      let style = Style.standardOutput()
      let texts = parts.map { part in
        "\(part.title): \(part.widths.before) and \(part.widths.after) features, "
          + "\(part.count) examples\(part.groups)\n\n"
          + SimilaritySummary.table(part.results).text(style: style)
      }
      try StandardOutput.write(texts.joined(separator: "\n"))
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
