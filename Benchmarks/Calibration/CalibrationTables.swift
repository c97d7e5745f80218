import Geometry
import Hypothesis
package import Reports

/// The tables of a calibration.
package enum CalibrationTables {
  private static let percent = Column.Kind.percent(decimals: 1)

  /// Coverage of intervals.
  package static func coverage(_ rows: [Coverage]) -> Table {
    var table = Table(
      "coverage", caption: "How often 95 % intervals held what they are meant to hold.",
      columns: [
        Column("setting", meaning: "What the simulated features are like."),
        Column("measure", meaning: "What was measured."),
        Column("examples", .integer, title: "n", meaning: "The number of examples."),
        Column("target", title: "of", meaning: "What the interval is meant to hold."),
        Column(
          "truth", .number(significantDigits: 4), meaning: "The value of what it is meant to hold."),
        Column("mean", .number(significantDigits: 4), meaning: "The mean of the estimates."),
        Column(
          "deviation", .number(significantDigits: 3), meaning: "The deviation of the estimates."),
        Column("coverage", percent, meaning: "The share of intervals that held it."),
        Column("error", percent, title: "±", meaning: "The standard error of the coverage."),
        Column(
          "population", percent, title: "of population",
          meaning: "The share that held the value of the population.", hasReason: true),
        Column(
          "expectation", percent, title: "of value expected at n",
          meaning: "The share that held the mean of values from as many examples."),
        Column("intervals", .integer, meaning: "How many repetitions gave an interval."),
        Column("repetitions", .integer, meaning: "How many repetitions there were."),
        Column(
          "is_kept", .truth, title: "kept",
          meaning: "Whether coverage is 93 to 97 %, but for two standard errors."),
      ])
    for row in rows {
      table.append([
        .text(row.setting), .text(row.measure), .integer(row.examples), .text(row.target.rawValue),
        .number(row.truth), .number(row.mean), .number(row.deviation), .number(row.share),
        .number(row.error),
        .number(row.ofPopulation, otherwise: "no value of a population was found"),
        .number(row.ofExpectation), .integer(row.intervals), .integer(row.repetitions),
        .truth(row.isKept),
      ])
    }
    return table
  }

  /// Verdicts on null and planted pairs.
  package static func verdicts(_ rows: [VerdictRates]) -> Table {
    var table = Table(
      "verdict_rates", caption: "How often claims came to each verdict.",
      columns: [
        Column("setting", meaning: "What was simulated."),
        Column("claim", meaning: "The claim, or one displacement of it."),
        Column("planted", meaning: "What the effect is."),
        Column(
          "effect", .number(significantDigits: 3), meaning: "How much was planted."),
        Column(
          "is_null", .truth, title: "null", meaning: "Whether the claim is false of the pairs."),
        Column("pairs", .integer, meaning: "How many pairs."),
        Column("supported", percent, meaning: "The share called supported."),
        Column("error", percent, title: "±", meaning: "The standard error of that share."),
        Column("mixed", percent, meaning: "The share called mixed."),
        Column("unsupported", percent, meaning: "The share called unsupported."),
        Column("not_testable", percent, meaning: "The share called not testable."),
        Column(
          "is_kept", .truth, title: "kept",
          meaning: "Whether at most 5 % of null pairs, but for two standard errors, are supported."),
      ])
    for row in rows {
      table.append([
        .text(row.setting), .text(row.claim), .text(row.planted), .number(row.effect),
        .truth(row.isNull), .integer(row.pairs), .number(row.share(.supported)),
        .number(row.error(.supported)), .number(row.share(.mixed)),
        .number(row.share(.unsupported)), .number(row.share(.notTestable)), .truth(row.isKept),
      ])
    }
    return table
  }

  /// Values beyond the ranges of their nulls.
  package static func nulls(_ rows: [NullRate]) -> Table {
    var table = Table(
      "null_rates", caption: "How often numbers lay beyond the range printed as their null.",
      columns: [
        Column("setting", meaning: "What was simulated."),
        Column("measure", meaning: "What was measured."),
        Column("method", meaning: "What the null makes random."),
        Column(
          "effect", .number(significantDigits: 3),
          meaning: "The share e of the features before in those after; 0 for sets without relation."
        ),
        Column("pairs", .integer, meaning: "How many pairs."),
        Column("beyond", percent, meaning: "The share beyond the range."),
        Column("error", percent, title: "±", meaning: "Its standard error."),
        Column("below", .integer, meaning: "How many below."),
        Column("above", .integer, meaning: "How many above."),
        Column(
          "is_kept", .truth, title: "kept",
          meaning: "Whether at most 5 % of null pairs, but for two standard errors, lie beyond."),
      ])
    for row in rows {
      table.append([
        .text(row.setting), .text(row.measure), .text(row.method), .number(row.effect),
        .integer(row.pairs), .number(row.share), .number(row.error), .integer(row.below),
        .integer(row.above), .truth(row.isKept),
      ])
    }
    return table
  }

  /// A table in GitHub's Markdown, numbers as people read them.
  package static func markdown(_ table: Table, columns: [String]) -> String {
    let places = columns.compactMap { name in table.columns.firstIndex { $0.name == name } }
    let titles = places.map { table.columns[$0].title }
    var lines = [
      "| " + titles.joined(separator: " | ") + " |",
      "|" + String(repeating: " --- |", count: places.count),
    ]
    for row in table.rows {
      let cells = places.map { row[$0].shown(as: table.columns[$0].kind) }
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
