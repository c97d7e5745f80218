import Geometry
import LinearAlgebra
import Randomness
import Testing

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
    var blocks = BlockedMoments(beforeWidth: 7, afterWidth: 7)
    for start in stride(from: 0, to: 333, by: 50) {
      let range = start..<min(start + 50, 333)
      try blocks.add(
        before: singles(x[rows: range]), after: singles(y[rows: range]), count: range.count)
    }
    var sums = JointMoments(beforeWidth: 7, afterWidth: 7)
    try sums.add(before: singles(x), after: singles(y), count: 333)
    let estimate = try blocks.estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
    #expect(distance(estimate.value, LinearCKA.debiased(sums)) < 1e-12)
    let interval = try #require(estimate.interval)
    #expect(interval.contains(try #require(estimate.value.number)))
    #expect(interval.lower > 0 && interval.upper < 1 && interval.upper - interval.lower > 1e-4)
    #expect(try blocks.total().count == 333)
  }

  @Test func `the interval does not depend on the batches`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 2, rows: 200)
    func estimate(batch: Int) throws -> Estimate {
      // A shift that does not depend on the first batch.
      let zeros = [Double](repeating: 0, count: 7)
      var blocks = BlockedMoments(
        beforeWidth: 7, afterWidth: 7, blockCount: 8, beforeShift: zeros, afterShift: zeros)
      for start in stride(from: 0, to: 200, by: batch) {
        let range = start..<min(start + batch, 200)
        try blocks.add(
          before: singles(x[rows: range]), after: singles(y[rows: range]), count: range.count)
      }
      return try blocks.estimate { Displacement($0).meanSquarePerCoordinate }
    }
    let (a, b) = (try estimate(batch: 200), try estimate(batch: 9))
    #expect(distance(a.value, b.value) < 1e-13)
    let (s, t) = (try #require(a.standardError), try #require(b.standardError))
    #expect(abs(s - t) < 1e-12)
  }

  @Test func `examples of one group stay in one block`() throws {
    // Each example four times: as groups, the standard error is that of the examples once.
    let (x, y) = FeatureSets.randomPair(seed: 3, rows: 80)
    func error(copies: Int, grouped: Bool) throws -> Double {
      var blocks = BlockedMoments(beforeWidth: 7, afterWidth: 7)
      let order = (0..<80).flatMap { [Int](repeating: $0, count: copies) }
      try blocks.add(
        before: singles(x.selectingRows(order)), after: singles(y.selectingRows(order)),
        count: order.count, groups: grouped ? order : nil)
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
      var blocks = BlockedMoments(beforeWidth: 5, afterWidth: 5)
      try blocks.add(before: singles(x), after: singles(y), count: 200)
      let estimate = try blocks.estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
      if try #require(estimate.interval).contains(0.5) { hits += 1 }
    }
    // 57 expected; fewer than 50 of 60 has a chance of 1 in 10 000 at 95 %.
    #expect(hits >= 50)
  }

  @Test func `a similarity of one falls back to its own scale`() throws {
    let (x, _) = FeatureSets.randomPair(seed: 4)
    var blocks = BlockedMoments(beforeWidth: 7, afterWidth: 7, blockCount: 5)
    try blocks.add(before: singles(x), after: singles(x), count: 60)
    let estimate = try blocks.estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
    let interval = try #require(estimate.interval)
    #expect(interval.upper - interval.lower < 1e-12 && abs(interval.upper - 1) < 1e-12)
  }

  @Test func `without examples or with one block there is a note instead of an interval`() throws {
    var blocks = BlockedMoments(beforeWidth: 2, afterWidth: 2)
    let none = try blocks.estimate { Displacement($0).meanDistance }
    #expect(none.value.reason == "there are no examples" && none.interval == nil)
    try blocks.add(before: [1, 2], after: [2, 2], count: 1)
    let one = try blocks.estimate { Displacement($0).meanDistance }
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

  @Test func `the halves of the blocks make up the whole and set a floor for angles`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 9, rows: 200)
    var blocks = BlockedMoments(beforeWidth: 7, afterWidth: 7, blockCount: 5)
    try blocks.add(before: singles(x), after: singles(y), count: 200)
    let (even, odd) = try blocks.halves()
    #expect((even.count, odd.count) == (120, 80))
    var both = even
    try both.merge(odd)
    let whole = try blocks.total()
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
