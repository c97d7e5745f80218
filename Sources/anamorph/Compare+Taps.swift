import Datasets
import Files
import Geometry
import Hypothesis
import Reports

extension Compare {
  /// Every tap that is in both files with itself; each array is read once, and given up before the next.
  func compareTaps(_ taps: MatchedTaps) throws {
    guard !directions, moments == nil else {
      throw FileError(
        path: before,
        reason: "--moments and --directions are of one tap: name it, FILE::/features/NAME")
    }
    var pairs: [FeatureSetPair] = []
    for tap in taps.pairs { pairs.append(try pair(tap.before, tap.after)) }
    let count = pairs.first?.count ?? 0
    let progress = Progress(
      "compare", total: pairs.reduce(0) { $0 + $1.count }, unit: "examples", isQuiet: quiet)
    Memory.keepSmall()
    var parts: [MeasuringOptions.Part] = []
    for (tap, pair) in zip(taps.pairs, pairs) {
      let features = try telling(of: pair) {
        try pair.features(settings: gathering) { progress.advance(by: $0) }
      }
      parts.append(try part(features, of: pair, tap: tap.name))
      Memory.giveBack()
    }
    progress.finish()
    var notes: [String] = []
    for (path, names) in [(before, taps.onlyBefore), (after, taps.onlyAfter)] where !names.isEmpty {
      notes.append("only in \(path): \(names.joined(separator: ", "))")
    }
    try withRunDirectory(at: output) { run in
      if measuring.format == .text {
        let number = taps.pairs.count == 1 ? "1 tap" : "\(taps.pairs.count) taps"
        try StandardOutput.write(
          (["\(before), \(after): \(number) in both"] + notes).joined(separator: "\n") + "\n\n")
      } else {
        for note in notes { StandardError.say("anamorph: \(oneLine(note))") }
      }
      let table = try measuring.show(parts)
      try run?.write([table])
      try run?.write(
        record: record(
          examples: count, groups: pairs.first?.groups, taps: taps.pairs.map(\.name)))
    }
  }

  /// Each layer of one file with each of the other.
  func compareLayers() throws {
    let (first, second) = (
      try LayerComparison.layers(of: before), try LayerComparison.layers(of: after)
    )
    let comparison = try LayerComparison(
      before: first, after: second, byRow: byRow,
      groups: try groups.flatMap { name throws(FileError) in
        try first.first.map { layer throws(FileError) in
          try ExampleGroups.read(name, for: layer.features)
        }
      },
      identifierPrefix: identifierPrefix)
    let progress = Progress("compare", total: comparison.count, unit: "examples", isQuiet: quiet)
    let alignment = try naming("\(before), \(after)") {
      try comparison.alignment(blocks: blocks) { progress.advance(by: $0) }
    }
    progress.finish()
    let table = comparison.table(alignment)
    try withRunDirectory(at: output) { run in
      switch measuring.format {
      case .csv: try StandardOutput.write(table.csv)
      case .json: try StandardOutput.write(table.json.rendered() + "\n")
      case .text:
        let parts = alignment.minibatches == 1 ? "" : " in \(alignment.minibatches) minibatches"
        try StandardOutput.write(
          "\(before) (rows) and \(after) (columns), \(alignment.count) examples\(parts)"
            + (comparison.groups.map { " in \($0.count) groups (\($0.source))" } ?? "")
            + ": debiased linear CKA\n\n"
            + comparison.matrix(alignment).text(style: Style.standardOutput()))
      }
      try run?.write([table])
      try run?.write(
        record: [
          "command": "compare", "version": .text(Anamorph.version), "before": .text(before),
          "after": .text(after), "examples": .integer(alignment.count), "blocks": .integer(blocks),
          "layers": .bool(true), "groups": .text(comparison.groups?.source ?? ""),
        ])
    }
  }
}
