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
      results.append(try minibatch(features.kept.rowsBefore, features.kept.rowsAfter))
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

  /// Σ of unbiased HSIC over minibatches of the rows kept, dealt by the hash of their identifiers.
  private func minibatch(_ x: Matrix, _ y: Matrix) throws(GeometryError) -> SimilarityResult {
    let keys = features.kept.keys
    let size = max(4, settings.minibatch)
    func undefined(_ reason: String) -> SimilarityResult {
      SimilarityResult(
        measure: .ckaMinibatch,
        estimate: Estimate(value: .undefined(reason), note: "the value is undefined"),
        intervalMethod: "", null: nil, examples: x.rows, remark: "")
    }
    guard x.rows >= 4 else { return undefined("a batch needs at least 4 examples") }
    if let reason = LinearCKA.reasonAgainst(x, y) { return undefined(reason) }
    var sums = LayerAlignment(before: 1, after: 1, blocks: features.settings.blocks)
    let batches = LayerAlignment.minibatches(of: keys, size: size)
    for rows in batches where rows.count >= 4 {
      do {
        try sums.add(keys: rows.map { keys[$0] }) { layer in
          (layer == 0 ? x : y).selectingRows(rows)
        }
      } catch let error as GeometryError {
        throw error
      } catch {
        return undefined("\(error)")
      }
    }
    let found = sums.similarity(0, 0, level: settings.level)
    return SimilarityResult(
      measure: .ckaMinibatch, estimate: found.estimate,
      intervalMethod: found.estimate.interval == nil
        ? "" : sums.intervalMethod,
      null: found.null, examples: sums.count,
      remark: "\(sums.minibatches) batches of at most \(min(size, x.rows))")
  }

  private func neighbours(
    _ x: Matrix, _ y: Matrix, _ keys: [ExampleKey], _ remark: String
  ) -> SimilarityResult {
    let k = settings.neighbours
    let measure = SimilarityMeasure.neighbourOverlap
    let lists: NeighbourLists
    switch NeighbourOverlap.lists(x, y, k: k) {
    case .failure(let reason):
      return SimilarityResult(
        measure: measure,
        estimate: Estimate(value: .undefined(reason.text), note: "the value is undefined"),
        intervalMethod: "", null: nil, examples: x.rows, remark: remark)
    case .success(let found): lists = found
    }
    var generator = generator(measure.rawValue)
    let drawn = (0..<max(0, settings.draws)).map { _ in
      lists.overlap(pairing: generator.permutation(x.rows))
    }
    let mean = Double(k) / Double(x.rows - 1)
    var null = NullSummary(draws: drawn, method: "\(drawn.count) random pairings, exact mean")
    null?.mean = mean
    let groups = SampledGroups(keys, level: settings.level)
    var estimate = Estimate(value: lists.overlap, note: "an interval needs at least two groups")
    if groups.sizes.count > 1, let value = lists.overlap.number {
      estimate = Estimate(
        value: value, standardError: lists.standardError(groups),
        degreesOfFreedom: Double(groups.sizes.count - 1), scale: .identity, level: groups.level,
        quantile: groups.quantile)
      estimate.restrict(to: measure.range)
    }
    let unit = isGrouped ? "groups" : "examples"
    return SimilarityResult(
      measure: measure, estimate: estimate,
      intervalMethod: estimate.interval == nil
        ? "" : "pairs that share one of \(groups.sizes.count) \(unit)",
      null: null ?? NullSummary(mean: mean, method: "random pairing, exact mean"),
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
