import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Nulls and intervals that measures got besides their values.
@Suite struct NullAndIntervalTests {
  private func labelled(_ rows: Int) throws -> PairedFeatures {
    let (x, y) = FeatureSets.randomPair(seed: 31, rows: rows, columns: 5)
    var features = PairedFeatures(beforeWidth: 5, afterWidth: 5)
    let labels = (0..<rows).map { $0 % 3 }
    var moved = x
    for (row, label) in labels.enumerated() { moved[row, label] += 12 }
    try features.add(
      before: moved, after: y, keys: (0..<rows).map { ExampleKey("\($0)") }, labels: labels)
    return features
  }

  @Test func `draws beyond the randomisation quantiles are as rare as said`() throws {
    let draws = (1...99).map { Double($0) }
    // 2.5 % of 100 places: the second draw from either end; 2 of 100 lie beyond.
    #expect(Repetitions.randomisationQuantile(0.025, of: draws) == 2)
    #expect(Repetitions.randomisationQuantile(0.975, of: draws) == 98)
    #expect(Repetitions.randomisationQuantile(0.5, of: draws) == 50)
    let exact = (1...39).map { Double($0) }
    #expect(Repetitions.randomisationQuantile(0.025, of: exact) == 1)
    #expect(Repetitions.randomisationQuantile(0.975, of: exact) == 39)
    #expect(Repetitions.randomisationQuantile(0.975, of: []) == nil)
  }

  @Test func `every measure has a null or says why not`() throws {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 39
    let head = SimilarityAnalysis.Head(
      matrix: Matrix(rows: 5, columns: 3, values: (0..<15).map { Double($0 % 4) }),
      bias: [0, 0, 0])
    settings.heads = (head, head)
    let found = try SimilarityAnalysis(try labelled(120), settings: settings)
      .results(for: SimilarityMeasure.allCases)
    #expect(found.count == SimilarityMeasure.allCases.count)
    for result in found {
      #expect(result.null != nil, "\(result.measure): \(result.reasonAgainstNull)")
      // Angles between directions that sampling does not fix have none.
      #expect(
        result.estimate.interval != nil || result.measure.family == .angles,
        "\(result.measure): \(result.estimate.note ?? "")")
    }
    settings.draws = 0
    let plain = try SimilarityAnalysis(try labelled(120), settings: settings)
      .results(for: [.rankMeBefore, .meanShift])
    #expect(plain.allSatisfy { $0.reasonAgainstNull == "no draws were asked for" })
  }

  @Test func `labels that mean nothing leave neural collapse within its null`() throws {
    let found = try SimilarityAnalysis(try labelled(300)).results(for: [
      .collapseBefore, .collapseAfter,
    ])
    let (planted, random) = (found[0], found[1])
    let nulls = (try #require(planted.null), try #require(random.null))
    #expect(try #require(planted.estimate.value.number) < 0.5 * (nulls.0.lower ?? 0))
    let value = try #require(random.estimate.value.number)
    #expect(value > (nulls.1.lower ?? .infinity) / 2 && value < 2 * (nulls.1.upper ?? 0))
    #expect(planted.intervalMethod == "delete-block jackknife, 20 blocks")
  }

  @Test func `debiased CKA of independent sets averages zero where the biased one reads .9`() throws
  {
    var generator = SeededGenerator(seed: 512, "independent")
    var debiased: [Double] = []
    var biased: [Double] = []
    for _ in 0..<40 {
      let x = Matrix.normal(rows: 50, columns: 512, using: &generator)
      let y = Matrix.normal(rows: 50, columns: 512, using: &generator)
      debiased.append(try #require(LinearCKA.debiased(rowsBefore: x, rowsAfter: y).number))
      biased.append(try #require(LinearCKA.biased(rowsBefore: x, rowsAfter: y).number))
    }
    let interval = try #require(Repetitions.mean(of: debiased, level: 0.999).interval)
    #expect(interval.contains(0))
    #expect(interval.upper < 0.03)
    #expect(abs(biased.reduce(0, +) / 40 - 0.91) < 0.01)
  }

  @Test func `the mean shift of changes without direction is what its null says`() throws {
    var generator = SeededGenerator(seed: 9, "shift")
    let x = Matrix.normal(rows: 400, columns: 6, using: &generator)
    let change = Matrix.normal(rows: 400, columns: 6, using: &generator)
    var features = PairedFeatures(beforeWidth: 6, afterWidth: 6)
    try features.add(
      before: x, after: x + change, keys: (0..<400).map { ExampleKey("\($0)") })
    let found = try SimilarityAnalysis(features).results(for: [.meanShift])
    let null = try #require(found[0].null)
    // √(d/n) for normal changes of variance 1, a little less in the mean of lengths.
    #expect(abs(null.mean / (6.0 / 400).squareRoot() - 0.96) < 0.06)
  }

  @Test func `batches of any size give the same numbers to 1e-12`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 41, rows: 500)
    var small = PairedFeatures.Settings()
    small.keptValues = 1
    for settings in [PairedFeatures.Settings(), small] {
      func results(_ batch: Int) throws -> [SimilarityResult] {
        var features = PairedFeatures(beforeWidth: 7, afterWidth: 7, settings: settings)
        for start in stride(from: 0, to: 500, by: batch) {
          let rows = start..<min(start + batch, 500)
          try features.add(
            before: x[rows: rows], after: y[rows: rows], keys: rows.map { ExampleKey("\($0)") },
            labels: rows.map { $0 % 3 })
        }
        return try SimilarityAnalysis(features).results(for: SimilarityMeasure.allCases)
      }
      let whole = try results(500)
      for batch in [1, 17, 256] {
        for (a, b) in zip(whole, try results(batch)) {
          guard let s = a.estimate.value.number, let t = b.estimate.value.number else {
            #expect(a.estimate.value.reason == b.estimate.value.reason)
            continue
          }
          #expect(abs(s - t) <= 1e-12 * max(1, abs(s)), "\(a.measure) in batches of \(batch)")
        }
      }
    }
  }

  @Test func `threads give the same numbers to 1e-12`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 42, rows: 700, columns: 90)
    var small = PairedFeatures.Settings()
    small.keptValues = 1
    func values() throws -> [Double] {
      var features = PairedFeatures(beforeWidth: 90, afterWidth: 90, settings: small)
      try features.add(before: x, after: y, keys: (0..<700).map { ExampleKey("\($0)") })
      var settings = SimilarityAnalysis.Settings()
      settings.draws = 0
      return try SimilarityAnalysis(features, settings: settings).results(for: [
        .ckaDebiased, .ckaBiased, .meanSquare, .relativeChange, .cosineDistance, .meanShift,
        .explainedBefore, .procrustesNormalised,
      ]).compactMap(\.estimate.value.number)
    }
    let threads = LinearAlgebraThreads.count
    defer { LinearAlgebraThreads.use(threads) }
    LinearAlgebraThreads.use(1)
    let one = try values()
    LinearAlgebraThreads.use(2)
    let two = try values()
    #expect(one.count == 8)
    for (a, b) in zip(one, two) { #expect(abs(a - b) <= 1e-12 * max(1, abs(a))) }
  }
}
