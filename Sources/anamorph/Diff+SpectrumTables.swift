import Checkpoints
import Geometry
import Reports

extension SpectralComparison {
  /// One value a row, all singular values and angles: for programs.
  var table: Table {
    var table = Table(
      "spectrum",
      caption: "Singular values and directions of kernels, each with what it would be by chance.",
      columns: [
        Column("layer", meaning: "The layer in the first file."),
        Column("role", meaning: "What the parameter does in its layer."),
        Column("parameter", meaning: "The parameter's name in the first file."),
        Column("matrix", meaning: "Inputs × outputs: the axes of places and inputs as rows."),
        Column(
          "quantity",
          meaning: "singular_value, effective_rank, stable_rank, numerical_rank, principal_angle "
            + "(radians), overlap (mean cos² of the angles), random_overlap (k/d), cosine (the largest "
            + "|cos| of a leading direction after with any before), or intruders (how many are below "
            + "0.5)."),
        Column("of", meaning: "before, after, change, or inputs and outputs for directions."),
        Column(
          "index", .integer,
          meaning: "The number of the value from 1: singular values and angles largest first."),
        Column("value", .number(significantDigits: 6), meaning: "The value.", hasReason: true),
        Column(
          "null",
          meaning: "permuted: the values of the change in random places; rotated: the change with "
            + "its singular values in random directions; random: random subspaces; edge: the limit "
            + "for independent values."),
        Column(
          "null_lower", .number(significantDigits: 6), meaning: "The null's 0.025 quantile."),
        Column("null_median", .number(significantDigits: 6), meaning: "The null's median."),
        Column(
          "null_upper", .number(significantDigits: 6), meaning: "The null's 0.975 quantile."),
        Column("draws", .integer, meaning: "How many draws the quantiles are from."),
      ])
    for kernel in kernels {
      let start: [Cell] = [
        .text(kernel.layer), .text(kernel.role), .text(kernel.parameter), .text(kernel.matrix),
      ]
      for row in Self.rows(kernel) { table.append(start + row) }
    }
    return table
  }

  private static func rows(_ kernel: Kernel) -> [[Cell]] {
    guard let change = kernel.change else {
      return [
        ["singular_value", "change", .none, .undefined(kernel.reason)]
          + [Cell](repeating: .none, count: 5)
      ]
    }
    let draws = change.draws
    func row(
      _ quantity: String, _ of: String, _ index: Int?, _ value: Cell, _ kind: String = "",
      _ null: SpectralChange.Null? = nil
    ) -> [Cell] {
      let name: [Cell] = [.text(quantity), .text(of), index.map(Cell.integer) ?? .none, value]
      guard let null else { return name + [Cell](repeating: .none, count: 5) }
      return name + [
        .text(kind), .number(null.lower), .number(null.median), .number(null.upper),
        kind == "edge" ? .none : .integer(draws),
      ]
    }
    var rows: [[Cell]] = []
    func list(
      _ quantity: String, _ of: String, _ values: [Double], _ kind: String,
      _ nulls: [SpectralChange.Null]
    ) {
      for (index, value) in values.enumerated() {
        let null = index < nulls.count ? nulls[index] : nil
        rows.append(row(quantity, of, index + 1, .number(value), kind, null))
      }
    }
    list("singular_value", "before", change.before, "", [])
    list("singular_value", "after", change.after, "rotated", change.afterNull)
    list(
      "singular_value", "change", change.change, change.isComplete ? "permuted" : "edge",
      change.changeNull)
    func measured(_ value: Measured) -> Cell {
      .number(value.number, otherwise: value.reason ?? "")
    }
    rows += [
      row("effective_rank", "before", nil, measured(change.effectiveRankBefore)),
      row("effective_rank", "after", nil, measured(change.effectiveRankAfter)),
      row(
        "effective_rank", "change", nil, measured(change.effectiveRankOfChange), "permuted",
        change.effectiveRankNull),
      row("stable_rank", "before", nil, measured(change.stableRankBefore)),
      row("stable_rank", "after", nil, measured(change.stableRankAfter)),
      row(
        "stable_rank", "change", nil, measured(change.stableRankOfChange), "permuted",
        change.stableRankNull),
      row(
        "numerical_rank", "change", nil,
        kernel.lowRank.map { .integer($0.rank) }
          ?? .undefined(change.norms.change > 0 ? "not low" : "nothing changed")),
    ]
    for (name, side) in [("inputs", change.inputs), ("outputs", change.outputs)] {
      let kind = change.isComplete ? "rotated" : "random"
      list("principal_angle", name, side.angles, kind, side.anglesNull)
      rows.append(row("overlap", name, nil, .number(side.overlap), kind, side.overlapNull))
      rows.append(row("random_overlap", name, nil, .number(side.randomOverlap)))
      list("cosine", name, side.cosines, "rotated", side.cosinesNull)
      rows.append(
        row(
          "intruders", name, nil,
          side.intruders.map { .integer($0) }
            ?? .undefined("needs every singular vector before; only the leading were computed"),
          "rotated", side.intrudersNull))
    }
    return rows
  }

