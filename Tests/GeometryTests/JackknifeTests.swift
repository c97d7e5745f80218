import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Moments by block, for leaving each block out in turn: example i, or its group, goes to block
/// i mod B.
private struct Blocks {
  private var parts: [JointMoments]

  init(_ x: Matrix, _ y: Matrix, count: Int = 20, groups: [Int]? = nil) throws {
    var rows = [[Int]](repeating: [], count: count)
    for row in 0..<x.rows { rows[(groups?[row] ?? row) % count].append(row) }
    parts = try rows.map { rows in
      var part = JointMoments(
        beforeWidth: x.columns, afterWidth: y.columns, beforeShift: x.columnMeans,
        afterShift: y.columnMeans)
      try part.add(before: x.selectingRows(rows), after: y.selectingRows(rows))
      return part
    }
  }

  func sum(_ chosen: (Int) -> Bool = { _ in true }) throws -> JointMoments {
    let wanted = parts.enumerated().filter { chosen($0.offset) }.map(\.element)
    var sum = wanted[0]
    for part in wanted.dropFirst() { try sum.merge(part) }
    return sum
  }

  func estimate(
    scale: EstimateScale = .identity, _ statistic: (JointMoments) -> Measured
  ) throws -> Estimate {
    Jackknife.estimate(
      full: statistic(try sum()),
      leftOut: try parts.indices.map { left in statistic(try sum { $0 != left }) },
      counts: parts.map(\.count), scale: scale)
  }
}

@Suite struct JackknifeTests {
  @Test func `leaving out one example at a time gives the mean its usual standard error`() throws {
    let values = [1.0, 4, 2, 8, 5, 7]
    let mean = values.reduce(0, +) / 6
    let leftOut = values.map { Measured((27 - $0) / 5) }
    let estimate = Jackknife.estimate(
      full: Measured(mean), leftOut: leftOut, counts: [Int](repeating: 1, count: 6))
    let usual = Repetitions.mean(of: values)
    let (found, expected) = (
      try #require(estimate.standardError), try #require(usual.standardError)
    )
    #expect(abs(found - expected) < 1e-14)
    #expect(estimate.degreesOfFreedom == 5)
  }

