public import Reports

extension LinearTheory {
  /// Errors for each distance, medians over seeds.
  public var errorTable: Table {
    func error(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(name, .number(significantDigits: 3), title: title, meaning: meaning)
    }
    var table = Table(
      "linear_theory_errors", caption: "Errors: the root of the expected squared error; medians.",
      columns: [
        Self.distanceColumn,
        error("ood_lp", "OOD: LP", "OOD error ‖Bᵀv − w*‖ of linear probing."),
        error("ood_ft", "OOD: FT", "OOD error of fine-tuning, at the end."),
        error(
          "ood_ft_smallest", "FT stopped best", "Least OOD error at any time of fine-tuning."),
        error("ood_lp_ft", "OOD: LP-FT", "OOD error of fine-tuning from the probed head."),
        error("id_lp", "ID: LP", "ID error ‖P_S (Bᵀv − w*)‖ of linear probing."),
        error("id_ft", "ID: FT", "ID error of fine-tuning."),
        error("id_lp_ft", "ID: LP-FT", "ID error of fine-tuning from the probed head."),
      ])
    for (distance, cases) in casesByDistance {
      func median(_ value: (Case) -> Double) -> Cell {
        .number(LinearTheory.median(cases.map(value)))
      }
      table.append([
        .number(distance), median { $0.probing.oodError }, median { $0.fineTuning.oodError },
        median { $0.fineTuning.smallestOODError }, median { $0.probingThenFineTuning.oodError },
        median { $0.probing.idError }, median { $0.fineTuning.idError },
        median { $0.probingThenFineTuning.idError },
      ])
    }
    return table
  }

  /// Bounds on the OOD error for each distance, medians over seeds.
  public var boundTable: Table {
    func bound(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(
        name, .number(significantDigits: 3), title: title, meaning: meaning,
        hasReason: name == "upper_bound" || name == "error_over_bound")
    }
    var table = Table(
      "linear_theory_bounds",
      caption: "Bounds on OOD errors; medians. A lower bound below zero says nothing.",
      columns: [
        Self.distanceColumn,
        bound("ood_ft_smallest", "least FT", "Least OOD error at any time of fine-tuning."),
        bound(
          "lower_bound", "at least (corrected)",
          "Lower bound on the OOD error of FT at any time, with the corrected constants."),
        bound(
          "lower_bound_sharpened", "at least (sharpened)",
          "What the same proof gives before its steps are simplified, computed numerically."),
        bound(
          "lower_bound_as_printed", "as printed in the main text",
          "The lower bound with the constants that the paper's main text prints."),
        bound(
          "error_over_bound", "smallest error / sharpened",
          "The smallest ratio of FT's least OOD error to the sharpened bound, where that is "
            + "positive, over seeds."),
        bound("ood_lp", "LP", "OOD error of linear probing."),
        bound("upper_bound", "at most", "Upper bound on the OOD error of LP."),
      ])
    for (distance, cases) in casesByDistance {
      func median(_ value: (Case) -> Double?) -> Cell {
        let values = cases.compactMap(value)
        guard values.count == cases.count else { return .undefined("unbounded for some seeds") }
        return .number(LinearTheory.median(values))
      }
      let ratios = cases.filter { $0.bounds.sharpened > 0 }
        .map { $0.fineTuning.smallestOODError / $0.bounds.sharpened }
      table.append([
        .number(distance), median { $0.fineTuning.smallestOODError },
        median { $0.bounds.corrected }, median { $0.bounds.sharpened },
        median { $0.bounds.asPrinted },
        .number(ratios.min(), otherwise: "the bound is nowhere positive"),
        median { $0.probing.oodError }, median { $0.bounds.probeUpper },
      ])
    }
    return table
  }

  /// For each distance the number of seeds for which each statement held.
  public var heldTable: Table {
    func count(_ name: String, _ title: String, _ meaning: String) -> Column {
      Column(name, .integer, title: title, unit: "seeds", meaning: meaning)
    }
    var table = Table(
      "linear_theory_held", caption: "For how many seeds each statement held.",
      columns: [
        Self.distanceColumn,
        count("seeds", "seeds", "Seeds simulated."),
        count(
          "lower_bound_held", "lower bounds",
          "FT and LP-FT never came below the corrected and the sharpened lower bound."),
        count(
          "lower_bound_as_printed_held", "as printed in the main text",
          "FT never came below the lower bound that the main text prints."),
        count("upper_bound_held", "upper bound", "LP's OOD error was below its upper bound."),
        count(
          "frozen_outside_span", "fixed outside S",
          "No feature changed outside the span of the ID inputs, in FT and in LP-FT."),
        count("ft_worse_than_lp", "OOD: FT > LP", "The OOD error of FT was above that of LP."),
        count(
          "lp_ft_at_most_lp", "OOD: LP-FT ≤ LP", "The OOD error of LP-FT was not above LP's."),
        count(
          "converged", "converged", "Both gradient flows came to a training loss of about 0."),
      ])
    for (distance, cases) in casesByDistance {
      func count(_ condition: (Case) -> Bool) -> Cell { .integer(cases.count(where: condition)) }
      table.append([
        .number(distance), .integer(cases.count), count { $0.lowerBoundsHold },
        count { $0.printedBoundHolds }, count { $0.probeBoundHolds },
        count { $0.isFrozenOutsideSpan },
        count { $0.fineTuning.oodError > $0.probing.oodError },
        count { $0.probingThenFineTuning.oodError <= $0.probing.oodError + 1e-9 },
        count { $0.fineTuning.converged && $0.probingThenFineTuning.converged },
      ])
    }
    return table
  }

  static let distanceColumn = Column(
    "distance", .number(significantDigits: 3), title: "distance",
    meaning: "‖B₀ − B*‖₂, how far the pretrained features are from the true ones.")

  var casesByDistance: [(distance: Double, cases: ArraySlice<Case>)] {
    settings.distances.enumerated().map { index, distance in
      (distance, cases[(index * settings.seedCount)..<((index + 1) * settings.seedCount)])
    }
  }

  /// The middle value, or the mean of the two in the middle.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
