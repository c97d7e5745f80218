public import LinearAlgebra

/// Intervals over examples for the variance and the change along given directions.
///
/// The directions are held fixed: the intervals say how well the examples determine what happens along
/// *these* directions, not how well they determine the directions. Along a direction v the change
/// E[(vᵀΔ)²] is a mean over examples and its interval the usual one (by groups, where examples come in
/// groups); the variance and the ratio follow to first order. Intervals are symmetric on the logarithm. For more examples than are kept as rows,
/// spreads come from the sample kept.
public struct DirectionIntervals: Sendable {
  /// The variance of the features before along each direction (1/n, centred).
  public let variance: [Estimate]

  /// The mean squared change along each direction (uncentred).
  public let change: [Estimate]

  /// Change over variance; undefined where there is no variance.
  public let relative: [Estimate]

  /// Intervals for the columns of `directions`.
  ///
  /// - Throws: ``GeometryError/widths(expected:found:)`` when widths differ,
  ///   ``GeometryError/noRows`` without examples.
  public init(
    of features: PairedFeatures, along directions: Matrix, level: Double = 0.95
  ) throws(GeometryError) {
    let width = features.beforeWidth
    guard features.afterWidth == width else {
      throw .widths(expected: width, found: features.afterWidth)
    }
    guard directions.rows == width else { throw .widths(expected: directions.rows, found: width) }
    guard features.count > 0 else { throw .noRows }
    let total = try features.total()
    let variances = energiesAlong(directions, of: total.beforeCovariance)
    self.init(
      features.kept, DirectionSums(total), blocks: features.settings.blocks, along: directions,
      variances: variances, level: level)
  }

  private init(
    _ sample: KeptRows, _ sums: consuming DirectionSums, blocks: Int, along directions: Matrix,
    variances: [Double], level: Double
  ) {
    // One wide matrix at a time.
    let changes = energiesAlong(directions, of: sums.takeChange())
    var kept = sample
    kept.settle()
    let groups = SampledGroups(kept.keys, level: level)
    let x = kept.rowsBefore
    // One example per row, one direction per column; transposed for rows that lie together.
    let scores = (x.subtractingFromRows(sums.mean) * directions).transposed
    let moves = ((kept.rowsAfter - x) * directions).transposed
    let zero = Double(sums.mean.count) * Double.ulpOfOne * sums.trace
    let count = sums.count
    func estimate(_ value: Measured, _ influences: [Double]) -> Estimate {
      // Variances are skewed: their logarithm is nearer to normal.
      var estimate = Influence.estimate(
        value, influences: influences, groups: groups, total: count, scale: .logarithm)
      estimate.restrict(to: 0...Double.infinity)
      return estimate
    }
    var (variance, change, relative): ([Estimate], [Estimate], [Estimate]) = ([], [], [])
    for index in 0..<directions.columns {
      let (lambda, energy) = (variances[index], changes[index])
      let spread = scores.row(index).map { $0 * $0 - lambda }
      let moved = moves.row(index).map { $0 * $0 - energy }
      variance.append(estimate(Measured(lambda), spread))
      change.append(estimate(Measured(energy), moved))
      let ratio = Measured(
        energy, over: lambda <= zero ? 0 : lambda, otherwise: "no variance along the direction")
      // Ratios by leaving out blocks: influences give intervals that are too narrow.
      relative.append(
        ratioEstimate(
          ratio, scores: scores.row(index), moves: moves.row(index), keys: kept.keys,
          blocks: blocks, total: count, level: level))
    }
    self.variance = variance
    self.change = change
    self.relative = relative
  }

  /// What happened along the eigenvectors of the covariance of the features before, largest variance
  /// first.
  ///
  /// The sums are given up on the way, so that wide features need no more memory than the sums took,
  /// where they are not used afterwards.
  ///
  /// - Throws: as ``init(of:along:level:)``.
  public init(
    principalOf features: consuming PairedFeatures, level: Double = 0.95
  ) throws(GeometryError) {
    let width = features.beforeWidth
    guard features.afterWidth == width else {
      throw .widths(expected: width, found: features.afterWidth)
    }
    guard features.count > 0 else { throw .noRows }
    let (kept, blocks) = (features.kept, features.settings.blocks)
    var total = try features.total()
    features = PairedFeatures(beforeWidth: width, afterWidth: width)
    let sums = DirectionSums(total)
    let covariance = total.beforeCovariance
    total = JointMoments(beforeWidth: 1, afterWidth: 1)
    let principal = try PrincipalDirections(
      secondMoment: consume covariance, count: sums.count)
    self.init(
      kept, sums, blocks: blocks, along: principal.vectors, variances: principal.energies,
      level: level)
  }
}

/// What intervals along directions need of moments.
private struct DirectionSums {
  let mean: [Double]
  let trace: Double
  let count: Int
  private var change: ChangeMoment

  init(_ total: JointMoments) {
    mean = total.beforeMean
    count = total.count
    trace = total.centredTraces.before / Double(max(1, total.count))
    change = total.changeMoment ?? ChangeMoment(sums: UpperTriangle(size: mean.count), count: 1)
  }

  /// E[Δ Δᵀ], whose sums are given up.
  mutating func takeChange() -> Matrix {
    let found = change.matrix
    change = ChangeMoment(sums: UpperTriangle(size: 0), count: 1)
    return found
  }
}

