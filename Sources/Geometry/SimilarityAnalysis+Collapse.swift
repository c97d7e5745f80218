import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Neural collapse on both sides: intervals by leaving out blocks, groups unsplit, of the rows that are
  /// kept; of NC3 less what ``ClassMeanSpread`` says, of NC4 less half of what moves of class means add; the null by labels
  /// dealt anew among the same rows.
  func collapse(_ measures: [SimilarityMeasure]) throws(GeometryError) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    guard let classes = features.classes else {
      return measures.map {
        SimilarityResult(
          measure: $0,
          estimate: Estimate(value: .undefined("there are no labels"), note: "no labels"),
          intervalMethod: "", null: nil, examples: features.count, remark: "")
      }
    }
    let kept = features.kept
    let sides = [
      CollapseSide(kept.rowsBefore, kept.labels, settings.heads.before, isAfter: false),
      CollapseSide(kept.rowsAfter, kept.labels, settings.heads.after, isAfter: true),
    ].filter { side in measures.contains { $0.isAfterSide == side.isAfter } }
    let parts = blocks(of: kept.keys)
    let total = try features.total()
    let n = Double(features.count)
    var results: [SimilarityMeasure: SimilarityResult] = [:]
    for side in sides {
      let all = Array(side.labels.indices)
      var full = try side.values(all, labels: side.labels)
      if !kept.isComplete {
        // The sums know all examples, the rows a sample.
        let sums = side.isAfter ? classes.after : classes.before
        let found = try NeuralCollapse(
          sums, second: n * (side.isAfter ? total.afterCovariance : total.beforeCovariance),
          centre: side.isAfter ? total.afterMean : total.beforeMean, head: side.head?.matrix)
        full = [
          found.variability, found.equinorm, found.equiangularity, found.selfDuality, full[4],
        ]
      }
      var leftOut: [[Measured]] = []
      // Disagreements with the class means held: without examples that a mean's move takes across.
      let different = side.disagreements()
      var held: [Measured] = []
      for rows in parts {
        let left = Set(rows)
        let kept = all.filter { !left.contains($0) }
        leftOut.append(try side.values(kept, labels: side.labels))
        if let different {
          held.append(
            Measured(
              Double(kept.count { different[$0] }), over: Double(kept.count),
              otherwise: "there are no examples"))
        }
      }
      let spread = measures.contains(where: \.isSelfDuality) ? side.spread(self) : nil
      var generator = generator("neural collapse \(side.isAfter)")
      var draws = [[Double]](repeating: [], count: full.count)
      for _ in 0..<min(settings.draws, 99) {
        let order = generator.permutation(side.labels.count)
        let drawn = try side.values(all, labels: order.map { side.labels[$0] })
        for (place, value) in drawn.enumerated() {
          if let number = value.number { draws[place].append(number) }
        }
      }
      for (place, measure) in side.measures.enumerated() where measures.contains(measure) {
        let counts = parts.map(\.count)
        var surplus = measure.isSelfDuality ? 2 * (spread?.squaredTrace ?? 0) : 0
        if place == 4, !held.isEmpty {
          let all = jackknife(
            measure, full: full[4], leftOut: leftOut.map { $0[4] }, counts: counts)
          let own = jackknife(measure, full: full[4], leftOut: held, counts: counts)
          if let a = all.standardError, let b = own.standardError { surplus = (a * a - b * b) / 2 }
        }
        results[measure] = collapseResult(
          measure, full[place], leftOut: leftOut.map { $0[place] }, counts: counts,
          draws: draws[place], isSampled: place == 4, surplus: surplus)
      }
    }
    return measures.compactMap { results[$0] }
  }

  private func collapseResult(
    _ measure: SimilarityMeasure, _ full: Measured, leftOut: [Measured], counts: [Int],
    draws: [Double], isSampled: Bool, surplus: Double
  ) -> SimilarityResult {
    let (kept, n) = (features.kept.count, features.count)
    var estimate = jackknife(measure, full: full, leftOut: leftOut, counts: counts)
    if let number = full.number, let error = estimate.standardError,
      let freedom = estimate.degreesOfFreedom
    {
      // The error of so many examples, from that of the sample.
      let fraction = kept < n && !isSampled ? Double(kept) / Double(max(1, n)) : 1
      var variance = error * error * fraction
      let unit = estimate.scale == .logarithm ? number * number : 1
      if surplus > 0, unit > 0 {
        variance = max(variance - surplus * (2 / fraction - 1) / unit, variance / 2)
      }
      estimate = Estimate(
        value: number, standardError: variance.squareRoot(), degreesOfFreedom: freedom,
        scale: estimate.scale, level: settings.level)
      estimate.restrict(to: measure.range)
    }
    let of = kept < n ? " of \(kept) examples" : ""
    let used = counts.count { $0 > 0 }
    return SimilarityResult(
      measure: measure, estimate: estimate,
      intervalMethod: estimate.interval == nil
        ? "" : jackknifeMethod(used) + of,
      null: full.number == nil
        ? nil : NullSummary(draws: draws, method: "\(draws.count) random labellings\(of)"),
      examples: isSampled ? kept : n,
      remark: isSampled && kept < n ? "a sample of \(kept) of \(n) examples" : "")
  }
}

