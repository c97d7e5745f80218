public import Reports

extension LinearTheory {
  /// The tables and what they say, for people.
  public func report(style: Style = .plain) -> String {
    let problem = settings.problem
    let held = cases.count(where: { $0.lowerBoundsHold })
    let printed = cases.count(where: { $0.printedBoundHolds })
    let probe = cases.count(where: { $0.probeBoundHolds })
    let frozen = cases.count(where: { $0.isFrozenOutsideSpan })
    let unexpected = controls.count(where: { !$0.isAsExpected })
    let unfinished = cases.count(where: {
      !$0.fineTuning.converged || !$0.probingThenFineTuning.converged
    })

    var lines = [
      style.bold("The two-layer linear model f(x) = vᵀBx against what is proved about it"),
      "\(problem.rank) features of \(problem.dimension) inputs, \(problem.exampleCount) ID examples "
        + "in a span S of dimension \(problem.spanDimension), ‖w*‖ = "
        + NumberText.significant(problem.signalNorm) + ", head scale "
        + NumberText.significant(problem.resolvedHeadScale, digits: 3) + ", seeds "
        + (settings.seeds.first.map { "\($0)" } ?? "none")
        + (settings.seedCount > 1 ? " to \(settings.seeds.last ?? 0)" : ""),
      "LP: linear probing. FT: fine-tuning from a random head. LP-FT: from the probed head.",
      "",
    ]
    for table in [errorTable, boundTable, heldTable, changeTable, controlTable] {
      lines += [style.bold(table.caption), "", table.text(style: style)]
    }
    lines += [
      style.bold("Found"),
      "lower bounds on FT and LP-FT: held in \(held) of \(cases.count) problems",
      "lower bound as printed in the main text: held in \(printed) of \(cases.count) problems"
        + (printed < cases.count ? " (it is known to fail for some)" : ""),
      "upper bound on LP: held in \(probe) of \(cases.count) problems",
      "no change of features outside S: held in \(frozen) of \(cases.count) problems"
        + (unexpected > 0 ? ", broken in \(unexpected) controls that have to keep it" : ""),
    ]
    if unfinished > 0 {
      lines.append(
        "\(unfinished) problems had not converged when the flow was stopped; the bounds are about "
          + "any time, so they count")
    }
    lines.append(
      holds
        ? "Everything that is proved was seen."
        : "Something that is proved was not seen: this is a fault of the program.")
    return lines.joined(separator: "\n") + "\n"
  }
}
