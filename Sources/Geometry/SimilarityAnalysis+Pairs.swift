import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Measures of decomposed pairs and of their spectra.
  func pairs(_ measures: [SimilarityMeasure]) throws(GeometryError) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    let total = reduced == nil ? try features.total() : nil
    let whole = try decomposed(measures, total)
    let full = try values(measures, whole)
    var nulls = try pairNulls(measures, whole)
    if measures.contains(where: { $0.family == .rank }) {
      nulls.merge(try rankNulls(measures, total, isSmall: isDecomposedAgain)) { own, _ in own }
    }
    let remarks = try remarks(measures, whole.pairValues.pair)
    var results: [SimilarityMeasure: SimilarityResult] = [:]
    if isDecomposedAgain {
      for result in try leavingOutBlocks(measures, whole, full, total, nulls, remarks) {
        results[result.measure] = result
      }
    }
    // Weights matter to the error of weighted correlations; held, they say too little by themselves.
    let weighted = measures.filter(\.isWeighted)
    let influences = try pairInfluences(isDecomposedAgain ? weighted : measures, whole.pairValues)
    for measure in weighted where isDecomposedAgain {
      guard let own = influences[measure] else { continue }
      let held = influenced(measure, full[measure] ?? .undefined(""), own, null: nil).estimate
      if let estimate = results[measure]?.estimate.lessHalfOfExcess(over: held) {
        results[measure]?.estimate = estimate
        results[measure]?.estimate.restrict(to: measure.range)
        results[measure]?.intervalMethod += ", less half of their excess over influences"
      }
    }
    for measure in measures where results[measure] == nil {
      results[measure] = influenced(
        measure, full[measure] ?? .undefined("not measured"),
        measure.isWeighted ? nil : influences[measure],
        null: nulls[measure], remark: remarks[measure] ?? "")
    }
    return measures.compactMap { results[$0] }
  }

  /// Whether everything is decomposed again for every block and every draw.
  private var isDecomposedAgain: Bool {
    let widest = max(features.beforeWidth, features.afterWidth)
    if min(features.count, widest) <= settings.widestDecomposed { return true }
    return reduced != nil && features.count < widest
      && features.count <= 2 * settings.widestDecomposed
  }

  /// How often a null draws: 39 times, enough for 2.5 % on either side, where each takes long.
  var drawsDecomposed: Int {
    let smallest = min(features.count, max(features.beforeWidth, features.afterWidth))
    return smallest <= settings.widestDecomposed ? settings.draws : min(settings.draws, 39)
  }

  /// The results by leaving out blocks.
  private func leavingOutBlocks(
    _ measures: [SimilarityMeasure], _ whole: Decomposed, _ full: [SimilarityMeasure: Measured],
    _ total: JointMoments?, _ nulls: [SimilarityMeasure: NullSummary],
    _ remarks: [SimilarityMeasure: String]
  ) throws(GeometryError) -> [SimilarityResult] {
    var leftOut: [[SimilarityMeasure: Measured]] = []
    var counts: [Int] = []
    var motion = SubspaceMotion()
    func add(_ part: Decomposed, _ count: Int) throws(GeometryError) {
      var part = part
      part.pairValues.held = whole.pairValues.chosen
      counts.append(count)
      leftOut.append(try values(measures, part))
      if measures.contains(where: { $0.family == .angles }) {
        motion.add(try part.pairValues.motion(from: whole.pairValues), count: count)
      }
    }
    if let reduced {
      for rows in blocks(of: features.kept.keys) {
        let part =
          rows.isEmpty ? whole : try decomposed(measures, reduced, without: rows)
        try add(part, rows.count)
      }
    } else if let total {
      for block in try blockMoments() {
        try add(try decomposed(measures, total.removing(block)), block.count)
      }
    }
    return measures.map { measure in
      let value = full[measure] ?? .undefined("not measured")
      var found = result(
        measure, full: value, leftOut: leftOut.map { $0[measure] ?? .undefined("not measured") },
        counts: counts, null: nulls[measure], remark: remarks[measure] ?? "")
      if measure.family == .angles, value.number != nil, let reason = motion.reasonAgainst {
        found.estimate = Estimate(value: value, note: reason)
        found.intervalMethod = ""
        found.remark += "; no interval: \(reason)"
      }
      return found
    }
  }

  /// A pair with the spectra that were asked for.
  private struct Decomposed {
    var pairValues: PairValues
    var uncentred: ([Double], [Double]) = ([], [])
  }

  private func decomposed(
    _ measures: [SimilarityMeasure], _ moments: JointMoments?
  ) throws(GeometryError) -> Decomposed {
    if let reduced { return try decomposed(measures, reduced, without: []) }
    guard let moments else { preconditionFailure("neither rows nor moments") }
    var result = Decomposed(pairValues: PairValues(pair: try WhitenedPair(moments)))
    if measures.contains(where: \.isRankMe) {
      func spectrum(_ second: Matrix) throws(GeometryError) -> [Double] {
        let principal = try PrincipalDirections(secondMoment: second, count: moments.count)
        return Array(principal.singularValues.prefix(moments.count))
      }
      result.uncentred = (
        try spectrum(moments.beforeSecondMoment), try spectrum(moments.afterSecondMoment)
      )
    }
    return result
  }

  private func decomposed(
    _ measures: [SimilarityMeasure], _ reduced: ReducedRows, without rows: [Int]
  ) throws(GeometryError) -> Decomposed {
    var result = Decomposed(
      pairValues: PairValues(pair: try reduced.pair(without: rows), axes: reduced.axes))
    if measures.contains(where: \.isRankMe) {
      result.uncentred = try reduced.uncentredSpectra(without: rows)
    }
    return result
  }

  private func values(
    _ measures: [SimilarityMeasure], _ sample: Decomposed
  ) throws(GeometryError) -> [SimilarityMeasure: Measured] {
    let pair = sample.pairValues.pair
    var found = try sample.pairValues.values(measures)
    for measure in measures where measure.family == .rank {
      let side = measure.isRankAfter ? pair.after : pair.before
      let spectrum =
        measure.isRankMe
        ? (measure.isRankAfter ? sample.uncentred.1 : sample.uncentred.0) : side.singularValues
      found[measure] =
        !measure.isRankMe && side.rank == 0 && pair.count > 0
        ? .undefined("the features \(measure.isRankAfter ? "after" : "before") are constant")
        : measure.rank(spectrum)
    }
    return found
  }

  private func remarks(
    _ measures: [SimilarityMeasure], _ pair: WhitenedPair
  ) throws(GeometryError) -> [SimilarityMeasure: String] {
    var remarks: [SimilarityMeasure: String] = [:]
    for measure in measures where measure.family == .cca || measure.family == .regression {
      let (rx, ry) = (pair.before.rank, pair.after.rank)
      let saturated = rx + ry >= pair.count - 1 && pair.count > 0
      remarks[measure] =
        "ranks \(rx) and \(ry)" + (saturated ? " fill the examples: saturated, says nothing" : "")
    }
    if measures.contains(.svcca) {
      let kept = try pair.singularVectorCorrelation(holding: 0.99)
      remarks[.svcca] = "\(kept.before) and \(kept.after) directions hold 99 %"
    }
    let leading = PairValues(pair: pair).leadingDirections()
    for measure in measures where measure.family == .angles {
      remarks[measure] = leading.map { "\($0.before.columns) directions" } ?? ""
    }
    return remarks
  }

  private func pairNulls(
    _ measures: [SimilarityMeasure], _ sample: Decomposed
  ) throws(GeometryError) -> [SimilarityMeasure: NullSummary] {
    let pair = sample.pairValues.pair
    guard pair.reasonAgainst == nil else { return [:] }
    var nulls: [SimilarityMeasure: NullSummary] = [:]
    let (rx, ry, n) = (pair.before.rank, pair.after.rank, pair.count)
    let squared = HaarNull.meanSquaredCross(before: rx, after: ry, count: n)
    let exact: [SimilarityMeasure: Double] = [
      .ccaSquared: squared / Double(min(rx, ry)), .explainedBefore: squared / Double(rx),
      .explainedAfter: squared / Double(ry),
    ]
    for (measure, mean) in exact where measures.contains(measure) {
      nulls[measure] = NullSummary(mean: mean, method: "rotation of the examples, exact mean")
    }
    let leading = sample.pairValues.leadingDirections()
    if measures.contains(.subspaceOverlap), let leading {
      nulls[.subspaceOverlap] = NullSummary(
        mean: Double(leading.before.columns) / Double(pair.before.width),
        method: "random subspaces, exact mean")
    }
    guard isDecomposedAgain, settings.draws > 1 else { return nulls }
    let rotated = measures.filter { measure in
      measure.source == .pair && measure.family != .angles
    }
    var draws: [SimilarityMeasure: [Double]] = [:]
    if !rotated.isEmpty {
      var null = HaarNull(pair, generator: generator("rotation"))
      for _ in 0..<drawsDecomposed {
        let drawn = PairValues(pair: try null.draw(), axes: sample.pairValues.axes)
        for (measure, value) in try drawn.values(rotated) {
          if let number = value.number { draws[measure, default: []].append(number) }
        }
      }
    }
    let angles = measures.filter { $0.family == .angles }
    if !angles.isEmpty, let leading {
      var generator = generator("subspaces")
      let k = leading.before.columns
      for _ in 0..<drawsDecomposed {
        let random = try randomOrthonormal(rows: pair.before.width, columns: k, using: &generator)
        // Against the first k coordinates: where a fixed subspace lies does not matter.
        let block = random[rows: 0..<k]
        let cosines = try convertingErrors { () throws(LinearAlgebraError) in
          try block.singularValues()
        }
        let values = PairValues.values(
          angles, angles: cosines.map { arccosine(min(1, max(0, $0))) },
          overlap: dot(cosines, cosines) / Double(max(1, k)))
        for (measure, value) in values {
          if let number = value.number { draws[measure, default: []].append(number) }
        }
      }
    }
    for (measure, values) in draws {
      let kind = measure.family == .angles ? "random subspaces" : "rotations of the examples"
      var summary = NullSummary(draws: values, method: "\(values.count) \(kind)")
      if let mean = nulls[measure]?.mean { summary?.mean = mean }
      nulls[measure] = summary ?? nulls[measure]
    }
    return nulls
  }

  private func pairInfluences(
    _ measures: [SimilarityMeasure], _ sample: PairValues
  ) throws(GeometryError) -> [SimilarityMeasure: [Double]] {
    let pair = sample.pair
    guard !measures.isEmpty, pair.reasonAgainst == nil, features.kept.count > 1 else { return [:] }
    // Of the reduced coordinates, where there are: none of these sees rotations.
    let influence: Influence
    if let reduced {
      influence = Influence(
        before: reduced.before, after: reduced.after, total: try reduced.moments())
    } else {
      influence = self.influence(try features.total())
    }
    var result: [SimilarityMeasure: [Double]] = [:]
    let shapes: Set<SimilarityMeasure> = [
      .procrustesNormalised, .angularShape, .afterRotation, .afterRotationAndScale,
    ]
    if !shapes.isDisjoint(with: measures), let shape = try influence.shape() {
      let value = shape.value
      result[.procrustesNormalised] = shape.cosine.map { -2 * $0 }
      result[.afterRotation] = shape.relative
      result[.afterRotationAndScale] = shape.cosine.map { -2 * value * $0 }
      let slope = ((1 - value) * (1 + value)).squareRoot()
      if slope > 0 { result[.angularShape] = shape.cosine.map { -$0 / slope } }
    }
    let correlated = measures.contains { $0.family == .cca || $0.family == .regression }
    if correlated, let found = try influence.correlations(pair, axes: sample.axes) {
      result.merge(found) { own, _ in own }
    }
    return result
  }
}

extension SimilarityMeasure {
  /// Whether it is a mean with weights of the sample's own.
  fileprivate var isWeighted: Bool { self == .pwccaBefore || self == .pwccaAfter }
}

/// Orthonormal columns in a random position.
func randomOrthonormal(
  rows: Int, columns: Int, using generator: inout SeededGenerator
) throws(GeometryError) -> Matrix {
  do throws(LinearAlgebraError) {
    return try Matrix.randomOrthonormal(rows: rows, columns: columns, using: &generator)
  } catch {
    throw .linearAlgebra(error)
  }
}
