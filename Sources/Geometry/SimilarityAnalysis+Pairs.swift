import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Measures of decomposed pairs and of their spectra.
  func pairs(_ measures: [SimilarityMeasure]) throws(GeometryError) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    let wantsSpectra = measures.contains { $0 == .rankMeBefore || $0 == .rankMeAfter }
    let total = reduced == nil ? try features.total() : nil
    let whole: WhitenedPair
    if let reduced {
      whole = try reduced.pair()
    } else if let total {
      whole = try WhitenedPair(total)
    } else {
      return []
    }
    var spectra: ([Double], [Double]) = ([], [])
    if wantsSpectra { spectra = try uncentredSpectra(total) }
    let held = PairValues(pair: whole).chosen
    let full = try values(measures, whole, spectra, held)
    let isSmall =
      min(features.count, max(features.beforeWidth, features.afterWidth))
      <= settings.widestDecomposed
    var nulls = try pairNulls(measures, whole, isSmall: isSmall)
    if measures.contains(where: { $0.family == .rank }) {
      nulls.merge(try rankNulls(measures, total, isSmall: isSmall)) { own, _ in own }
    }
    let remarks = try remarks(measures, whole)
    if isSmall {
      var leftOut: [[Measured]] = []
      var counts: [Int] = []
      if let reduced {
        for rows in blocks(of: features.kept.keys) {
          counts.append(rows.count)
          let spectra = wantsSpectra ? try reduced.uncentredSpectra(without: rows) : ([], [])
          leftOut.append(
            rows.isEmpty
              ? full : try values(measures, try reduced.pair(without: rows), spectra, held))
        }
      } else if let total {
        for block in try blockMoments() {
          let rest = total.removing(block)
          counts.append(block.count)
          let spectra = wantsSpectra ? try uncentredSpectra(rest) : ([], [])
          leftOut.append(try values(measures, try WhitenedPair(rest), spectra, held))
        }
      }
      return measures.enumerated().map { place, measure in
        result(
          measure, full: full[place], leftOut: leftOut.map { $0[place] }, counts: counts,
          null: nulls[measure], remark: remarks[measure] ?? "")
      }
    }
    let influences = try pairInfluences(measures, whole)
    return measures.enumerated().map { place, measure in
      influenced(
        measure, full[place], influences[measure], null: nulls[measure],
        remark: remarks[measure] ?? "")
    }
  }

  private func uncentredSpectra(
    _ moments: JointMoments?
  ) throws(GeometryError) -> ([Double], [Double]) {
    guard let moments else { return try reduced?.uncentredSpectra() ?? ([], []) }
    func spectrum(_ second: Matrix) throws(GeometryError) -> [Double] {
      let principal = try PrincipalDirections(secondMoment: second, count: moments.count)
      return Array(principal.singularValues.prefix(moments.count))
    }
    return (try spectrum(moments.beforeSecondMoment), try spectrum(moments.afterSecondMoment))
  }

  private func values(
    _ measures: [SimilarityMeasure], _ pair: WhitenedPair, _ spectra: ([Double], [Double]),
    _ held: (angles: Int, before: Int, after: Int)
  ) throws(GeometryError) -> [Measured] {
    let values = PairValues(pair: pair, held: held)
    let (before, after) = (pair.before.singularValues, pair.after.singularValues)
    var result: [Measured] = []
    for measure in measures {
      switch measure {
      case .rankMeBefore: result.append(Spectrum.rankMe(spectra.0))
      case .rankMeAfter: result.append(Spectrum.rankMe(spectra.1))
      case .effectiveRankBefore: result.append(Spectrum.effectiveRank(before))
      case .effectiveRankAfter: result.append(Spectrum.effectiveRank(after))
      case .participationBefore: result.append(Spectrum.participationRatio(before))
      case .participationAfter: result.append(Spectrum.participationRatio(after))
      case .stableRankBefore: result.append(Spectrum.stableRank(before))
      case .stableRankAfter: result.append(Spectrum.stableRank(after))
      default: result.append(try values.value(measure))
      }
    }
    return result
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
    _ measures: [SimilarityMeasure], _ pair: WhitenedPair, isSmall: Bool
  ) throws(GeometryError) -> [SimilarityMeasure: NullSummary] {
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
    if measures.contains(.subspaceOverlap), let leading = PairValues(pair: pair).leadingDirections()
    {
      nulls[.subspaceOverlap] = NullSummary(
        mean: Double(leading.before.columns) / Double(pair.before.width),
        method: "random subspaces, exact mean")
    }
    guard isSmall, settings.draws > 1 else { return nulls }
    let rotated = measures.filter { measure in
      measure.source == .pair && measure.family != .angles
    }
    var draws: [SimilarityMeasure: [Double]] = [:]
    if !rotated.isEmpty {
      var null = HaarNull(pair, generator: generator("rotation"))
      for _ in 0..<settings.draws {
        let values = PairValues(pair: try null.draw())
        for measure in rotated {
          if let number = try values.value(measure).number {
            draws[measure, default: []].append(number)
          }
        }
      }
    }
    let angles = measures.filter { $0.family == .angles }
    if !angles.isEmpty, let leading = PairValues(pair: pair).leadingDirections() {
      var generator = generator("subspaces")
      for _ in 0..<settings.draws {
        let random = try randomOrthonormal(
          rows: pair.before.width, columns: leading.before.columns, using: &generator)
        for measure in angles {
          // One fixed and one random subspace: the position of the fixed one does not matter.
          if let number = try PairValues.angle(measure, leading.before, random).number {
            draws[measure, default: []].append(number)
          }
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
    _ measures: [SimilarityMeasure], _ pair: WhitenedPair
  ) throws(GeometryError) -> [SimilarityMeasure: [Double]] {
    guard pair.reasonAgainst == nil, features.kept.count > 1 else { return [:] }
    let influence = influence(try features.total())
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
    let correlated: Set<SimilarityMeasure> = [
      .ccaMean, .ccaSquared, .explainedBefore, .explainedAfter,
    ]
    if !correlated.isDisjoint(with: measures), let found = try influence.correlations(pair) {
      (result[.ccaMean], result[.ccaSquared]) = (found.mean, found.square)
      (result[.explainedBefore], result[.explainedAfter]) = (found.before, found.after)
    }
    return result
  }
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
