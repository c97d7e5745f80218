public import Reports

extension Verification {
  /// Every table of some experiments: one observation per row.
  public static func tables(of results: [Result]) -> [Table] {
    var accuracies = Table(
      "accuracy", caption: "The accuracy of every method on every test set, one seed per row.",
      columns: [
        .experiment, .seed, .method, .set, .role,
        Column("examples", .integer, meaning: "How many examples the set has."),
        Column(
          "accuracy", .number(significantDigits: 4), unit: "fraction",
          meaning: "The share of examples classified correctly."),
      ])
    var methods = Table(
      "methods", caption: "What each method chose on ID validation, one seed per row.",
      columns: [
        .experiment, .seed, .method,
        Column(
          "learning_rate", .number(significantDigits: 3),
          meaning: "The learning rate at the first step."),
        Column("epoch", .integer, meaning: "The epoch that was kept, from 1."),
        Column(
          "regularisation", .number(significantDigits: 3),
          convention: "λ on ½‖W‖², mean "
            + "cross-entropy, features divided by one standard deviation",
          meaning: "The strength of the linear probe's regularisation."),
        Column(
          "refitted_accuracy", .number(significantDigits: 4), unit: "fraction",
          convention: "fitted on the first half of the primary OOD set, tested on the last third",
          meaning: "The OOD accuracy of a head re-fitted on OOD features."),
      ])
    var distortions = DistortionTables(leading: [.experiment, .seed, .method])
    for result in results {
      for outcome in result.outcomes {
        for method in outcome.methods {
          let leading: [Cell] = [
            .text(result.experiment.name), .integer(outcome.seed), .text(method.method.rawValue),
          ]
          for set in method.accuracies {
            accuracies.append(
              leading + [
                .text(set.set), .role(isID: set.isID), .integer(set.examples),
                .number(set.accuracy),
              ])
          }
          methods.append(
            leading + [
              .number(method.learningRate, otherwise: ""),
              method.epoch.map { .integer($0) } ?? .none,
              .number(method.regularisation, otherwise: ""),
              .number(method.refittedAccuracy, otherwise: ""),
            ])
          if let distortion = method.distortion {
            distortions.append(distortion, leading: leading)
          }
        }
      }
    }
    var verdicts = Table.verdicts([], leading: [.experiment])
    for result in results {
      for claim in result.claims {
        verdicts.append(.text(result.experiment.name), claim: claim)
      }
    }
    return [summaryTable(of: results), accuracies, methods] + distortions.all + [verdicts]
  }

  /// Means over seeds of some experiments, one per row.
  public static func summaryTable(of results: [Result]) -> Table {
    var table = ExperimentSummary.emptyTable
    for result in results { result.summary.append(to: &table) }
    return table
  }
}

extension Verification.Result {
  /// The experiment's name, means and verdicts.
  public var json: JSONText {
    var table = ExperimentSummary.emptyTable
    summary.append(to: &table)
    return [
      "experiment": .text(experiment.name), "title": .text(experiment.title),
      "seeds": .array(outcomes.map { .integer($0.seed) }), "summary": table.json,
      "verdicts": Table.verdicts(claims).json,
    ]
  }
}
