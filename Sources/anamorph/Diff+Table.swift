import Checkpoints
import Reports

extension Diff {
  /// A row for each pair in the model order of the first file, then one for each left over.
  static func table(_ difference: CheckpointDifference) -> Table {
    var table = Table(
      "difference", caption: "How each parameter changed from the first checkpoint to the second.",
      columns: columns)
    for pair in difference.pairs { table.append(row(pair)) }
    for parameter in difference.onlyBefore { table.append(row(parameter, "only in the first")) }
    for parameter in difference.onlyAfter { table.append(row(parameter, "only in the second")) }
    return table
  }

  /// The table for people: columns that would say nothing, such as second names that are all the
  /// same as the first, are left out.
  static func brief(_ table: Table) -> Table {
    let rows = table.rows
    let kept = table.columns.indices.filter { index in
      switch table.columns[index].name {
      case "layer_after": !rows.allSatisfy { $0[index] == $0[0] }
      case "parameter_after": !rows.allSatisfy { $0[index] == $0[2] }
      case "non_finite_before", "non_finite_after":
        rows.contains { $0[index] != .integer(0) && $0[index] != .none }
      case "transposed": rows.contains { $0[index] != .none }
      case "largest_ulps": rows.contains { $0[index] != .none && $0[index] != .integer(0) }
      default: true
      }
    }
    var brief = Table(table.name, caption: table.caption, columns: kept.map { table.columns[$0] })
    for row in rows { brief.append(kept.map { row[$0] }) }
    return brief
  }

  private static func row(_ pair: CheckpointDifference.Pair) -> [Cell] {
    let (before, after) = (pair.before, pair.after)
    let names: [Cell] = [
      .text(before.layer), .text(before.role.name), .text(before.name),
      .text(after.layer), .text(after.name), .text(pair.evidence.title),
      pair.transposition.map(Cell.text) ?? .none,
    ]
    guard let change = pair.change else {
      let shapes = Cell.text("\(shapeText(before.shape)) → \(shapeText(after.shape))")
      let reason = Cell.undefined("the shapes differ")
      return names + [shapes, "other shape"] + [
        reason, reason, reason, .none, .none, reason, .none, .none,
      ]
    }
    let zero = "one of the two is zero"
    return names + [
      .text(shapeText(before.shape)), .text(change.isSame ? "same" : "changed"),
      .number(change.relativeNorm, otherwise: "the first is zero, or a norm overflows"),
      .number(change.cosine, otherwise: zero + ", or a norm overflows"),
      .number(change.largest ?? 0),
      change.largest == nil
        ? .none : .text("[" + change.largestIndex.map(String.init).joined(separator: ",") + "]"),
      change.largestUlps.map { .integer(Int(clamping: $0)) } ?? .none,
      .number(change.changedShare), .integer(change.nonFiniteBefore),
      .integer(change.nonFiniteAfter),
    ]
  }

  private static func row(_ parameter: Checkpoint.Parameter, _ status: String) -> [Cell] {
    let isFirst = status == "only in the first"
    let (here, there) = ([Cell.text(parameter.layer), .text(parameter.name)], [Cell.none, .none])
    let (first, second) = isFirst ? (here, there) : (there, here)
    return [first[0], .text(parameter.role.name), first[1]] + second
      + [.none, .none, .text(shapeText(parameter.shape)), .text(status)]
      + [Cell](repeating: .none, count: 8)
  }

  private static let columns = [
    Column("layer", meaning: "The layer in the first file."),
    Column("role", meaning: "What the parameter does in its layer."),
    Column("parameter", meaning: "The parameter's name in the first file."),
    Column("layer_after", title: "layer after", meaning: "The layer in the second file."),
    Column("parameter_after", title: "parameter after", meaning: "Its name in the second file."),
    Column("matched_by", meaning: "What makes the two a pair."),
    Column(
      "transposed", meaning: "How the second was transposed for the comparison, if it was."),
    Column("shape", meaning: "The shape, or both shapes when they differ."),
    Column("status", meaning: "same, changed, other shape, or only in one of the files."),
    Column(
      "relative_norm", .number(significantDigits: 4), title: "‖b−a‖/‖a‖",
      convention: "Frobenius norms over values finite on both sides",
      meaning: "The length of the change relative to the first.", hasReason: true),
    Column(
      "cosine", .number(significantDigits: 6), meaning: "⟨a,b⟩/(‖a‖‖b‖).", hasReason: true),
    Column(
      "largest_change", .number(significantDigits: 4), title: "largest",
      meaning: "The change of greatest magnitude, with its sign.", hasReason: true),
    Column("largest_index", title: "at", meaning: "Where it is: an index for each axis."),
    Column(
      "largest_ulps", .integer, title: "ulps",
      convention: "numbers of the first's element type between a value and its partner",
      meaning: "The largest change in units in the last place."),
    Column(
      "changed_share", .percent(decimals: 2), title: "changed",
      meaning: "The share of values that changed by more than the tolerance.", hasReason: true),
    Column(
      "non_finite_before", .integer, title: "not finite",
      meaning: "How many values of the first are NaN or infinite."),
    Column(
      "non_finite_after", .integer, title: "not finite after",
      meaning: "How many values of the second are NaN or infinite."),
  ]
}
