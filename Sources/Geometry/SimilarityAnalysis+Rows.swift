import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Measures that look at all pairs of examples, on the first rows kept.
  func quadratic(_ measures: [SimilarityMeasure]) throws(GeometryError) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    let (x, y, _) = features.kept.leading(settings.quadraticRows)
    let keys = Array(features.kept.keys.prefix(x.rows))
    let remark =
      x.rows < features.count ? "a sample of \(x.rows) of \(features.count) examples" : ""
    var results: [SimilarityResult] = []
    if measures.contains(.ckaRadial) || measures.contains(.ckaRadialDebiased) {
      results += radial(x, y, keys, remark).filter { measures.contains($0.measure) }
    }
    if measures.contains(.ckaMinibatch) {
      let all = features.kept.leading(features.kept.count)
      results.append(try minibatch(all.before, all.after))
    }
    if measures.contains(.neighbourOverlap) { results.append(neighbours(x, y, keys, remark)) }
    if measures.contains(.representationalSimilarity) {
      results.append(dissimilarity(x, y, keys, remark))
    }
    return results
  }

  private func radial(
    _ x: Matrix, _ y: Matrix, _ keys: [ExampleKey], _ remark: String
  ) -> [SimilarityResult] {
    let measures: [SimilarityMeasure] = [.ckaRadial, .ckaRadialDebiased]
    let whole = KernelCKA.radial(x, y, bandwidth: settings.bandwidth)
    let full = [whole.biased, whole.debiased]
    guard whole.biased.number != nil, x.rows <= 1024 else {
      return zip(measures, full).map { measure, value in
        let reason = value.reason == nil ? "more than 1024 examples" : "the value is undefined"
        return SimilarityResult(
          measure: measure, estimate: Estimate(value: value, note: reason), intervalMethod: "",
          null: measure == .ckaRadialDebiased ? .debiasedCKA(count: x.rows) : nil,
          examples: x.rows, remark: remark)
      }
    }
    // The distances once; every block left out has its own medians.
    let distances = KernelPair(
      PairwiseRows(x).squaredDistances(0..<x.rows), PairwiseRows(y).squaredDistances(0..<y.rows))
    let parts = blocks(of: keys)
    let leftOut = parts.map { rows -> [Measured] in
      let (biased, debiased) = distances.without(rows).radial(settings.bandwidth).alignment
      return [biased, debiased]
    }
    let kernels = distances.radial(settings.bandwidth)
    return measures.enumerated().map { place, measure in
      result(
        measure, full: full[place], leftOut: leftOut.map { $0[place] }, counts: parts.map(\.count),
        null: kernels.null(
          debiased: place == 1, draws: settings.draws, generator: generator(measure.rawValue)),
        examples: x.rows, remark: remark)
    }
  }

  /// Σ of unbiased HSIC over batches of the rows kept, in their fixed order.
  private func minibatch(_ x: Matrix, _ y: Matrix) throws(GeometryError) -> SimilarityResult {
    let size = max(4, settings.minibatch)
    var sums: [(xy: Double, xx: Double, yy: Double)] = []
    var used = 0
    for start in stride(from: 0, to: x.rows, by: size) {
      let rows = start..<min(start + size, x.rows)
      guard rows.count == size || (start == 0 && rows.count >= 4) else { break }
      let (a, b) = (x[rows: rows].centered, y[rows: rows].centered)
      let (k, l) = (a.timesTransposed(a).uCentred, b.timesTransposed(b).uCentred)
      sums.append((k.innerProduct(l), k.squaredNorm, l.squaredNorm))
      used += rows.count
    }
    let total = sums.reduce((0, 0, 0)) { ($0.0 + $1.xy, $0.1 + $1.xx, $0.2 + $1.yy) }
    func value(_ h: (Double, Double, Double)) -> Measured {
      if sums.isEmpty { return .undefined("a batch needs at least 4 examples") }
      return LinearCKA.reasonAgainst(x, y).map { .undefined($0) } ?? LinearCKA.ratio(h)
    }
    let leftOut = sums.map { value((total.0 - $0.xy, total.1 - $0.xx, total.2 - $0.yy)) }
    return result(
      .ckaMinibatch, full: value(total), leftOut: sums.count > 1 ? leftOut : [],
      counts: sums.count > 1 ? sums.map { _ in size } : [],
      null: used > 0
        ? NullSummary(mean: 0, method: "random pairing, exact mean of the numerator") : nil,
      examples: used, remark: "\(sums.count) batches of \(min(size, x.rows))")
  }

  private func neighbours(
    _ x: Matrix, _ y: Matrix, _ keys: [ExampleKey], _ remark: String
  ) -> SimilarityResult {
    let k = settings.neighbours
    let (value, shares) = NeighbourOverlap.shares(x, y, k: k).map {
      Measured($0.reduce(0, +) / Double($0.count))
    }
    guard let mean = value.number else {
      return SimilarityResult(
        measure: .neighbourOverlap,
        estimate: Estimate(value: value, note: "the value is undefined"),
        intervalMethod: "", null: nil, examples: x.rows, remark: remark)
    }
    var estimate = Influence.estimate(
      value, influences: shares.map { $0 - mean }, keys: keys, total: x.rows, scale: .identity,
      level: settings.level)
    estimate.restrict(to: 0...1)
    return SimilarityResult(
      measure: .neighbourOverlap, estimate: estimate,
      intervalMethod: "spread over examples, neighbours held fixed",
      null: NullSummary(
        mean: Double(k) / Double(x.rows - 1), method: "random pairing, exact mean"),
      examples: x.rows, remark: remark.isEmpty ? "k = \(k)" : "k = \(k); \(remark)")
  }

  private func dissimilarity(
    _ x: Matrix, _ y: Matrix, _ keys: [ExampleKey], _ remark: String
  ) -> SimilarityResult {
    let measure = SimilarityMeasure.representationalSimilarity
    let value = RepresentationalSimilarity.correlation(x, y)
    func plain(_ note: String) -> SimilarityResult {
      SimilarityResult(
        measure: measure, estimate: Estimate(value: value, note: note), intervalMethod: "",
        null: NullSummary(mean: 0, method: "random pairing, exact mean"), examples: x.rows,
        remark: remark)
    }
    guard value.number != nil else { return plain("the value is undefined") }
    guard x.rows <= 1024 else { return plain("more than 1024 examples") }
    let parts = blocks(of: keys)
    let leftOut = parts.map { rows -> Measured in
      let left = Set(rows)
      let kept = (0..<x.rows).filter { !left.contains($0) }
      return RepresentationalSimilarity.correlation(x.selectingRows(kept), y.selectingRows(kept))
    }
    var drawn: [Double] = []
    if settings.draws > 1, x.rows <= 512,
      let a = RepresentationalSimilarity.dissimilarities(x, .correlation),
      let b = RepresentationalSimilarity.dissimilarities(y, .correlation)
    {
      var generator = generator(measure.rawValue)
      let ranks = RepresentationalSimilarity.ranks(a)
      let square = squareform(RepresentationalSimilarity.ranks(b), x.rows)
      for _ in 0..<settings.draws {
        let paired = square.selecting(generator.permutation(x.rows))
        var upper: [Double] = []
        for row in 0..<x.rows {
          upper += paired.values[row * x.rows + row + 1..<(row + 1) * x.rows]
        }
        if let number = RepresentationalSimilarity.pearson(ranks, upper).number {
          drawn.append(number)
        }
      }
    }
    var null = NullSummary(draws: drawn, method: "\(drawn.count) random pairings")
    null?.mean = 0
    return result(
      measure, full: value, leftOut: leftOut, counts: parts.map(\.count),
      null: null ?? NullSummary(mean: 0, method: "random pairing, exact mean"), examples: x.rows,
      remark: remark)
  }

  private func squareform(_ upper: [Double], _ size: Int) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    var place = 0
    for row in 0..<size {
      for column in (row + 1)..<max(size, row + 1) {
        result[row, column] = upper[place]
        result[column, row] = upper[place]
        place += 1
      }
    }
    return result
  }
}

