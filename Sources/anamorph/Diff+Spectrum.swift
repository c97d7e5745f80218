import Checkpoints
import Geometry
import LinearAlgebra
import Reports

extension Diff {
  /// A row for each kernel that both have in the same shape, in the order of the first.
  ///
  /// Kernels with more than 4096 inputs and outputs are left to patience: they take minutes.
  static func spectra(
    _ difference: CheckpointDifference, _ first: Checkpoint, _ second: Checkpoint, count: Int
  ) throws -> Table {
    var table = Table(
      "spectrum", caption: "How the singular values and directions of kernels changed.",
      columns: spectrumColumns(count))
    for pair in difference.pairs where pair.change != nil {
      guard let extents = pair.matrixShape else { continue }
      let (before, after) = (pair.before, pair.after)
      let start: [Cell] = [
        .text(before.innermostLayer), .text(before.role.name),
        .text("\(extents.rows)×\(extents.columns)"),
      ]
      let (a, b) = try difference.matrices(of: pair, first, second)
      let reason =
        if min(extents.rows, extents.columns) > 4096 {
          "more than 4096 inputs and outputs"
        } else if !a.allSatisfy(\.isFinite) || !b.allSatisfy(\.isFinite) {
          "NaN or infinities in \(after.name)"
        } else {
          "no values"
        }
      guard reason == "no values",
        let spectrum = try SpectralChange(
          from: Matrix(rows: extents.rows, columns: extents.columns, values: a),
          to: Matrix(rows: extents.rows, columns: extents.columns, values: b), count: count,
          name: "\(before.innermostLayer)/\(before.role)")
      else {
        let undefined = Cell.undefined(reason)
        table.append(start + [Cell](repeating: undefined, count: table.columns.count - 3))
        continue
      }
      table.append(start + spectrum.cells)
    }
    return table
  }

  /// What the table says of low rank, in a sentence; empty when no kernel changed.
  static func rankSentence(_ table: Table) -> String {
    func number(_ row: [Cell], _ name: String) -> Double? {
      guard let index = table.columns.firstIndex(where: { $0.name == name }),
        case .number(let value) = row[index]
      else { return nil }
      return value
    }
    var (low, changed) = (0, 0)
    for row in table.rows {
      guard let rank = number(row, "change_effective_rank"),
        let noise = number(row, "noise_effective_rank")
      else { continue }
      changed += 1
      if rank < noise / 2 { low += 1 }
    }
    if changed == 0 { return "" }
    return
      "The change is low-rank in \(low) of \(changed) kernels that changed: its effective rank "
      + "is below half of that of noise.\n"
  }

  private static func spectrumColumns(_ count: Int) -> [Column] {
    let digits = Column.Kind.number(significantDigits: 4)
    func column(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(name, digits, title: title, meaning: meaning, hasReason: true)
    }
    return [
      Column("layer", meaning: "The layer in the first file."),
      Column("role", meaning: "What the parameter does in its layer."),
      Column("matrix", meaning: "Inputs × outputs: the axes of places and inputs as rows."),
      column("before_largest", "σ₁(a)", "The largest singular value before."),
      column("after_largest", "σ₁(b)", "The largest singular value after."),
      column("change_largest", "σ₁(Δ)", "The largest singular value of the change."),
      column("before_effective_rank", "erank(a)", "exp of the entropy of σ/Σσ before."),
      column("after_effective_rank", "erank(b)", "exp of the entropy of σ/Σσ after."),
      column("change_effective_rank", "erank(Δ)", "exp of the entropy of σ/Σσ of the change."),
      column("noise_effective_rank", "of noise", "The same of normal noise of this shape."),
      column("change_stable_rank", "srank(Δ)", "Σσ²/σ₁² of the change."),
      Column(
        "directions", .integer, title: "k", meaning: "How many leading directions are compared.",
        hasReason: true),
      column("input_overlap", "overlap in", "Mean cos² of the angles between leading inputs."),
      column("input_overlap_null", "random", "That of random subspaces, k/d."),
      column("input_angle", "angle in", "The largest of these angles, in radians."),
      column("input_angle_null", "random", "Its median for random subspaces."),
      column("output_overlap", "overlap out", "Mean cos² of the angles between leading outputs."),
      column("output_overlap_null", "random", "That of random subspaces, k/d."),
      column("output_angle", "angle out", "The largest of these angles, in radians."),
      column("output_angle_null", "random", "Its median for random subspaces."),
      Column(
        "intruders", .integer,
        meaning:
          "Of the k leading output directions after, how many have |cos| < 0.5 with all before.",
        hasReason: true),
      Column(
        "intruders_null", .integer, title: "rotated",
        meaning: "The same for a change with the same singular values in random directions.",
        hasReason: true),
    ]
  }
}

extension SpectralChange {
  fileprivate var cells: [Cell] {
    let zero = "nothing changed"
    func number(_ value: Double?, _ reason: String = "no directions") -> Cell {
      .number(value, otherwise: reason)
    }
    func rank(_ values: [Double]) -> Double? { Spectrum.effectiveRank(values).number }
    func cells(_ side: Side) -> [Cell] {
      [
        number(side.overlap), .number(side.randomOverlap), number(side.largestAngle),
        number(side.randomAngle),
      ]
    }
    let spectra: [Cell] = [
      number(before.first), number(after.first), number(change.first),
      number(rank(before), "all values are zero"), number(rank(after), "all values are zero"),
      number(rank(change), zero), number(noiseRank),
      number(Spectrum.stableRank(change).number, zero), .integer(count),
    ]
    return spectra + cells(inputs) + cells(outputs) + [
      .integer(intruders), .integer(intrudersOfRotation),
    ]
  }
}
