import ArgumentParser
import Checkpoints
import Files
import Geometry
import Reports

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare the parameters of checkpoints.",
    discussion: """
      Parameters are paired by layer, role, shape and model order, whatever the layouts of the \
      files, and every pair says how it was found. Changes are from the first file to the second. \
      Kernels whose axes are ordered otherwise are transposed first, which is said.

      With more than two files, each is compared with the first and with the one before it; csv \
      then has a row for each file as a whole and for each of its parameters, for plotting.

      Exit status: 0 when every parameter has a partner of the same shape and values, 1 when \
      something differs, 2 when a file cannot be read, when nothing that was compared differs but \
      arrays that could be parameters are not read (--exclude leaves those out), or when --map, \
      --exclude or --strip-prefix matches nothing or leaves nothing to compare.
      """)

  @Argument(
    help: "The first checkpoint.",
    completion: .file(extensions: ["h5", "hdf5", "keras", "safetensors", "npz"]))
  var before: String

  @Argument(
    help: "The second checkpoint, and later ones of a trajectory.",
    completion: .file(extensions: ["h5", "hdf5", "keras", "safetensors", "npz"]))
  var after: [String]

  @Option(help: "How much a value may change and still count as the same.")
  var tolerance = 0.0

  @Option(
    help: ArgumentHelp(
      "A layer, a front part of layer names or a parameter of the first file, and what it is in "
        + "the others. May be given again.", valueName: "from=to"))
  var map: [String] = []

  @Option(help: "What to leave off the front of layer names, in all files.")
  var stripPrefix = ""

  @Option(
    help: ArgumentHelp(
      "Leave out parameters whose layer, layer/role, role or name matches, * for any characters. "
        + "May be given again.", valueName: "pattern"))
  var exclude: [String] = []

  @Flag(
    help: ArgumentHelp(
      "Also compare singular values and directions of kernels, each number with its null; csv is "
        + "then that table."))
  var spectrum = false

  @Option(
    name: [.customLong("top"), .customLong("directions")],
    help: "How many leading singular directions --spectrum compares.")
  var top = 10

  @Option(
    help: ArgumentHelp(
      "Up to which smaller side --spectrum decomposes a kernel whole; beyond, only the leading "
        + "singular values and directions are found.", valueName: "size"))
  var complete = 4096

  @Option(
    help: ArgumentHelp(
      "How many random draws make each null of --spectrum; 20, and fewer for large kernels, unless "
        + "said.", valueName: "count"))
  var draws: Int?

  @Option(help: "text for people; csv with a row for each parameter; json with everything.")
  var format = OutputFormat.text

  func validate() throws {
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("A tolerance is zero or more.")
    }
    guard top > 0 else { throw ValidationError("--top is one or more.") }
    guard complete > 0 else { throw ValidationError("--complete is one or more.") }
    guard (draws ?? 0) >= 0, (draws ?? 0) <= 10_000 else {
      throw ValidationError("--draws is between 0 and 10000.")
    }
    guard !spectrum || after.count == 1 else {
      throw ValidationError("--spectrum compares two checkpoints.")
    }
    guard !after.isEmpty else { throw ValidationError("Two checkpoints are needed.") }
    for text in map where Self.rename(text) == nil {
      throw ValidationError("--map takes from=to, not '\(text)'.")
    }
  }

  func run() throws {
    try reporting {
      let checkpoints = try Checkpoint.open([before] + after)
      let first = checkpoints[0]
      let options = ComparisonOptions(
        renames: map.compactMap(Self.rename), strippedPrefix: stripPrefix, exclusions: exclude)
      try Self.requireUse(of: options, checkpoints)
      let isSame =
        checkpoints.count == 2
        ? try compare(first, checkpoints[1], options) : try follow(checkpoints, options)
      guard isSame else { throw ExitCode(1) }
      try Self.requireComplete(checkpoints, options)
    }
  }

  private static func rename(_ text: String) -> Rename? {
    let parts = text.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return Rename(from: String(parts[0]), to: String(parts[1]))
  }

  private func compare(
    _ first: Checkpoint, _ second: Checkpoint, _ options: ComparisonOptions
  ) throws -> Bool {
    let difference = try CheckpointDifference(
      from: first, to: second, tolerance: tolerance, options: options)
    let table = Self.table(difference)
    let spectra =
      spectrum
      ? try SpectralComparison(
        difference, first, second,
        options: SpectralChange.Options(top: top, completeLimit: complete, draws: draws)) : nil
    let lowRank = try LowRankFinding(difference, first, second, spectra)
    switch format {
    case .text:
      let style = Style.standardOutput()
      var text = Self.brief(table, difference).text(style: style) + "\n"
      if let layers = Self.brief(layers: difference) { text += layers.text(style: style) + "\n" }
      text += oneLine(difference.summary) + "\n"
      if let lowRank { text += oneLine(lowRank.sentence) + "\n" }
      if let norm = difference.relativeNorm, !difference.isSame {
        text += "All compared values together: ‖b − a‖ / ‖a‖ = \(NumberText.significant(norm)).\n"
      }
      if let spectra {
        text +=
          "\nSingular values: of the change, beside those of its entries in random places\n"
          + spectra.valuesForPeople.text(style: style) + "\n"
          + "Leading directions: before against after, beside changes of the same singular values in "
          + "random directions\n" + spectra.directionsForPeople.text(style: style) + "\n"
          + spectra.sentence
      }
      text += Self.remarks(first, difference) + Self.remarks(second, difference)
      text += Self.notes([first, second])
      try StandardOutput.write(text)
    case .csv: try StandardOutput.write((spectra?.table ?? table).csv)
    case .json:
      try StandardOutput.write(
        Self.json(first, second, difference, table, spectra, lowRank).rendered() + "\n")
    }
    return difference.isSame
  }

  /// What the values of a file must not be taken for.
  private static func remarks(
    _ checkpoint: Checkpoint, _ difference: CheckpointDifference
  ) -> String {
    // Kernels with outputs first are compared as they are meant.
    guard let reason = checkpoint.conversionNeeded,
      !checkpoint.parameters.contains(where: { $0.kernelOrder == .outputsFirst })
        || checkpoint.layout == .kerasLegacyModel || checkpoint.layout == .kerasLegacyWeights
    else { return "" }
    return oneLine("note: \(checkpoint.path): compared as stored: \(reason)") + "\n"
  }

  private static func json(
    _ first: Checkpoint, _ second: Checkpoint, _ difference: CheckpointDifference, _ table: Table,
    _ spectra: SpectralComparison?, _ lowRank: LowRankFinding?
  ) -> JSONText {
    [
      "before": .text(first.path), "after": .text(second.path),
      "same": Self.json(difference.isSame, isComplete: difference.isComplete),
      "extent": .text(difference.extent.rawValue),
      "summary": .text(difference.summary), "tolerance": .number(difference.tolerance),
      "relative_norm": difference.relativeNorm.map(JSONText.number) ?? .null,
      "head": difference.head.map(JSONText.text) ?? .null,
      "paired": .integer(difference.pairs.count),
      "only_before": .integer(difference.onlyBefore.count),
      "only_after": .integer(difference.onlyAfter.count),
      "bookkeeping_before": .integer(difference.bookkeepingBefore.count),
      "bookkeeping_after": .integer(difference.bookkeepingAfter.count),
      "excluded_before": .integer(difference.excludedBefore),
      "excluded_after": .integer(difference.excludedAfter),
      "not_compared_before": Self.json(difference.omittedBefore),
      "not_compared_after": Self.json(difference.omittedAfter),
      "notes_before": .array(first.notes.map(JSONText.text)),
      "notes_after": .array(second.notes.map(JSONText.text)),
      "low_rank": lowRank?.json ?? .null,
      "parameters": table.json, "spectra": spectra?.table.json ?? .null,
    ]
  }
}