extension KernelPair {
  /// Kernels of squared distances, each with its own median.
  func radial(_ bandwidth: Double) -> KernelPair {
    func kernel(_ distances: Matrix) -> Matrix {
      let median = Repetitions.quantile(0.5, of: distances.values) ?? 0
      guard median > 0 else { return Matrix(rows: distances.rows, columns: distances.columns) }
      let scale = -1 / (2 * bandwidth * bandwidth * median)
      return Matrix(
        rows: distances.rows, columns: distances.columns,
        values: distances.values.map { exponential(scale * $0) })
    }
    return KernelPair(kernel(before), kernel(after))
  }
}

extension SimilarityAnalysis {
  /// Neural collapse on both sides.
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
    let kept = features.kept.leading(features.kept.count)
    var values: [SimilarityMeasure: Measured] = [:]
    let heads = settings.heads
    let total = try features.total()
    let n = Double(features.count)
    for (isAfter, sums, head) in [
      (false, classes.before, heads.before), (true, classes.after, heads.after),
    ] {
      let found = try NeuralCollapse(
        sums, second: n * (isAfter ? total.afterCovariance : total.beforeCovariance),
        centre: isAfter ? total.afterMean : total.beforeMean, head: head?.matrix)
      values[isAfter ? .collapseAfter : .collapseBefore] = found.variability
      values[isAfter ? .equinormAfter : .equinormBefore] = found.equinorm
      values[isAfter ? .equiangularityAfter : .equiangularityBefore] = found.equiangularity
      values[isAfter ? .selfDualityAfter : .selfDualityBefore] = found.selfDuality
      let rows = isAfter ? kept.after : kept.before
      let disagreement: Measured
      if let head, head.matrix.rows == rows.columns, kept.labels.count == rows.rows {
        disagreement = NeuralCollapse.disagreement(
          rows: rows, labels: kept.labels, head: head.matrix, bias: head.bias)
      } else {
        disagreement = .undefined(
          head == nil ? "no head was given" : "the head reads other features than these")
      }
      values[isAfter ? .disagreementAfter : .disagreementBefore] = disagreement
    }
    return measures.map { measure in
      let isSampled = measure == .disagreementBefore || measure == .disagreementAfter
      let used = isSampled ? kept.before.rows : features.count
      return SimilarityResult(
        measure: measure,
        estimate: Estimate(
          value: values[measure] ?? .undefined("not measured"),
          note: "no interval for neural collapse"),
        intervalMethod: "", null: nil, examples: used,
        remark: used < features.count ? "a sample of \(used) of \(features.count) examples" : "")
    }
  }
}
