public import Reports

/// What people read of a comparison of two checkpoints.
public struct DistortionSummary {
  private let distortion: Distortion
  private let heads: [HeadComparison]
  private let claims: [Claim]

  /// Everything that is to be said.
  public init(_ distortion: Distortion, heads: [HeadComparison], claims: [Claim]) {
    self.distortion = distortion
    self.heads = heads
    self.claims = claims
  }

  /// Weights, features, heads and verdicts, each in a table of its own.
  public func text(style: Style) -> String {
    var parts = [
      style.bold("Weights: where the change of each layer lies, seen from its ID inputs"),
      weights.text(style: style),
      Self.legend,
      style.bold("Features of '\(tap)': before against after, with 95 % intervals over examples"),
      features.text(style: style),
    ]
    if !heads.isEmpty {
      parts += [
        style.bold("Heads: accuracy on the last third of each set"),
        HeadComparison.table(heads).text(style: style),
      ]
    }
    if let sampling { parts.append(sampling) }
    if let remark { parts.append(remark) }
    return parts.joined(separator: "\n") + "\n" + verdictText(claims, style: style)
  }

  private static let legend = """
    ΔW is the change of W, ΔW⊥ its part that no ID input reaches; then the share of ‖ΔW‖² in the leading directions u
    of the ID inputs that hold 90 % of their energy; ρ is the rank correlation of energy and ‖ΔWᵀu‖ over directions.

    """

  /// What was asked not to be looked at, and what that may have cost.
  private var sampling: String? {
    let sampled = distortion.layers.filter { $0.sampledPositions != nil }
    guard let most = sampled.compactMap(\.sampledPositions).max() else { return nil }
    let error = sampled.compactMap(\.samplingError).max().map {
      "; the standard error this adds to the mean energy of a layer's ID inputs is at most "
        + NumberText.significant(100 * $0, digits: 2) + " %"
    }
    return
      "note: of \(sampled.count) of \(distortion.layers.count) layers only \(most) positions of "
      + "each example were looked at\(error ?? "")\n"
  }

  /// What a reader should know before believing that one network was fine-tuned from the other.
  private var remark: String? {
    let body = distortion.layers.filter { !$0.isHead && $0.weightNorm > 0 }
    guard !body.isEmpty, body.allSatisfy({ $0.changeNorm > $0.weightNorm }) else { return nil }
    return "note: every layer changed by more than its own norm: the second network looks trained "
      + "from another start, not fine-tuned from the first\n"
  }

  private var tap: String { distortion.features.first?.tap ?? "" }

  private var weights: Table {
    let three = Column.Kind.number(significantDigits: 3)
    var table = Table(
      "weights",
      columns: [
        .layer, Column("rank", title: "rank of inputs", meaning: "Numerical rank, of how many."),
        Column("relative", three, title: "‖ΔW‖/‖W‖", meaning: "Relative change."),
        Column("orthogonal", title: "‖ΔW⊥‖/‖ΔW‖", meaning: "Share outside the span."),
        Column("null", three, title: "by chance", meaning: "Its null."),
        Column("k", title: "90 % of energy", meaning: "How many directions hold it."),
        Column(
          "share", .percent(decimals: 1), title: "‖ΔW‖² there", meaning: "Share of the change."),
        Column(
          "share_null", .percent(decimals: 1), title: "by chance ", meaning: "Its null."),
        Column("upper", .percent(decimals: 1), title: "97.5 % of rotations", meaning: "Its null."),
        Column("rank_correlation", three, title: "ρ(energy, ‖ΔW‖)", meaning: "Rank correlation."),
      ])
    for layer in distortion.layers {
      let span = layer.spans.first { $0.rule == SpanShare.judged }
      table.append([
        .text(layer.layer + (layer.isHead ? " (head)" : "")),
        .text("\(layer.rank) of \(layer.fanIn)"),
        layer.weightNorm > 0 ? .number(layer.changeNorm / layer.weightNorm) : .undefined("zero"),
        .text(
          layer.orthogonalShare.value.map { NumberText.significant($0, digits: 3) }
            ?? (layer.rank == layer.fanIn ? "full rank" : "unchanged")),
        .number(layer.orthogonalShare.null, otherwise: ""),
        .text(span.map { "\($0.directions)" } ?? ""),
        .number(span?.share.value, otherwise: span?.share.reason ?? "-"),
        .number(span?.share.null, otherwise: ""), .number(span?.share.upper, otherwise: ""),
        .number(layer.rankCorrelation?.value, otherwise: layer.rankCorrelation?.reason ?? ""),
      ])
    }
    return table
  }

  private var features: Table {
    let rows = distortion.features.filter { $0.tap == tap }
    var sets: [String] = []
    for row in rows where !sets.contains(row.set) { sets.append(row.set) }
    var table = Table(
      "features",
      columns: [Column("measure", title: "", meaning: "What was measured.")]
        + sets.map { set in
          let role = rows.first { $0.set == set }?.isID == true ? "ID" : "OOD"
          return Column(set, title: "\(set) (\(role))", meaning: "The set.")
        })
    for measure in FeatureMeasure.allCases {
      let cells = sets.map { set -> Cell in
        guard let found = rows.first(where: { $0.set == set && $0.measure == measure }) else {
          return .none
        }
        return .text(found.measurement.text)
      }
      table.append([.text(measure.rawValue)] + cells)
    }
    return table
  }
}

extension Measurement {
  /// The number with its interval, or why there is none.
  fileprivate var text: String {
    guard let value else { return reason ?? "undefined" }
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 3) }
    let chance = null.map { "; by chance \(number($0))" } ?? ""
    guard let lower, let upper else { return number(value) + chance }
    return "\(number(value)) [\(number(lower)), \(number(upper))]\(chance)"
  }
}
