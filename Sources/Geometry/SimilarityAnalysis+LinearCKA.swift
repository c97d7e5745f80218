import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Linear CKA by what is there: Gram matrices of few rows, moments of blocks, or influences.
  func linearCKA(_ measures: [SimilarityMeasure]) throws(GeometryError) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    let widest = max(features.beforeWidth, features.afterWidth)
    if features.kept.isComplete,
      features.count <= widest || (!features.isNarrow && features.count <= 2048)
    {
      return ckaOfRows(measures)
    }
    let total = try features.total()
    func values(_ moments: JointMoments) -> [Measured] {
      measures.map { $0 == .ckaBiased ? LinearCKA.biased(moments) : LinearCKA.debiased(moments) }
    }
    let full = values(total)
    if features.isNarrow {
      let blocks = try blockMoments()
      let leftOut = blocks.map { values(total.removing($0)) }
      return measures.enumerated().map { place, measure in
        result(
          measure, full: full[place], leftOut: leftOut.map { $0[place] },
          counts: blocks.map(\.count), null: ckaNull(measure, total))
      }
    }
    let influences = influence(total).linearCKA()
    return measures.enumerated().map { place, measure in
      influenced(measure, full[place], influences, null: ckaNull(measure, total))
    }
  }

  /// The moments of each block, from its own sums or from all rows.
  func blockMoments() throws(GeometryError) -> [JointMoments] {
    if let blocks = features.blockMoments { return blocks }
    let (x, y) = (features.kept.rowsBefore, features.kept.rowsAfter)
    let total = try features.total()
    var result: [JointMoments] = []
    for rows in blocks(of: features.kept.keys) {
      var block = JointMoments(
        beforeWidth: x.columns, afterWidth: y.columns, beforeShift: total.beforeShift,
        afterShift: total.afterShift)
      if !rows.isEmpty {
        try block.add(before: x.selectingRows(rows), after: y.selectingRows(rows))
      }
      result.append(block)
    }
    return result
  }

  /// The sample's rows and all examples' covariances.
  func influence(_ total: JointMoments) -> Influence {
    Influence(before: features.kept.rowsBefore, after: features.kept.rowsAfter, total: total)
  }

  /// A result by influences on the sample.
  func influenced(
    _ measure: SimilarityMeasure, _ value: Measured, _ influences: [Double]?, null: NullSummary?,
    remark: String = ""
  ) -> SimilarityResult {
    var estimate = Estimate(value: value, note: "the value is undefined")
    if let influences {
      estimate = Influence.estimate(
        value, influences: influences, keys: features.kept.keys, total: features.count,
        scale: measure.scale, level: settings.level)
      estimate.restrict(to: measure.range)
    } else if value.number != nil {
      estimate = Estimate(
        value: value,
        note: "no interval for features wider than \(settings.widestDecomposed)")
    }
    return SimilarityResult(
      measure: measure, estimate: estimate,
      intervalMethod: estimate.interval == nil
        ? ""
        : "influence of \(features.kept.count) examples, first order"
          + (isGrouped ? ", groups together" : ""),
      null: null, examples: features.count, remark: remark)
  }

  private func ckaNull(_ measure: SimilarityMeasure, _ total: JointMoments) -> NullSummary? {
    if features.kept.isComplete, total.count >= 4, total.count <= 1024, settings.draws > 1,
      total.reasonAgainstCorrelation == nil
    {
      let (x, y) = (features.kept.rowsBefore.centered, features.kept.rowsAfter.centered)
      return KernelPair(x.timesTransposed(x), y.timesTransposed(y)).null(
        debiased: measure == .ckaDebiased, draws: settings.draws,
        generator: generator(measure.rawValue))
    }
    if measure == .ckaDebiased { return NullSummary.debiasedCKA(count: total.count) }
    let (traces, norms) = (total.centredTraces, total.centredSquaredNorms)
    return NullSummary.biasedCKA(
      traces: (traces.before, traces.after),
      norms: (norms.before.squareRoot(), norms.after.squareRoot()), count: total.count)
  }

  /// By n×n Gram matrices of all rows: with a block left out, a part of the same matrices.
  private func ckaOfRows(_ measures: [SimilarityMeasure]) -> [SimilarityResult] {
    let (x, y) = (features.kept.rowsBefore, features.kept.rowsAfter)
    let grams = KernelPair(
      x.centered.timesTransposed(x.centered), y.centered.timesTransposed(y.centered))
    func values(_ kernels: KernelPair, _ reason: String?) -> [Measured] {
      let (biased, debiased) = reason.map { (.undefined($0), .undefined($0)) } ?? kernels.alignment
      return measures.map { $0 == .ckaBiased ? biased : debiased }
    }
    let reason = LinearCKA.reasonAgainst(x, y)
    let parts = blocks(of: features.kept.keys)
    let full = values(grams, reason)
    let leftOut = reason == nil ? parts.map { values(grams.without($0), nil) } : []
    return measures.enumerated().map { place, measure in
      let null =
        reason == nil && x.rows >= 4
        ? grams.null(
          debiased: measure == .ckaDebiased, draws: settings.draws,
          generator: generator(measure.rawValue)) : nil
      return result(
        measure, full: full[place], leftOut: leftOut.map { $0[place] },
        counts: leftOut.isEmpty ? [] : parts.map(\.count), null: null)
    }
  }
}

