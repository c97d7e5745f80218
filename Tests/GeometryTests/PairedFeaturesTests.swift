import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Features taken in one pass: the same numbers whatever the batches, the shards and what is kept.
@Suite struct PairedFeaturesTests {
  private static let measures: [SimilarityMeasure] = [
    .ckaDebiased, .ckaBiased, .ccaMean, .ccaSquared, .svcca, .explainedBefore,
    .procrustesNormalised,
    .meanSquare, .relativeChange, .cosineDistance, .afterRotation, .rankMeBefore, .stableRankAfter,
  ]

  private func keys(_ rows: Range<Int>, groups: Int? = nil) -> [ExampleKey] {
    rows.map { row in ExampleKey("\(row)", group: groups.map { "\(row / $0)" }) }
  }

  private func gather(
    _ x: Matrix, _ y: Matrix, batch: Int, settings: PairedFeatures.Settings = .init(),
    rows: Range<Int>? = nil, groups: Int? = nil
  ) throws -> PairedFeatures {
    var result = PairedFeatures(beforeWidth: x.columns, afterWidth: y.columns, settings: settings)
    let all = rows ?? 0..<x.rows
    for start in stride(from: all.lowerBound, to: all.upperBound, by: batch) {
      let range = start..<min(start + batch, all.upperBound)
      try result.add(
        before: x[rows: range], after: y[rows: range], keys: keys(range, groups: groups))
    }
    return result
  }

  private func results(_ features: PairedFeatures) throws -> [SimilarityResult] {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 0
    return try SimilarityAnalysis(features, settings: settings).results(for: Self.measures)
  }

  /// Room for 64 rows only, so that sums take over.
  private var small: PairedFeatures.Settings {
    var settings = PairedFeatures.Settings()
    settings.keptValues = 1
    return settings
  }

