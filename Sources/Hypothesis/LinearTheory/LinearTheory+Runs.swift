public import Reports

extension LinearTheory {
  /// Every training of every seed in a row of its own, for spreadsheets and data frames.
  public var runTable: Table {
    func number(_ name: String, _ meaning: String) -> Column {
      Column(name, .number(significantDigits: 4), meaning: meaning)
    }
    var table = Table(
      "linear_theory_runs", caption: "The two-layer linear model: one row for each training.",
      columns: [
        Self.distanceColumn,
        Column("seed", .text, meaning: "The seed of the problem."),
        Column("training", .text, meaning: "LP, FT, LP-FT by gradient flow, or a control."),
        number("ood_error", "‖Bᵀv − w*‖ at the end."),
        number("smallest_ood_error", "The least OOD error at any recorded time."),
        number("id_error", "‖P_S (Bᵀv − w*)‖ at the end."),
        number("change_in_span", "‖(B − B₀) P_S‖ at the end."),
        number("change_outside_span", "The largest ‖(B − B₀) P_S⊥‖ at any recorded time."),
        number("invariant_drift", "The largest change of an entry of v vᵀ − B Bᵀ."),
        Column("converged", .truth, meaning: "The training loss came to about 0."),
        Column(
          "frozen_outside_span", .truth, meaning: "The change outside the span is rounding."),
        Column("has_to_be_frozen", .truth, meaning: "Whether that is proved for this training."),
        number("lower_bound", "Corrected lower bound on the OOD error at any time."),
        number("lower_bound_sharpened", "What its proof gives before it is simplified."),
        number("lower_bound_as_printed", "The same as printed in the paper's main text."),
        number("upper_bound", "Upper bound on the OOD error of linear probing."),
      ])
    func lower(_ bounds: LinearBounds) -> [Cell] {
      [.number(bounds.corrected), .number(bounds.sharpened), .number(bounds.asPrinted), .none]
    }
    for run in cases {
      table.append(
        Self.row(
          run.distance, run.seed, "LP", run.probing, staysInSpan: true,
          [.none, .none, .none, .number(run.bounds.probeUpper, otherwise: "unbounded")]))
      table.append(
        Self.row(
          run.distance, run.seed, "FT", run.fineTuning, staysInSpan: true,
          lower(run.bounds)))
      table.append(
        Self.row(
          run.distance, run.seed, "LP-FT", run.probingThenFineTuning, staysInSpan: true,
          lower(run.probedBounds)))
    }
    for run in controls {
      let name = run.control.rawValue
      guard let outcome = run.outcome else {
        table.append(
          [.number(settings.controlDistance), .text(String(run.seed)), .text(name)]
            + [Cell](repeating: .undefined("diverged"), count: table.columns.count - 3))
        continue
      }
      table.append(
        Self.row(
          settings.controlDistance, run.seed, name, outcome, staysInSpan: run.control.staysInSpan,
          [.none, .none, .none, .none]))
    }
    return table
  }

  private static func row(
    _ distance: Double, _ seed: UInt64, _ training: String, _ outcome: LinearOutcome,
    staysInSpan: Bool, _ bounds: [Cell]
  ) -> [Cell] {
    [
      .number(distance), .text(String(seed)), .text(training), .number(outcome.oodError),
      .number(outcome.smallestOODError), .number(outcome.idError), .number(outcome.changeInSpan),
      .number(outcome.changeOutsideSpan), .number(outcome.invariantDrift),
      .truth(outcome.converged), .truth(outcome.isFrozenOutsideSpan), .truth(staysInSpan),
    ] + bounds
  }

  /// Settings, tables, every run, and whether all that is proved was seen.
  public var json: JSONText {
    let problem = settings.problem
    return [
      "settings": [
        "dimension": .integer(problem.dimension), "rank": .integer(problem.rank),
        "id_dimension": .integer(problem.spanDimension),
        "examples": .integer(problem.exampleCount), "signal_norm": .number(problem.signalNorm),
        "head_scale": .number(problem.resolvedHeadScale),
        "distances": .array(settings.distances.map(JSONText.number)),
        "first_seed": .text(String(settings.firstSeed)), "seeds": .integer(settings.seedCount),
        "control_distance": .number(settings.controlDistance),
        "control_steps": .integer(settings.controlSteps),
      ],
      "holds": .bool(holds),
      "errors": errorTable.json,
      "bounds": boundTable.json,
      "held": heldTable.json,
      "changes": changeTable.json,
      "controls": controlTable.json,
      "runs": runTable.json,
    ]
  }
}
