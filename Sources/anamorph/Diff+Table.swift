import Checkpoints
import HDF5
import Reports

extension Diff {
  /// A row for each pair in the model order of the first file, then one for each left over, then one
  /// for each layer, and one for everything.
  static func table(_ difference: CheckpointDifference) -> Table {
    var table = Table(
      "difference", caption: "How each parameter changed from the first checkpoint to the second.",
      columns: columns)
    for pair in difference.pairs { table.append(row(pair)) }
    for parameter in difference.onlyBefore { table.append(row(parameter, "only in the first")) }
    for parameter in difference.onlyAfter { table.append(row(parameter, "only in the second")) }
    for parameter in difference.bookkeepingBefore {
      table.append(row(parameter, bookkeeping("first")))
    }
    for parameter in difference.bookkeepingAfter {
      table.append(row(parameter, bookkeeping("second")))
    }
    for layer in difference.layers { table.append(row(layer, "layer")) }
    if !difference.pairs.isEmpty { table.append(row(difference.total, "checkpoint")) }
    return table
  }

  /// The table for people: columns that would say nothing, such as second names that are all the
  /// same as the first, are left out.
  static func brief(_ table: Table, _ difference: CheckpointDifference) -> Table {
    let status = table.columns.firstIndex { $0.name == "status" } ?? 0
    let unsaid = [Cell.text(bookkeeping("first")), .text(bookkeeping("second"))]
    var rows = table.rows.filter { $0[0] == "parameter" && !unsaid.contains($0[status]) }
    if let ulps = table.columns.firstIndex(where: { $0.name == "largest_ulps" }) {
      for (row, pair) in difference.pairs.enumerated() {
        guard case .integer(let distance) = rows[row][ulps],
          let octave = pair.before.elementType.numbersPerOctave, distance >= octave
        else { continue }
        rows[row][ulps] = tooFar
      }
    }
    let kept = table.columns.indices.filter { index in
      switch table.columns[index].name {
      case "level", "shape_changes", "type_changes": false
      case "type_before", "type_after": difference.total.typeChangeCount > 0
      case "layer_after": !rows.allSatisfy { $0[index] == $0[1] }
      case "parameter_after": !rows.allSatisfy { $0[index] == $0[3] }
      case "non_finite_before", "non_finite_after":
        rows.contains { $0[index] != .integer(0) && $0[index] != .none }
      case "transposed": rows.contains { $0[index] != .none }
      case "largest_ulps":
        rows.contains { ![Cell.none, .integer(0), Self.tooFar].contains($0[index]) }
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
      "parameter", .text(before.innermostLayer), .text(before.role.name), .text(before.name),
      .text(after.innermostLayer), .text(after.name), .text(pair.evidence.title),
      pair.transposition.map(Cell.text) ?? .none,
    ]
    guard let change = pair.change else {
      let shapes = Cell.text("\(shapeText(before.shape)) → \(shapeText(after.shape))")
      let reason = Cell.undefined("the shapes differ")
      return names + [shapes] + types(before, after) + ["other shape"] + [
        reason, reason, reason, reason, .none, .none, reason, .none, .none, .integer(1),
        .integer(before.elementType == after.elementType ? 0 : 1),
      ]
    }
    let zero = "one of the two is zero"
    return names + [
      .text(shapeText(before.shape))
    ] + types(before, after) + [
      .text(change.isSame ? "same" : "changed"), .number(change.distance),
      .number(change.relativeNorm, otherwise: "the first is zero, or a norm overflows"),
      .number(change.cosine, otherwise: zero + ", or a norm overflows"),
      .number(change.largest ?? 0),
      change.largest == nil ? .none : .text(place(change.largestIndex)),
      change.largestUlps.map { .integer(Int(clamping: $0)) } ?? .none,
      .number(change.changedShare), .integer(change.nonFiniteBefore),
      .integer(change.nonFiniteAfter), .integer(0),
      .integer(before.elementType == after.elementType ? 0 : 1),
    ]
  }

  private static func types(
    _ before: Checkpoint.Parameter, _ after: Checkpoint.Parameter
  ) -> [Cell] {
    [.text("\(before.elementType)"), .text("\(after.elementType)")]
  }

  /// What is said of a parameter without a partner that is no difference.
  private static func bookkeeping(_ file: String) -> String { "only in the \(file), not counted" }

  private static func row(_ parameter: Checkpoint.Parameter, _ status: String) -> [Cell] {
    let isFirst = status.hasPrefix("only in the first")
    let (here, there) = (
      [Cell.text(parameter.innermostLayer), .text(parameter.name)], [Cell.none, .none]
    )
    let (first, second) = isFirst ? (here, there) : (there, here)
    let type = Cell.text("\(parameter.elementType)")
    return ["parameter", first[0], .text(parameter.role.name), first[1]] + second
      + [.none, .none, .text(shapeText(parameter.shape))]
      + (isFirst ? [type, .none] : [.none, type]) + [.text(status)]
      + [Cell](repeating: .none, count: 11)
  }

  static func place(_ index: [Int]) -> String {
    "[" + index.map(String.init).joined(separator: ",") + "]"
  }

  /// Distances of an octave and more are no rounding and say nothing in ulps.
  static let tooFar = Cell.undefined(
    "a value changed by a factor of two or more, or its sign, which is far beyond rounding")

  static let columns = [
    Column(
      "level", meaning: "parameter, layer (all its parameters together), or checkpoint (all)."),
    Column("layer", meaning: "The layer in the first file."),
    Column("role", meaning: "What the parameter does in its layer."),
    Column("parameter", meaning: "The parameter's name in the first file."),
    Column("layer_after", title: "layer after", meaning: "The layer in the second file."),
    Column("parameter_after", title: "parameter after", meaning: "Its name in the second file."),
    Column("matched_by", meaning: "What makes the two a pair."),
    Column(
      "transposed", meaning: "How the second was transposed for the comparison, if it was."),
    Column(
      "shape",
      meaning: "The shape, or both shapes when they differ; of layers, how many parameters."),
    Column(
      "type_before", title: "type",
      meaning: "The element type in the first; of layers, every one they have."),
    Column("type_after", title: "type after", meaning: "The element type in the second."),
    Column("status", meaning: "same, changed, other shape, or only in one of the files."),
    Column(
      "distance", .number(significantDigits: 4), title: "‖b−a‖",
      convention: "Frobenius norm over values finite on both sides",
      meaning: "The length of the change.", hasReason: true),
    Column(
      "relative_norm", .number(significantDigits: 4), title: "‖b−a‖/‖a‖",
      convention: "Frobenius norms over values finite on both sides",
      meaning: "The length of the change relative to the first.", hasReason: true),
    Column(
      "cosine", .number(significantDigits: 6), meaning: "⟨a,b⟩/(‖a‖‖b‖).", hasReason: true),
    Column(
      "largest_change", .number(significantDigits: 4), title: "largest",
      meaning: "The change of greatest magnitude, with its sign.", hasReason: true),
    Column(
      "largest_index", title: "at",
      meaning: "Where it is: an index for each axis; in rows of layers, after the role."),
    Column(
      "largest_ulps", .integer, title: "ulps",
      convention:
        "how many numbers of the first's element type lie from a value to its partner, 0 and "
        + "−0 being one number; monotone, also across zero; people are shown less than an octave",
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
    Column(
      "shape_changes", .integer, title: "other shapes",
      meaning: "How many parameters have another shape in the second; 0 or 1 in rows of one."),
    Column(
      "type_changes", .integer, title: "other types",
      meaning: "How many parameters have another element type in the second; 0 or 1 in rows of one."
    ),
  ]
}

extension ElementType {
  /// How many numbers of a floating-point type lie between a power of two and the next.
  var numbersPerOctave: Int? {
    switch self {
    case .float16: 1 << 10
    case .bfloat16: 1 << 7
    case .float32: 1 << 23
    case .float64: 1 << 52
    default: nil
    }
  }
}
