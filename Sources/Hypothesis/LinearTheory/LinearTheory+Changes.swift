public import Reports

extension LinearTheory {
  /// Where the features moved, for each distance: medians along the span, largest values outside.
  public var changeTable: Table {
    var table = Table(
      "linear_theory_changes",
      caption: "How far the features moved (Frobenius norm): medians along the span S of the ID "
        + "inputs, the largest value at any time of any seed outside it.",
      columns: [Self.distanceColumn]
        + [("ft", "FT"), ("lp_ft", "LP-FT")].flatMap { name, title in
          [
            Column(
              "\(name)_in_span", .number(significantDigits: 3), title: "\(title): along S",
              meaning: "‖(B − B₀) P_S‖ at the end of \(title)."),
            Column(
              "\(name)_outside_span", .number(significantDigits: 2), title: "\(title): outside S",
              meaning: "The largest ‖(B − B₀) P_S⊥‖ at any time of \(title)."),
          ]
        } + [
          Column(
            "invariant_drift", .number(significantDigits: 2), title: "drift of vvᵀ − BBᵀ",
            meaning: "The largest change of an entry of v vᵀ − B Bᵀ, which gradient flow keeps.")
        ])
    for (distance, cases) in casesByDistance {
      func median(_ value: (Case) -> Double) -> Cell {
        .number(LinearTheory.median(cases.map(value)))
      }
      func largest(_ value: (Case) -> Double) -> Cell { .number(cases.map(value).max() ?? 0) }
      table.append([
        .number(distance),
        median { $0.fineTuning.changeInSpan }, largest { $0.fineTuning.changeOutsideSpan },
        median { $0.probingThenFineTuning.changeInSpan },
        largest { $0.probingThenFineTuning.changeOutsideSpan },
        largest { max($0.fineTuning.invariantDrift, $0.probingThenFineTuning.invariantDrift) },
      ])
    }
    return table
  }

  /// Where the features moved in each control.
  public var controlTable: Table {
    var table = Table(
      "linear_theory_controls",
      caption: "Controls: FT in steps, at distance "
        + NumberText.significant(settings.controlDistance, digits: 3)
        + "; some keep the features fixed outside S, some break that; medians.",
      columns: [
        Column("training", meaning: "How the model was fine-tuned."),
        Column(
          "in_span", .number(significantDigits: 3), title: "along S",
          meaning: "‖(B − B₀) P_S‖ at the end.", hasReason: true),
        Column(
          "outside_span", .number(significantDigits: 2), title: "outside S",
          meaning: "The largest ‖(B − B₀) P_S⊥‖ at any time.", hasReason: true),
        Column(
          "frozen_seeds", .integer, title: "fixed outside", unit: "seeds",
          meaning: "Seeds for which the change outside S is rounding."),
        Column("seeds", .integer, meaning: "Seeds that did not diverge."),
        Column("has_to_be_frozen", .truth, title: "has to be", meaning: "Whether it is proved."),
        Column("reason", title: "since", meaning: "Why the features stay, or need not."),
      ])
    for control in LinearControl.allCases {
      let outcomes = controls.filter { $0.control == control }.compactMap(\.outcome)
      func median(_ value: (LinearOutcome) -> Double) -> Cell {
        .number(
          outcomes.isEmpty ? nil : LinearTheory.median(outcomes.map(value)),
          otherwise: "every run diverged")
      }
      table.append([
        .text(control.rawValue),
        median { $0.changeInSpan }, median { $0.changeOutsideSpan },
        .integer(outcomes.count(where: \.isFrozenOutsideSpan)), .integer(outcomes.count),
        .truth(control.staysInSpan), .text(control.reason),
      ])
    }
    return table
  }
}