/// Change over variance along one direction, with its interval by leaving out blocks of the rows kept.
private func ratioEstimate(
  _ ratio: Measured, scores: [Double], moves: [Double], keys: [ExampleKey],
  blocks: Int, total count: Int, level: Double
) -> Estimate {
  // Count, Σs, Σs², Σm² by block.
  var sums = [[Double]](repeating: [0, 0, 0, 0], count: blocks)
  for (row, key) in keys.enumerated() {
    let (block, s, m) = (key.block(of: blocks), scores[row], moves[row])
    sums[block][0] += 1
    sums[block][1] += s
    sums[block][2] += s * s
    sums[block][3] += m * m
  }
  let total = (0..<4).map { place in sums.reduce(0) { $0 + $1[place] } }
  let leftOut = sums.map { part -> Measured in
    let rest = (0..<4).map { total[$0] - part[$0] }
    guard rest[0] > 0 else { return .undefined("there are no examples") }
    let mean = rest[1] / rest[0]
    return Measured(
      rest[3] / rest[0], over: rest[2] / rest[0] - mean * mean,
      otherwise: "no variance along the direction")
  }
  var estimate = Jackknife.estimate(
    full: ratio, leftOut: leftOut, counts: sums.map { Int($0[0]) }, scale: .logarithm,
    level: level)
  if keys.count < count, let number = ratio.number, let error = estimate.standardError,
    let freedom = estimate.degreesOfFreedom
  {
    // The error of so many examples, from that of the sample.
    estimate = Estimate(
      value: number,
      standardError: error * (Double(keys.count) / Double(count)).squareRoot(),
      degreesOfFreedom: freedom, scale: estimate.scale, level: level)
  }
  estimate.restrict(to: 0...Double.infinity)
  return estimate
}

extension SimilarityAnalysis {
  /// ‖mean of Δ‖ over the root mean square length before, with its interval by leaving out blocks.
  public func relativeMeanShift() -> Estimate {
    func value(_ sums: ChangeSums?, _ count: Int) -> Measured {
      let shift = Displacement(
        sums, count: count, beforeWidth: features.beforeWidth, afterWidth: features.afterWidth)
      guard let moved = shift.meanShift.number, let size = shift.meanSquareBefore.number else {
        return .undefined(shift.meanShift.reason ?? "the features have no length")
      }
      // The mean square is that of a coordinate, and the shift that of a whole vector.
      return Measured(
        moved, over: (size * Double(features.beforeWidth)).squareRoot(),
        otherwise: "the features before are zero")
    }
    var whole: ChangeSums?
    for block in features.blockChanges ?? [] {
      if whole == nil { whole = block } else { whole?.add(block, sign: 1) }
    }
    let leftOut = (features.blockChanges ?? []).enumerated().map { place, block in
      var rest = whole
      rest?.add(block, sign: -1)
      return value(rest, features.count - features.blockCounts[place])
    }
    return Jackknife.estimate(
      full: value(whole, features.count), leftOut: leftOut,
      counts: leftOut.isEmpty ? [] : features.blockCounts, level: settings.level)
  }

  /// The share of the squared change that lies in a subspace of feature space, with its interval.
  public func changeShare(in subspace: Subspace) throws(GeometryError) -> Estimate {
    let total = try features.total()
    let share = try DirectionalChange.Split(of: total, by: subspace).insideShare
    guard let value = share.number else {
      return Estimate(value: share, note: "the value is undefined")
    }
    let change = features.kept.rowsAfter - features.kept.rowsBefore
    let (inside, all) = ((change * subspace.basis).rowSquaredNorms, change.rowSquaredNorms)
    let mean = max(all.reduce(0, +) / Double(max(1, all.count)), .leastNormalMagnitude)
    var estimate = Influence.estimate(
      share, influences: zip(inside, all).map { ($0 - value * $1) / mean },
      keys: features.kept.keys, total: features.count, scale: .identity, level: settings.level)
    estimate.restrict(to: 0...1)
    return estimate
  }
}

extension PairedFeatures {
  /// The moments of two halves of the examples, or why they are not to be had.
  ///
  /// Whatever differs between the halves, such as the angles between their leading directions, is what
  /// sampling alone does: the floor for the same comparison between networks. Wide features have no
  /// moments by block, and no halves once there are more examples than are kept as rows.
  public func halves() throws(GeometryError) -> (JointMoments, JointMoments)? {
    if let blockMoments {
      var (even, odd) = (blockMoments[0], blockMoments[1])
      for (place, block) in blockMoments.enumerated().dropFirst(2) {
        if place % 2 == 0 { try even.merge(block) } else { try odd.merge(block) }
      }
      return (even, odd)
    }
    guard kept.isComplete, count >= 4 else { return nil }
    var parts = [[Int]](repeating: [], count: 2)
    for (row, key) in kept.keys.enumerated() {
      parts[key.block(of: settings.blocks) % 2].append(row)
    }
    guard !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    var halves: [JointMoments] = []
    for rows in parts {
      var half = JointMoments(beforeWidth: beforeWidth, afterWidth: afterWidth)
      try half.add(
        before: kept.rowsBefore.selectingRows(rows), after: kept.rowsAfter.selectingRows(rows))
      halves.append(half)
    }
    return (halves[0], halves[1])
  }
}
