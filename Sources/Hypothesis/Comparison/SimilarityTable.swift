public import Geometry
public import Reports

extension Table {
  /// The table of measures that `compare` prints and writes, without rows.
  public static var similarities: Table {
    let digits = Column.Kind.number(significantDigits: 4)
    return Table(
      "similarities",
      caption:
        "Measures of two feature sets of the same examples, each with its interval and null.",
      columns: [
        Column(
          "pair",
          meaning: "The tap that was compared, where files hold several; empty for one array."),
        Column(
          "measure",
          convention: SimilarityMeasure.allCases.map { "\($0.rawValue): \($0.convention)" }
            .joined(separator: "; "), meaning: "What was measured."),
        Column("value", digits, meaning: "The number.", hasReason: true),
        Column(
          "lower", digits,
          convention:
            "95 %, t; symmetric on Fisher's z for correlations and CKA, on the logarithm for "
            + "neural collapse",
          meaning: "The lower end of its interval over examples.", hasReason: true),
        Column("upper", digits, meaning: "The upper end of its interval."),
        Column("interval_method", meaning: "How the interval was found."),
        Column(
          "interval_of",
          convention: "population: the value that more and more examples lead to; expected at n: "
            + "the mean of values from as many other examples",
          meaning: "What the interval is meant to hold."),
        Column(
          "null", digits,
          convention: "ranks: features without relation to one another; mean shift: changes as "
            + "likely as their opposites; neural collapse: labels dealt anew",
          meaning: "The mean of the number for sets without relation.", hasReason: true),
        Column("null_deviation", digits, meaning: "Its standard deviation for such sets."),
        Column("null_lower", digits, meaning: "Its 2.5 % quantile for such sets."),
        Column("null_upper", digits, meaning: "Its 97.5 % quantile for such sets."),
        Column("null_method", meaning: "What was made random, and how often."),
        Column("examples", .integer, meaning: "How many examples the number is of."),
        Column("features_before", .integer, meaning: "How many features an example has before."),
        Column("features_after", .integer, meaning: "How many features an example has after."),
        Column("remark", meaning: "Ranks, kept directions, samples."),
      ])
  }

  /// The table of change along the principal directions of the features before.
  public static func directions(_ ledger: DirectionIntervals) -> Table {
    let digits = Column.Kind.number(significantDigits: 4)
    func interval(_ name: String) -> [Column] {
      [
        Column(
          "\(name)_lower", digits, convention: "95 %, over examples, the direction held fixed",
          meaning: "The lower end of the interval of \(name)."),
        Column("\(name)_upper", digits, meaning: "The upper end of the interval of \(name)."),
      ]
    }
    var table = Table(
      "directions",
      caption: "Change along each eigenvector of the covariance of the features before.",
      columns: [
        Column(
          "direction", .integer, meaning: "The direction's place, from 1, by falling variance."),
        Column(
          "variance", digits, convention: "1/n, centred",
          meaning: "The variance of the features before along the direction."),
        Column(
          "change", digits, convention: "1/n, uncentred",
          meaning: "The mean squared change along the direction."),
        Column(
          "relative_change", digits, meaning: "change over variance.", hasReason: true),
      ] + interval("variance") + interval("change") + interval("relative_change"))
    for index in ledger.variance.indices {
      let all = [ledger.variance[index], ledger.change[index], ledger.relative[index]]
      table.append(
        [
          .integer(index + 1), .number(all[0].value.number, otherwise: ""),
          .number(all[1].value.number, otherwise: ""),
          .number(all[2].value.number, otherwise: all[2].value.reason ?? ""),
        ]
          + all.flatMap {
            [
              Cell.number($0.interval?.lower, otherwise: ""),
              .number($0.interval?.upper, otherwise: ""),
            ]
          })
    }
    return table
  }

  /// Adds measures of one pair.
  public mutating func append(
    _ results: [SimilarityResult], pair: String, widths: (before: Int, after: Int)
  ) {
    for result in results {
      let (estimate, null) = (result.estimate, result.null)
      append([
        .text(pair), .text(result.measure.rawValue),
        .number(estimate.value.number, otherwise: estimate.value.reason ?? ""),
        .number(estimate.interval?.lower, otherwise: estimate.note ?? ""),
        .number(estimate.interval?.upper, otherwise: ""), .text(result.intervalMethod),
        .text(estimate.interval == nil ? "" : result.measure.intervalTarget.rawValue),
        .number(null?.mean, otherwise: result.reasonAgainstNull),
        .number(null?.standardDeviation, otherwise: ""),
        .number(null?.lower, otherwise: ""), .number(null?.upper, otherwise: ""),
        .text(null?.method ?? ""), .integer(result.examples), .integer(widths.before),
        .integer(widths.after), .text(result.remark),
      ])
    }
  }
}

/// What people read of measures of two feature sets.
public enum SimilaritySummary {
  /// The measures of one pair as text.
  public static func table(_ results: [SimilarityResult]) -> Table {
    var table = Table(
      "similarities",
      columns: [
        Column("measure", meaning: "What was measured."),
        Column("value", title: "value [95 % interval]", meaning: "The number."),
        Column(
          "null", .number(significantDigits: 3), title: "by chance", meaning: "Its null."),
        Column("range", title: "95 % by chance", meaning: "Its null's range."),
        Column("examples", .integer, title: "n", meaning: "How many examples."),
        Column("remark", title: "", meaning: "Remarks."),
      ])
    func short(_ number: Double) -> String { NumberText.significant(number, digits: 4) }
    for result in results {
      var value = result.estimate.value.number.map(short) ?? "undefined"
      if let interval = result.estimate.interval {
        value += " [\(short(interval.lower)), \(short(interval.upper))]"
      }
      var range = ""
      if let lower = result.null?.lower, let upper = result.null?.upper {
        range =
          "\(NumberText.significant(lower, digits: 3)) … "
          + NumberText.significant(upper, digits: 3)
      }
      let remark = [result.estimate.value.reason ?? "", result.remark].filter { !$0.isEmpty }
      table.append([
        .text(result.measure.rawValue), .text(value), .number(result.null?.mean, otherwise: ""),
        .text(range), .integer(result.examples), .text(remark.joined(separator: "; ")),
      ])
    }
    return table
  }
}