extension SimilarityMeasure {
  fileprivate var isSelfDuality: Bool { self == .selfDualityBefore || self == .selfDualityAfter }

  /// Whether a measure of neural collapse is of the features after.
  fileprivate var isAfterSide: Bool {
    switch self {
    case .collapseAfter, .equinormAfter, .equiangularityAfter, .selfDualityAfter,
      .disagreementAfter:
      true
    default: false
    }
  }
}

/// Labelled rows of one side, with the head that reads them.
private struct CollapseSide {
  let rows: Matrix
  let labels: [Int]
  let head: SimilarityAnalysis.Head?
  let isAfter: Bool
  private let logits: Matrix?

  init(_ rows: Matrix, _ labels: [Int], _ head: SimilarityAnalysis.Head?, isAfter: Bool) {
    self.rows = rows
    self.labels = labels
    self.head = head
    self.isAfter = isAfter
    logits = head.flatMap { $0.matrix.rows == rows.columns ? rows * $0.matrix : nil }
  }

  var measures: [SimilarityMeasure] {
    isAfter
      ? [
        .collapseAfter, .equinormAfter, .equiangularityAfter, .selfDualityAfter, .disagreementAfter,
      ]
      : [
        .collapseBefore, .equinormBefore, .equiangularityBefore, .selfDualityBefore,
        .disagreementBefore,
      ]
  }

  /// For each example, whether its nearest class mean is not the head's class; `nil` without a head.
  func disagreements() -> [Bool]? {
    guard let head, let logits else { return nil }
    return NeuralCollapse.disagreements(
      rows: rows, labels: labels, logits: logits, bias: head.bias)
  }

  /// How much sampling moves the class means, from at most 1024 rows.
  func spread(_ analysis: SimilarityAnalysis) -> ClassMeanSpread? {
    let count = min(1024, rows.rows)
    let keys = Array(analysis.features.kept.keys.prefix(count))
    return ClassMeanSpread(
      rows: rows[rows: 0..<count], labels: Array(labels.prefix(count)),
      groups: SampledGroups(keys, level: analysis.settings.level), total: analysis.features.count)
  }

  /// NC1, both of NC2, NC3 and NC4 of some of the rows.
  func values(_ chosen: [Int], labels: [Int]) throws(GeometryError) -> [Measured] {
    let part = chosen.count == rows.rows ? rows : rows.selectingRows(chosen)
    let own = chosen.map { labels[$0] }
    let found = try NeuralCollapse(rows: part, labels: own, head: head?.matrix)
    let disagreement: Measured
    if let head, let logits {
      disagreement = NeuralCollapse.disagreement(
        rows: part, labels: own,
        logits: chosen.count == rows.rows ? logits : logits.selectingRows(chosen),
        bias: head.bias)
    } else {
      disagreement = .undefined(
        head == nil ? "no head was given" : "the head reads other features than these")
    }
    return [
      found.variability, found.equinorm, found.equiangularity, found.selfDuality, disagreement,
    ]
  }
}
