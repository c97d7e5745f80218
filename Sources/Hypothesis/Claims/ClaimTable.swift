public import Reports

extension Table {
  /// Verdicts, one claim per row.
  public static func verdicts(_ claims: [Claim], leading: [Column] = []) -> Table {
    var table = Table(
      "verdicts", caption: "Every claim of the theory with its verdict and the evidence for it.",
      columns: leading + [
        Column("claim", meaning: "The claim's short name, as `--require` takes it."),
        Column(
          "verdict",
          convention: "supported: all measurements agree beyond their intervals; mixed: they "
            + "disagree or none is beyond its interval; unsupported: all contradict the claim; "
            + "not testable: the evidence says why",
          meaning: "What the evidence says."),
        Column("statement", meaning: "The claim as a sentence."),
        Column("evidence", meaning: "The numbers behind the verdict."),
      ])
    for claim in claims { table.append(claim: claim) }
    return table
  }

  /// Adds a verdict, after the cells of the leading columns.
  mutating func append(_ leading: Cell..., claim: Claim) {
    append(
      leading + [
        .text(claim.name), .text(claim.verdict.rawValue), .text(claim.statement),
        .text(claim.evidence),
      ])
  }
}

/// Verdicts as people read them: the claim beside its verdict, the evidence below, in lines as wide as
/// the terminal or a hundred columns.
public func verdictText(_ claims: [Claim], style: Style) -> String {
  let indent = (Verdict.allCases.map(\.rawValue.count).max() ?? 0) + 2
  let width = max(40, min(style.width ?? 100, 120) - indent)
  let margin = String(repeating: " ", count: indent)
  return claims.map { claim in
    let verdict = claim.verdict.rawValue
    let padding = String(repeating: " ", count: indent - verdict.count)
    let statement = TextWidth.lines(of: claim.statement, width: width)
    let evidence = TextWidth.lines(of: claim.evidence, width: width).map { style.faint($0) }
    return style.bold(verdict) + padding
      + (statement + evidence).joined(separator: "\n\(margin)") + "\n"
  }.joined()
}