/// Two kernel matrices of the same examples.
struct KernelPair {
  let before, after: Matrix

  init(_ before: Matrix, _ after: Matrix) {
    self.before = before
    self.after = after
  }

  /// Biased and debiased alignment.
  var alignment: (Measured, Measured) {
    KernelCKA.alignment(count: before.rows) { (before[rows: $0], after[rows: $0]) }
  }

  /// The kernels of the examples that are not in `rows`.
  func without(_ rows: [Int]) -> KernelPair {
    let left = Set(rows)
    let kept = (0..<before.rows).filter { !left.contains($0) }
    return KernelPair(before.selecting(kept), after.selecting(kept))
  }

  /// The null of random pairings: drawn, with exact moments where they are known.
  func null(debiased: Bool, draws: Int, generator: SeededGenerator) -> NullSummary? {
    guard draws > 1 else { return debiased ? .debiasedCKA(count: before.rows) : nil }
    var generator = generator
    var drawn: [Double] = []
    // Centred kernels stay centred under pairings: one inner product each.
    let (k, l) =
      debiased ? (before.uCentred, after.uCentred) : (before.doublyCentred, after.doublyCentred)
    let norm = k.frobeniusNorm * l.frobeniusNorm
    guard norm > 0 else { return nil }
    for _ in 0..<draws {
      drawn.append(k.innerProduct(l.selecting(generator.permutation(l.rows))) / norm)
    }
    var summary = NullSummary(draws: drawn, method: "\(draws) random pairings")
    if debiased, let exact = NullSummary.debiasedCKA(count: before.rows) {
      summary?.mean = 0
      summary?.standardDeviation = exact.standardDeviation
      summary?.method = "random pairing: exact mean and deviation, quantiles of \(draws)"
    }
    return summary
  }
}

extension Matrix {
  /// The rows and columns whose numbers are given.
  func selecting(_ indices: [Int]) -> Matrix {
    var result = Matrix(rows: indices.count, columns: indices.count)
    values.withUnsafeBufferPointer { entries in
      result.values.withUnsafeMutableBufferPointer { target in
        var place = 0
        for row in indices {
          let start = row * columns
          for column in indices {
            target[place] = entries[start + column]
            place += 1
          }
        }
      }
    }
    return result
  }

  /// H K H.
  var doublyCentred: Matrix { centered.transposed.centered }

  /// The matrix with zero diagonal, rows and columns of which add to zero (U-centred).
  var uCentred: Matrix {
    var gram = self
    let n = rows
    guard n > 2 else { return gram }
    for index in 0..<n { gram[index, index] = 0 }
    var means = gram.times([Double](repeating: 1, count: n)).map { $0 / Double(n - 2) }
    let half = means.reduce(0, +) / Double(2 * (n - 1))
    means = means.map { $0 - half }
    for row in 0..<n {
      for column in 0..<n {
        gram.values[row * n + column] =
          row == column ? 0 : gram.values[row * n + column] - means[row] - means[column]
      }
    }
    return gram
  }
}