  @Test func `sums and rows give the same numbers and intervals`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 11, rows: 300)
    let rows = try results(try gather(x, y, batch: 300))
    let sums = try results(try gather(x, y, batch: 37, settings: small))
    for (a, b) in zip(rows, sums) {
      #expect(distance(a.estimate.value, b.estimate.value) < 1e-10, "\(a.measure)")
      let (s, t) = (
        try #require(a.estimate.standardError), try #require(b.estimate.standardError)
      )
      #expect(abs(s - t) < 1e-7 * (1 + s), "\(a.measure)")
    }
  }

  @Test func `the rows that are kept depend on the examples, not on their order`() throws {
    let (x, _) = FeatureSets.randomPair(seed: 21, rows: 3000)
    var y = x
    for place in y.values.indices { y.values[place] += 1 }
    func kept(_ order: [Int], batch: Int) throws -> KeptRows {
      var result = PairedFeatures(
        beforeWidth: x.columns, afterWidth: x.columns, settings: small)
      for start in stride(from: 0, to: order.count, by: batch) {
        let rows = Array(order[start..<min(start + batch, order.count)])
        try result.add(
          before: x.selectingRows(rows), after: y.selectingRows(rows),
          keys: rows.map { ExampleKey("\($0)") }, labels: rows.map { $0 % 7 })
      }
      result.settle()
      return result.kept
    }
    let forward = try kept(Array(0..<3000), batch: 100)
    let backward = try kept((0..<3000).reversed(), batch: 37)
    #expect(forward.count > 32 && !forward.isComplete)
    #expect(forward.rowsBefore == backward.rowsBefore)
    #expect(forward.rowsAfter == backward.rowsAfter)
    // Both sides moved together.
    for (a, b) in zip(forward.rowsBefore.values, forward.rowsAfter.values) { #expect(b == a + 1) }
  }

  @Test func `merged parts give what one pass gives`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 12, rows: 400)
    for settings in [PairedFeatures.Settings(), small] {
      let whole = try gather(x, y, batch: 64, settings: settings)
      var parts = try gather(x, y, batch: 50, settings: settings, rows: 250..<400)
      try parts.merge(try gather(x, y, batch: 11, settings: settings, rows: 0..<30))
      try parts.merge(try gather(x, y, batch: 70, settings: settings, rows: 30..<250))
      #expect(parts.count == 400)
      for (a, b) in zip(try results(whole), try results(parts)) {
        #expect(distance(a.estimate.value, b.estimate.value) < 1e-12 * 20, "\(a.measure)")
        let (s, t) = (
          try #require(a.estimate.interval), try #require(b.estimate.interval)
        )
        #expect(abs(s.lower - t.lower) < 1e-9 && abs(s.upper - t.upper) < 1e-9, "\(a.measure)")
      }
    }
  }

  @Test func `parts that share examples are refused`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 13, rows: 40)
    var first = try gather(x, y, batch: 40, rows: 0..<25)
    let second = try gather(x, y, batch: 40, rows: 20..<40)
    #expect(throws: GeometryError.sharedExamples(5)) { try first.merge(second) }
    var other = PairedFeatures.Settings()
    other.blocks = 7
    let third = try gather(x, y, batch: 40, settings: other, rows: 25..<40)
    #expect(throws: GeometryError.settings) { try first.merge(third) }
  }

  @Test func `groups stay together and make wider intervals`() throws {
    // Each example eight times: as examples of their own they feign eight times the evidence.
    let (x, y) = FeatureSets.randomPair(seed: 14, rows: 160)
    let repeated = (0..<1280).map { $0 / 8 }
    let (xs, ys) = (x.selectingRows(repeated), y.selectingRows(repeated))
    let alone = try results(try gather(xs, ys, batch: 300))
    let grouped = try results(try gather(xs, ys, batch: 300, groups: 8))
    let (a, b) = (
      try #require(alone[7].estimate.standardError), try #require(grouped[7].estimate.standardError)
    )
    #expect(b > 1.8 * a)
  }

  @Test func `influences agree with leaving out blocks`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 15, rows: 4000)
    let jackknife = try results(try gather(x, y, batch: 500))
    // Nothing is narrow, and 1000 rows are kept: the way of wide features.
    var wide = PairedFeatures.Settings()
    wide.widestBlocks = 1
    wide.keptValues = 14 * 1000
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 0
    settings.widestDecomposed = 1
    let influence = try SimilarityAnalysis(
      try gather(x, y, batch: 500, settings: wide), settings: settings
    ).results(for: Self.measures)
    for (a, b) in zip(jackknife, influence) where b.intervalMethod.hasPrefix("influence") {
      let (s, t) = (
        try #require(a.estimate.standardError), try #require(b.estimate.standardError)
      )
      // Twenty blocks know a standard error to a sixth, a thousand examples to a fortieth.
      #expect(t / s > 0.55 && t / s < 1.8, "\(a.measure): \(s) \(t)")
    }
    #expect(influence.count { $0.intervalMethod.hasPrefix("influence") } >= 7)
  }

  @Test func `debiased CKA of random pairings has mean 0 and the variance of the formula`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 16, rows: 30)
    var generator = SeededGenerator(seed: 5, "pairings")
    var values: [Double] = []
    for _ in 0..<4000 {
      let paired = y.selectingRows(generator.permutation(30))
      values.append(try #require(LinearCKA.debiased(rowsBefore: x, rowsAfter: paired).number))
    }
    let null = try #require(NullSummary.debiasedCKA(count: 30))
    let deviation = try #require(Repetitions.standardDeviation(of: values))
    let mean = values.reduce(0, +) / 4000
    #expect(abs(mean) < 4 * deviation / 4000.0.squareRoot())
    // The standard deviation of a skewed variable from 4000 draws: a few percent.
    #expect(abs(deviation / (null.standardDeviation ?? 0) - 1) < 0.08)
  }

  @Test func `a rotation of the examples leaves spectra and takes relation`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 17, rows: 50)
    let pair = try WhitenedPair(rows: x, y)
    for count in [50, 14] {
      let some = try WhitenedPair(rows: x[rows: 0..<count], y[rows: 0..<count])
      var null = HaarNull(some, generator: SeededGenerator(seed: 1, "rotations"))
      var sum = 0.0
      for _ in 0..<400 {
        let drawn = try null.draw()
        #expect(drawn.before == some.before && drawn.after == some.after)
        sum += drawn.cross.squaredNorm
      }
      let expected = HaarNull.meanSquaredCross(
        before: some.before.rank, after: some.after.rank, count: count)
      #expect(abs(sum / 400 / expected - 1) < 0.05)
    }
    #expect(pair.before.rank == 7)
  }

  @Test func `wide sets of few examples are measured by their rows`() throws {
    var generator = SeededGenerator(seed: 18, "wide")
    let x = Matrix.normal(rows: 50, columns: 512, using: &generator)
    let y = Matrix.normal(rows: 50, columns: 512, using: &generator)
    let found = try results(try gather(x, y, batch: 50))
    let (debiased, biased) = (found[0].estimate.value, found[1].estimate.value)
    #expect(abs(try #require(debiased.number)) < 0.1)
    #expect(abs(try #require(biased.number) - 0.91) < 0.02)
    #expect(distance(debiased, LinearCKA.debiased(try moments(x, y))) < 1e-10)
    // Ranks fill the examples: every correlation is 1, and the remark says so.
    #expect(distance(found[2].estimate.value, 1) < 1e-10)
    #expect(found[2].remark.contains("saturated"))
  }

  @Test func `sets of other widths have no displacement, and that is said`() throws {
    let features = try gather(FeatureSets.x, FeatureSets.z, batch: 16)
    let found = try results(features)
    #expect(found[7].estimate.value.reason == "4 features before, 3 after")
    let angle = try SimilarityAnalysis(features).results(for: [.largestAngle])
    #expect(angle[0].estimate.value.reason == "4 features before, 3 after")
    #expect(found[0].estimate.value.number != nil)
  }
}

