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

/// Verdicts as people read them: a line per claim, its evidence indented below.
public func verdictText(_ claims: [Claim], style: Style) -> String {
  let width = Verdict.allCases.map(\.rawValue.count).max() ?? 0
  return claims.map { claim in
    let verdict =
      claim.verdict.rawValue
      + String(repeating: " ", count: width - claim.verdict.rawValue.count)
    return "\(style.bold(verdict))  \(claim.statement)\n"
      + "\(String(repeating: " ", count: width))  \(style.faint(claim.evidence))\n"
  }.joined()
}