  @Test func `blocks give the value of the whole and an interval around it`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 1, rows: 333)
    let blocks = try Blocks(x, y)
    var sums = JointMoments(beforeWidth: 7, afterWidth: 7)
    try sums.add(before: x, after: y)
    let estimate = try blocks.estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
    #expect(distance(estimate.value, LinearCKA.debiased(sums)) < 1e-12)
    let interval = try #require(estimate.interval)
    #expect(interval.contains(try #require(estimate.value.number)))
    #expect(interval.lower > 0 && interval.upper < 1 && interval.upper - interval.lower > 1e-4)
    #expect(try blocks.sum().count == 333)
  }

  @Test func `examples of one group stay in one block`() throws {
    // Each example four times: as groups, the standard error is that of the examples once.
    let (x, y) = FeatureSets.randomPair(seed: 3, rows: 80)
    func error(copies: Int, grouped: Bool) throws -> Double {
      let order = (0..<80).flatMap { [Int](repeating: $0, count: copies) }
      let blocks = try Blocks(
        x.selectingRows(order), y.selectingRows(order), groups: grouped ? order : nil)
      let estimate = try blocks.estimate { Displacement($0).meanSquarePerCoordinate }
      return try #require(estimate.standardError)
    }
    let once = try error(copies: 1, grouped: false)
    #expect(abs(try error(copies: 4, grouped: true) / once - 1) < 1e-9)
    #expect(try error(copies: 4, grouped: false) < 0.75 * once)
  }

  @Test func `95 percent intervals of debiased CKA hold the truth about as often`() throws {
    // y = x + noise of the same variance, so ‖Cxy‖² / (‖Cxx‖ ‖Cyy‖) = 1/2 in the population.
    var hits = 0
    for seed in 0..<UInt64(60) {
      var generator = SeededGenerator(seed: seed, "coverage")
      let x = Matrix.normal(rows: 200, columns: 5, using: &generator)
      let y = x + Matrix.normal(rows: 200, columns: 5, using: &generator)
      let estimate = try Blocks(x, y).estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
      if try #require(estimate.interval).contains(0.5) { hits += 1 }
    }
    // 57 expected; fewer than 50 of 60 has a chance of 1 in 10 000 at 95 %.
    #expect(hits >= 50)
  }

  @Test func `a similarity of one falls back to its own scale`() throws {
    let (x, _) = FeatureSets.randomPair(seed: 4)
    let estimate = try Blocks(x[rows: 0..<60], x[rows: 0..<60], count: 5).estimate(scale: .fisherZ)
    { LinearCKA.debiased($0) }
    let interval = try #require(estimate.interval)
    #expect(interval.upper - interval.lower < 1e-12 && abs(interval.upper - 1) < 1e-12)
  }

  @Test func `without examples or with one block there is a note instead of an interval`() throws {
    let (x, y) = (Matrix([[1, 2]]), Matrix([[2, 2]]))
    let none = try Blocks(x[rows: 0..<0], y[rows: 0..<0]).estimate {
      Displacement($0).meanDistance
    }
    #expect(none.value.reason == "there are no examples" && none.interval == nil)
    let one = try Blocks(x, y).estimate { Displacement($0).meanDistance }
    #expect(one.value == .value(1))
    #expect(one.note == "an interval needs at least two blocks of examples")
  }

  @Test func `contrasts combine standard errors: differences and ratios`() throws {
    let a = Estimate(
      value: 5, standardError: 3, degreesOfFreedom: 10, scale: .identity, level: 0.95)
    let b = Estimate(
      value: 2, standardError: 4, degreesOfFreedom: 10, scale: .identity, level: 0.95)
    let difference = Estimate.contrast(a, b)
    #expect(difference.value == .value(3) && difference.standardError == 5)
    let freedom = try #require(difference.degreesOfFreedom)
    #expect(abs(freedom - 625 / (81 / 10.0 + 256 / 10.0)) < 1e-12)
    let c = Estimate(
      value: 6, standardError: 0.1, degreesOfFreedom: 19, scale: .logarithm, level: 0.95)
    let ratio = Estimate.contrast(c, c)
    #expect(ratio.value == .value(1))
    let interval = try #require(ratio.interval)
    #expect(abs(interval.lower * interval.upper - 1) < 1e-14)
  }

  @Test func `the halves of the examples make up the whole and set a floor for angles`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 9, rows: 200)
    let blocks = try Blocks(x, y, count: 5)
    let (even, odd) = (try blocks.sum { $0 % 2 == 0 }, try blocks.sum { $0 % 2 == 1 })
    #expect((even.count, odd.count) == (120, 80))
    var both = even
    try both.merge(odd)
    let whole = try blocks.sum()
    #expect(difference(both.beforeCovariance.values, whole.beforeCovariance.values) < 1e-14)
    let spans = try [even, odd].map { moments in
      try PrincipalDirections(secondMoment: moments.beforeCovariance).subspace(.count(2))
    }
    let angles = try principalAngles(between: spans[0], and: spans[1])
    #expect(angles[0] > 1e-3 && angles[0] < 1)
    // The bound on the angles holds, and says nothing where the eigenvalues are equal.
    let bound = try EigengapBound(
      covariance: even.beforeCovariance, other: odd.beforeCovariance, dimension: 2)
    let sines = 1 - (try #require(subspaceOverlap(spans[0], spans[1]).number))
    #expect((2 * sines).squareRoot() <= (try #require(bound.bound.number)))
    let flat = try EigengapBound(
      covariance: .identity(4), other: Matrix.diagonal([2, 1, 1, 1]), dimension: 1)
    #expect(flat.bound.number == nil && !flat.isInformative)
    let clear = try EigengapBound(
      covariance: .diagonal([9, 1, 1]), other: .diagonal([9, 2, 1]), dimension: 1)
    #expect(clear.gap == 8 && clear.isInformative)
    #expect(distance(clear.bound, 0.25) < 1e-15)
  }
}
