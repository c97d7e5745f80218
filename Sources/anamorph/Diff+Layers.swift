import Checkpoints
import Reports

extension Diff {
  /// A row for a layer, or for everything.
  static func row(_ layer: LayerChange, _ level: String) -> [Cell] {
    let count = "\(layer.parameterCount) parameters"
    let types = [layer.typesBefore, layer.typesAfter].map { types in
      Cell.text(types.map { "\($0)" }.joined(separator: ", "))
    }
    let names: [Cell] =
      [.text(level), level == "layer" ? .text(layer.layer) : .none]
      + [Cell](repeating: .none, count: 6)
      + [.text(layer.parameterCount == 1 ? "1 parameter" : count)] + types
    let changes: [Cell] = [.integer(layer.shapeChangeCount), .integer(layer.typeChangeCount)]
    guard layer.comparedCount > 0 else {
      let reason = Cell.undefined("the shapes differ")
      return names + ["other shape"]
        + [reason, reason, reason, reason, .none, .none, reason, .none, .none] + changes
    }
    return names + [
      .text(layer.isSame ? "same" : "changed"), .number(layer.distance),
      .number(layer.relativeNorm, otherwise: "the first is zero, or a norm overflows"),
      .number(layer.cosine, otherwise: "one of the two is zero, or a norm overflows"),
      .number(layer.largest ?? 0),
      layer.largestIn.map { .text("\($0.role.name) \(place(layer.largestIndex))") } ?? .none,
      layer.largestUlps.map { .integer(Int(clamping: $0)) } ?? .none,
      .number(layer.changedShare), .integer(layer.nonFiniteBefore), .integer(layer.nonFiniteAfter),
    ] + changes
  }

  /// The layers for people; `nil` when each has one parameter, so that nothing would be new. Columns
  /// that would say nothing are left out.
  static func brief(layers difference: CheckpointDifference) -> Table? {
    let layers = difference.layers
    guard !difference.isSame, layers.contains(where: { $0.parameterCount > 1 }), layers.count > 1
    else { return nil }
    var rows = layers.map { row($0, "layer") }
    func values(_ column: Int) -> [Cell] { rows.map { $0[column] } }
    if let ulps = columns.firstIndex(where: { $0.name == "largest_ulps" }) {
      for (place, layer) in layers.enumerated() {
        let octave = layer.typesBefore.compactMap(\.numbersPerOctave).min()
        guard case .integer(let distance) = rows[place][ulps], let octave, distance >= octave
        else { continue }
        rows[place][ulps] = tooFar
      }
    }
    let kept = columns.indices.filter { index in
      switch columns[index].name {
      case "layer", "shape", "status", "distance", "relative_norm", "cosine", "largest_change",
        "largest_index", "changed_share":
        true
      case "type_before", "type_after": difference.total.typeChangeCount > 0
      case "largest_ulps":
        values(index).contains { ![Cell.none, .integer(0), tooFar].contains($0) }
      case "shape_changes", "type_changes", "non_finite_before", "non_finite_after":
        values(index).contains { ![Cell.none, .integer(0)].contains($0) }
      default: false
      }
    }
    var brief = Table(
      "layers",
      columns: kept.map { index in
        var column = columns[index]
        if column.name == "shape" { column.title = "parameters" }
        return column
      })
    for row in rows { brief.append(kept.map { row[$0] }) }
    return brief
  }
}