  /// A row for each kernel: the first singular values and the ranks.
  var valuesForPeople: Table {
    var table = Table(
      "singular values",
      columns: [
        Column("layer", meaning: "The layer in the first file."),
        Column("role", meaning: "What the parameter does in its layer."),
        Column("matrix", meaning: "Inputs × outputs."),
        Column("before", title: "σ before", meaning: "The first singular values before."),
        Column("after", title: "σ after", meaning: "The first singular values after."),
        Column("change", title: "σ of change", meaning: "The first singular values of the change."),
        Column("change_null", title: "by chance", meaning: "The first under the permuted null."),
        Column(
          "effective", .number(significantDigits: 3), title: "eff. rank",
          meaning: "The effective rank of the change.", hasReason: true),
        Column("effective_null", title: "by chance", meaning: "Under the permuted null."),
        Column(
          "stable", .number(significantDigits: 3), title: "stable rank",
          meaning: "The stable rank of the change.", hasReason: true),
        Column("stable_null", title: "by chance", meaning: "Under the permuted null."),
        Column("low", .integer, title: "rank", meaning: "The rank of the change, where it is low."),
      ])
    for kernel in kernels {
      let start: [Cell] = [.text(kernel.layer), .text(kernel.role), .text(kernel.matrix)]
      guard let change = kernel.change else {
        let reason = Cell.undefined(kernel.reason)
        table.append(start + [.none, .none, .none, .none, reason, .none, reason, .none, .none])
        continue
      }
      let zero = "nothing changed"
      let isZero = change.norms.change == 0
      table.append(
        start + [
          .text(Self.first(change.before)), .text(Self.first(change.after)),
          .text(isZero ? "0" : Self.first(change.change)),
          .text(change.changeNull.first.map(Self.range) ?? ""),
          .number(
            change.effectiveRankOfChange.number,
            otherwise: isZero ? zero : change.effectiveRankOfChange.reason ?? ""),
          .text(change.effectiveRankNull.map(Self.range) ?? ""),
          .number(change.stableRankOfChange.number, otherwise: zero),
          .text(change.stableRankNull.map(Self.range) ?? ""),
          kernel.lowRank.map { .integer($0.rank) } ?? .none,
        ])
    }
    return table
  }

  /// Two rows for each kernel: the leading directions among inputs and among outputs.
  var directionsForPeople: Table {
    var table = Table(
      "leading directions",
      columns: [
        Column("layer", meaning: "The layer in the first file."),
        Column("role", meaning: "What the parameter does in its layer."),
        Column("side", meaning: "Directions among inputs or among outputs."),
        Column("k", .integer, title: "k", meaning: "How many leading directions are compared."),
        Column(
          "overlap", .number(significantDigits: 3), title: "overlap",
          meaning: "Mean cos² of the principal angles."),
        Column("overlap_null", title: "by chance", meaning: "Under the null."),
        Column(
          "random", .number(significantDigits: 3), title: "unrelated",
          meaning: "That of unrelated subspaces, k/d."),
        Column(
          "least", .number(significantDigits: 3), title: "least angle", unit: "rad",
          meaning: "The smallest principal angle."),
        Column(
          "largest", .number(significantDigits: 3), title: "largest angle", unit: "rad",
          meaning: "The largest principal angle."),
        Column("largest_null", title: "by chance", meaning: "Under the null."),
        Column(
          "intruders", .integer, meaning: "How many leading directions after are new.",
          hasReason: true),
        Column("intruders_null", title: "by chance", meaning: "Under the rotated null."),
      ])
    for kernel in kernels {
      guard let change = kernel.change else { continue }
      for (name, side) in [("inputs", change.inputs), ("outputs", change.outputs)] {
        table.append([
          .text(kernel.layer), .text(kernel.role), .text(name), .integer(change.directionCount),
          .number(side.overlap), .text(side.overlapNull.map(Self.range) ?? ""),
          .number(side.randomOverlap), .number(side.angles.last ?? 0),
          .number(side.angles.first ?? 0), .text(side.anglesNull.first.map(Self.range) ?? ""),
          side.intruders.map { .integer($0) } ?? .undefined("not all directions were computed"),
          .text(side.intrudersNull.map(Self.range) ?? ""),
        ])
      }
    }
    return table
  }

  private static func first(_ values: [Double]) -> String {
    values.prefix(3).map { NumberText.significant($0, digits: 3) }.joined(separator: " ")
      + (values.count > 3 ? " …" : "")
  }

  private static func range(_ null: SpectralChange.Null) -> String {
    let (low, high) = (
      NumberText.significant(null.lower, digits: 3), NumberText.significant(null.upper, digits: 3)
    )
    return low == high ? low : "[\(low), \(high)]"
  }
}
