public import Reports

extension LinearTheory {
  /// Errors and bounds for each distance, medians over seeds.
  public var errorTable: Table {
    func error(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(name, .number(significantDigits: 3), title: title, meaning: meaning)
    }
    var table = Table(
      "linear_theory_errors",
      caption: "Errors of the two-layer linear model beside what is proved about them; medians "
        + "over seeds. A lower bound below zero says nothing.",
      columns: [
        Self.distanceColumn,
        error("ood_lp", "OOD: LP", "OOD error of linear probing."),
        error("ood_lp_upper_bound", "at most", "Upper bound on the OOD error of LP."),
        error("ood_ft", "FT", "OOD error of fine-tuning, at the end."),
        error("ood_ft_smallest", "least FT", "Least OOD error at any time of fine-tuning."),
        error(
          "ood_ft_lower_bound", "at least",
          "Lower bound on the OOD error of FT at any time, with the corrected constants."),
        error(
          "ood_ft_lower_bound_as_printed", "as printed in the main text",
          "The same, with the constants that the paper's main text prints."),
        error("ood_lp_ft", "LP-FT", "OOD error of fine-tuning from the probed head."),
        error("id_lp", "ID: LP", "ID error of linear probing."),
        error("id_ft", "FT", "ID error of fine-tuning."),
        error("id_lp_ft", "LP-FT", "ID error of fine-tuning from the probed head."),
      ])
    for (distance, cases) in casesByDistance {
      func median(_ value: (Case) -> Double?) -> Cell {
        let values = cases.compactMap(value)
        guard values.count == cases.count else { return .undefined("unbounded for some seeds") }
        return .number(LinearTheory.median(values))
      }
      table.append([
        .number(distance),
        median { $0.probing.oodError }, median { $0.bounds.probeUpper },
        median { $0.fineTuning.oodError }, median { $0.fineTuning.smallestOODError },
        median { $0.bounds.corrected }, median { $0.bounds.asPrinted },
        median { $0.probingThenFineTuning.oodError },
        median { $0.probing.idError }, median { $0.fineTuning.idError },
        median { $0.probingThenFineTuning.idError },
      ])
    }
    return table
  }

  /// For each distance the number of seeds for which each statement held.
  public var boundTable: Table {
    func count(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(name, .integer, title: title, unit: "seeds", meaning: meaning)
    }
    var table = Table(
      "linear_theory_bounds", caption: "For how many seeds each statement held.",
      columns: [
        Self.distanceColumn,
        count("seeds", "seeds", "Seeds simulated."),
        count(
          "lower_bound_held", "lower bound held",
          "FT and LP-FT never came below the corrected lower bound."),
        Column(
          "error_over_bound", .number(significantDigits: 3), title: "least error / bound",
          meaning: "The smallest ratio of FT's least OOD error to the corrected lower bound, where "
            + "that is positive.", hasReason: true),
        count(
          "lower_bound_as_printed_held", "as printed in the main text",
          "FT never came below the lower bound that the main text prints."),
        count("upper_bound_held", "LP's bound held", "LP's OOD error was below its upper bound."),
        count("ft_worse_than_lp", "FT > LP", "The OOD error of FT was above that of LP."),
        count(
          "lp_ft_at_most_lp", "LP-FT ≤ LP", "The OOD error of LP-FT was not above that of LP."),
        count(
          "converged", "converged", "Both gradient flows came to a training loss of about 0."),
      ])
    for (distance, cases) in casesByDistance {
      func count(_ condition: (Case) -> Bool) -> Cell { .integer(cases.count(where: condition)) }
      let ratios = cases.filter { $0.bounds.corrected > 0 }
        .map { $0.fineTuning.smallestOODError / $0.bounds.corrected }
      table.append([
        .number(distance), .integer(cases.count), count { $0.correctedBoundHolds },
        .number(ratios.min(), otherwise: "the bound is nowhere positive"),
        count { $0.printedBoundHolds }, count { $0.probeBoundHolds },
        count { $0.fineTuning.oodError > $0.probing.oodError },
        count { $0.probingThenFineTuning.oodError <= $0.probing.oodError + 1e-9 },
        count { $0.fineTuning.converged && $0.probingThenFineTuning.converged },
      ])
    }
    return table
  }

  /// Where the features moved, for each distance: medians along the span, largest values outside.
  public var changeTable: Table {
    var table = Table(
      "linear_theory_changes",
      caption: "How far the features moved (Frobenius norm): along the span S of the ID inputs the "
        + "median over seeds, along its complement the largest value at any time of any seed.",
      columns: [Self.distanceColumn]
        + [("ft", "FT"), ("lp_ft", "LP-FT")].flatMap { name, title in
          [
            Column(
              "\(name)_in_span", .number(significantDigits: 3), title: "\(title): along S",
              meaning: "‖(B − B₀) P_S‖ at the end of \(title)."),
            Column(
              "\(name)_outside_span", .number(significantDigits: 2), title: "outside S",
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
      caption: "Fine-tuning in steps: what keeps the features fixed outside the span S of the ID "
        + "inputs, and what breaks that. Medians over seeds.",
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

  static let distanceColumn = Column(
    "distance", .number(significantDigits: 3), title: "distance",
    meaning: "‖B₀ − B*‖₂, how far the pretrained features are from the true ones.")

  private var casesByDistance: [(distance: Double, cases: ArraySlice<Case>)] {
    settings.distances.enumerated().map { index, distance in
      (distance, cases[(index * settings.seedCount)..<((index + 1) * settings.seedCount)])
    }
  }

  /// The middle value, or the mean of the two in the middle.
  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