/// Change along directions, with intervals.
@Suite struct DirectionIntervalTests {
  @Test func `the ledger has the published values and the error of a mean`() throws {
    var features = PairedFeatures(beforeWidth: 4, afterWidth: 4)
    let (x, y) = (FeatureSets.x, FeatureSets.y)
    try features.add(before: x, after: y, keys: (0..<16).map { ExampleKey("\($0)") })
    let basis = try PrincipalDirections(
      secondMoment: try moments(x, y).beforeCovariance, count: 16
    ).vectors
    let found = try DirectionIntervals(of: features, along: basis)
    let energies = [
      0.04558244284430123, 0.045003419759036344, 0.056289957639461624, 0.03571426192550264,
    ]
    #expect(difference(found.change.compactMap(\.value.number), energies) < 1e-10)
    let relative = [
      0.004850670938341071, 0.009613689397377542, 0.05247387225235573, 0.372294035356555,
    ]
    #expect(difference(found.relative.compactMap(\.value.number), relative) < 1e-10)
    // A mean of sixteen squares: its usual standard error.
    let squares = ((y - x) * basis).column(2).map { $0 * $0 }
    let usual = try #require(Repetitions.mean(of: squares).standardError)
    // On the logarithm, the relative error.
    let error = try #require(found.change[2].standardError) * energies[2]
    #expect(abs(error - usual) < 1e-14)
  }

  @Test func `without variance along a direction there is no relative change`() throws {
    var features = PairedFeatures(beforeWidth: 2, afterWidth: 2)
    let x = Matrix([[1, 3], [2, 3], [4, 3]])
    let y = Matrix([[1, 4], [2, 5], [5, 3]])
    try features.add(before: x, after: y, keys: (0..<3).map { ExampleKey("\($0)") })
    let found = try DirectionIntervals(of: features, along: .identity(2))
    #expect(found.relative[1].value.reason == "no variance along the direction")
    #expect(distance(found.change[1].value, 5.0 / 3) < 1e-15)
    #expect(throws: GeometryError.widths(expected: 3, found: 2)) {
      try DirectionIntervals(of: features, along: .identity(3))
    }
  }

  @Test func `the largest gap chooses the number of directions`() throws {
    let principal = try PrincipalDirections(
      secondMoment: .diagonal([9, 8, 7, 0.1, 0.09, 0.08, 0.07, 0.06]))
    #expect(principal.subspace(.gap).dimension == 3)
    let none = try PrincipalDirections(secondMoment: Matrix(rows: 3, columns: 3))
    #expect(none.subspace(.gap).dimension == 0)
  }

  @Test func `a bound from norms is the bound from matrices`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 21)
    let sums = try moments(x, y)
    let (a, b) = (sums.beforeCovariance, sums.afterCovariance)
    let whole = try EigengapBound(covariance: a, other: b, dimension: 2)
    let parts = EigengapBound(
      eigenvalues: try a.symmetricEigen().values, operatorNorm: try (b - a).spectralNorm(),
      frobeniusNorm: (b - a).frobeniusNorm, dimension: 2)
    #expect(distance(whole.bound, parts.bound) < 1e-12)
  }
}
