import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Intervals that leaving out blocks would make too wide, or that cannot be had.
@Suite struct IntervalMethodTests {
  private func results(
    _ x: Matrix, _ y: Matrix, for measures: [SimilarityMeasure], groupSize: Int = 1,
    neighbours: Int = 10
  ) throws -> [SimilarityResult] {
    var features = PairedFeatures(beforeWidth: x.columns, afterWidth: y.columns)
    let keys = (0..<x.rows).map {
      ExampleKey("\($0)", group: groupSize > 1 ? "\($0 / groupSize)" : nil)
    }
    try features.add(before: x, after: y, keys: keys)
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 0
    settings.neighbours = neighbours
    settings.minibatch = 16
    return try SimilarityAnalysis(features, settings: settings).results(for: measures)
  }

  @Test(arguments: [1, 3])
  func `the error of common neighbours is that of a sum over pairs that share an example`(
    groupSize: Int
  ) throws {
    let (x, y) = FeatureSets.randomPair(seed: 5, rows: 42)
    let k = 4
    let found = try results(
      x, y, for: [.neighbourOverlap], groupSize: groupSize, neighbours: k)[0]
    let mean = try #require(found.estimate.value.number)
    // All pairs, as the formula has them.
    func isNear(_ rows: Matrix) -> [[Bool]] {
      (0..<42).map { row in
        let distances = (0..<42).map { other in
          zip(rows.row(row), rows.row(other)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let order = (0..<42).filter { $0 != row }.sorted { distances[$0] < distances[$1] }
        let near = Set(order.prefix(k))
        return (0..<42).map(near.contains)
      }
    }
    let (a, b) = (isNear(x), isNear(y))
    let groups = 42 / groupSize
    var sums = Matrix(rows: groups, columns: groups)
    var own = [Double](repeating: 0, count: groups)
    for row in 0..<42 {
      var overlap = 0.0
      for other in 0..<42 {
        let (first, second) = (a[row][other] ? 1.0 : 0, b[row][other] ? 1.0 : 0)
        overlap += first * second / Double(k)
        sums[row / groupSize, other / groupSize] +=
          (first * second - mean * (first + second) / 2) / Double(k)
      }
      own[row / groupSize] += overlap - mean
    }
    var variance = 0.0
    for group in 0..<groups {
      var total = sums[group, group]
      for other in 0..<groups where other != group {
        let pair = sums[group, other] + sums[other, group]
        total += pair
        if other > group { variance -= pair * pair }
      }
      variance += total * total
    }
    variance = max(variance, dot(own, own))
    let expected = (variance * Double(groups) / Double(groups - 1)).squareRoot() / 42
    #expect(abs(try #require(found.estimate.standardError) / expected - 1) < 1e-12)
    #expect(found.intervalMethod.contains(groupSize > 1 ? "14 groups" : "42 examples"))
  }

  @Test func `equal sets have all neighbours in common, without error`() throws {
    let (x, _) = FeatureSets.randomPair(seed: 5, rows: 42)
    let found = try results(x, x, for: [.neighbourOverlap])[0]
    #expect(found.estimate.value == .value(1))
    let interval = try #require(found.estimate.interval)
    // Sums of tenths and twentieths: to rounding.
    #expect(1 - interval.lower < 1e-14 && interval.upper == 1)
  }

  @Test func `many minibatches give the error by their spread, unless examples have groups`() throws
  {
    let (x, y) = FeatureSets.randomPair(seed: 6, rows: 192)
    let found = try results(x, y, for: [.ckaMinibatch])[0]
    #expect(found.intervalMethod == "spread of 12 minibatches")
    // A ratio of sums over minibatches: the error by leaving out each is the same to first order.
    let keys = (0..<192).map { ExampleKey("\($0)") }
    let batches = LayerAlignment.minibatches(of: keys, size: 16)
    func value(without place: Int?) throws -> Measured {
      var sums = LayerAlignment(before: 1, after: 1)
      for (number, rows) in batches.enumerated() where number != place {
        try sums.add(keys: rows.map { keys[$0] }) { ($0 == 0 ? x : y).selectingRows(rows) }
      }
      return sums.similarity(0, 0).estimate.value
    }
    let jackknife = Jackknife.estimate(
      full: try value(without: nil), leftOut: try batches.indices.map { try value(without: $0) },
      counts: batches.map(\.count), scale: .fisherZ)
    let (a, b) = (
      try #require(found.estimate.standardError), try #require(jackknife.standardError)
    )
    #expect(abs(a / b - 1) < 0.1)
    let grouped = try results(x, y, for: [.ckaMinibatch], groupSize: 4)[0]
    #expect(grouped.intervalMethod.hasSuffix("blocks, groups unsplit"))
  }

  @Test func `angles have an interval where a gap fixes the directions, and else a reason`() throws
  {
    var generator = SeededGenerator(seed: 3, "gap")
    func pair(_ deviations: [Double]) -> (Matrix, Matrix) {
      let x =
        Matrix.normal(rows: 400, columns: deviations.count, using: &generator)
        * Matrix.diagonal(deviations)
      return (x, x + 0.3 * Matrix.normal(rows: 400, columns: deviations.count, using: &generator))
    }
    let measures: [SimilarityMeasure] = [.largestAngle, .subspaceOverlap]
    let (x, y) = pair([4, 3, 3, 0.3, 0.3, 0.3, 0.3, 0.3])
    for result in try results(x, y, for: measures) {
      #expect(result.estimate.interval != nil, "\(result.estimate.note ?? "")")
    }
    let (u, v) = pair([Double](repeating: 1, count: 16))
    for result in try results(u, v, for: measures) {
      #expect(result.estimate.value.number != nil && result.estimate.interval == nil)
      #expect(result.remark.contains("no interval: sampling turns the directions by a sine of"))
    }
  }

  @Test func `the error of a self-duality that is sampling alone is not counted twice`() throws {
    // The head is the class means of the population: NC3 is the squared error of the means.
    var generator = SeededGenerator(seed: 12, "self-duality")
    let means = Matrix.normal(rows: 3, columns: 6, using: &generator).centered
    let head = SimilarityAnalysis.Head(matrix: means.transposed, bias: [0, 0, 0])
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 0
    settings.heads = (head, head)
    var (values, errors): ([Double], [Double]) = ([], [])
    for _ in 0..<60 {
      let labels = (0..<150).map { $0 % 3 }
      let x = means.selectingRows(labels) + Matrix.normal(rows: 150, columns: 6, using: &generator)
      var features = PairedFeatures(beforeWidth: 6, afterWidth: 6)
      try features.add(
        before: x, after: x, keys: (0..<150).map { ExampleKey("\($0)") }, labels: labels)
      let found = try SimilarityAnalysis(features, settings: settings)
        .results(for: [.selfDualityBefore])[0].estimate
      let value = try #require(found.value.number)
      values.append(value)
      errors.append(try #require(found.standardError) * value)
    }
    let deviation = try #require(Repetitions.standardDeviation(of: values))
    let error = (dot(errors, errors) / Double(errors.count)).squareRoot()
    // Blocks left out alone give √2 of it; 60 repetitions know a deviation to a tenth.
    #expect(error / deviation > 0.75 && error / deviation < 1.3)
  }
}
