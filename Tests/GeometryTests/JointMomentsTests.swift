import Geometry
import LinearAlgebra
import Randomness
import Testing

@Suite struct JointMomentsTests {
  /// Every measure of a pair that moments give, for comparing ways to sum.
  private func measures(_ sums: JointMoments) throws -> [Double] {
    let (moved, procrustes) = (Displacement(sums), try Procrustes(sums))
    let directional = try DirectionalChange(inDistribution: sums)
    let measured = [
      LinearCKA.biased(sums), LinearCKA.debiased(sums), LinearCKA.unbiasedHSIC(sums),
      moved.meanSquarePerCoordinate, moved.meanDistance, moved.meanRelativeDistance,
      moved.relativeFrobenius, moved.meanCosineDistance, moved.meanShift, procrustes.relative,
    ]
    return measured.compactMap(\.number) + directional.directions.map(\.inDistributionChange)
  }

  @Test(arguments: 1...3) func `batches, their order and parts merged give the same to 1e-12`(
    seed: UInt64
  ) throws {
    let (x, y) = FeatureSets.randomPair(seed: seed, rows: 600)
    let expected = try measures(try moments(x, y))
    #expect(expected.count == 17)
    func agrees(_ sums: JointMoments) throws -> Bool {
      let found = try measures(sums)
      return zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }
    }
    var small = JointMoments(beforeWidth: 7, afterWidth: 7)
    for start in stride(from: 0, to: 600, by: 37) {
      let range = start..<min(start + 37, 600)
      try small.add(before: x[rows: range], after: y[rows: range])
    }
    #expect(try agrees(small))
    // Parts with pilot shifts of their own, merged in another order.
    var parts: [JointMoments] = []
    for range in [0..<100, 100..<350, 350..<351, 351..<600] {
      parts.append(try moments(x[rows: range], y[rows: range]))
    }
    var merged = JointMoments(beforeWidth: 7, afterWidth: 7)
    for index in [2, 0, 3, 1] { try merged.merge(parts[index]) }
    #expect(merged.count == 600)
    #expect(try agrees(merged))
    // Another order of the examples.
    var generator = SeededGenerator(seed: seed, "order")
    let order = generator.permutation(600)
    #expect(try agrees(try moments(x.selectingRows(order), y.selectingRows(order))))
    // No pilot shift at all.
    let zeros = [Double](repeating: 0, count: 7)
    #expect(try agrees(try moments(x, y, beforeShift: zeros, afterShift: zeros)))
  }

  @Test func `means and covariances are those of the rows`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 5, rows: 40)
    let sums = try moments(x, y[columns: 0..<3])
    let (xc, yc) = (x.centered, y[columns: 0..<3].centered)
    #expect(difference(sums.beforeMean, x.columnMeans) < 1e-14)
    #expect(difference(sums.afterCovariance.values, ((1 / 40.0) * yc.gram).values) < 1e-13)
    let cross = (1 / 40.0) * xc.transposedTimes(yc)
    #expect(difference(sums.crossCovariance.values, cross.values) < 1e-13)
    #expect(difference(sums.beforeSecondMoment.values, ((1 / 40.0) * x.gram).values) < 1e-12)
    #expect(sums.changeSecondMoment == nil && sums.meanChange == nil)
  }

  @Test(arguments: [1, 1e-9, 1e7])
  func `wide sums, in panels by several threads, are the products of the rows`(
    size: Double
  ) throws {
    // Three panels of columns; sizes that are far apart have their cross moments summed whole.
    let (x, rows) = FeatureSets.randomPair(seed: 11, rows: 90, columns: 1100)
    let y = size * rows
    var sums = JointMoments(beforeWidth: 1100, afterWidth: 1100)
    for range in [0..<50, 50..<90] { try sums.add(before: x[rows: range], after: y[rows: range]) }
    let n = 1 / 90.0
    func isClose(_ found: Matrix, _ wanted: Matrix, _ scale: Double) -> Bool {
      difference(found.values, (n * wanted).values) < 1e-12 * scale
    }
    let (xc, yc) = (x.centered, y.centered)
    let largest = 600.0 * 600
    #expect(isClose(sums.beforeCovariance, xc.gram, largest))
    #expect(isClose(sums.afterCovariance, yc.gram, largest * size * size))
    #expect(isClose(sums.crossCovariance, xc.transposedTimes(yc), largest * size))
    let second = try #require(sums.changeSecondMoment)
    #expect(isClose(second, (y - x).gram, largest * max(1, size * size)))
    let direct = xc.transposedTimes(yc).frobeniusNorm * xc.transposedTimes(yc).frobeniusNorm
    let scaled = direct / (xc.gram.frobeniusNorm * yc.gram.frobeniusNorm)
    #expect(distance(LinearCKA.biased(sums), scaled) < 1e-13)
    // Taking the first rows together with shifts of their own changes nothing.
    var merged = try moments(x[rows: 50..<90], y[rows: 50..<90])
    try merged.merge(try moments(x[rows: 0..<50], y[rows: 0..<50]))
    #expect(
      distance(LinearCKA.debiased(merged), try #require(LinearCKA.debiased(sums).number)) < 1e-11)
    #expect(isClose(merged.crossCovariance, xc.transposedTimes(yc), largest * size))
  }

  @Test func `a large mean does not drown the variance`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 6)
    let expected = LinearCKA.debiased(try moments(x, y))
    let far = [Double](repeating: -1e6, count: 7)
    let found = LinearCKA.debiased(
      try moments(x.subtractingFromRows(far), y.subtractingFromRows(far)))
    // Adding 1e6 rounds the features themselves by 1e-10.
    #expect(distance(found, expected) < 1e-9)
  }

  @Test func `a change of one millionth keeps its digits`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 7)
    let change = y - x
    let whole = Displacement(try moments(x, y))
    let tiny = Displacement(try moments(x, x.adding(change, scale: 0x1p-20)))
    let ratio = try #require(tiny.meanSquarePerCoordinate.number)
    let expected = try #require(whole.meanSquarePerCoordinate.number)
    // Forming x + Δ rounds Δ by 1e-16/1e-6; a difference of moments would be wrong by 1e-4.
    #expect(abs(ratio * 0x1p40 / expected - 1) < 1e-9)
  }

  @Test func `the cosine distance of a tiny rotation keeps its digits`() throws {
    let x = Matrix([[1, 0]])
    let y = Matrix([[1, 1e-7]])
    let found = Displacement(try moments(x, y)).meanCosineDistance
    #expect(distance(found, 5e-15) < 1e-28)
  }

  @Test func `Float32 rows are widened exactly`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 8, rows: 300)
    let (a, b) = (singles(x), singles(y))
    var sums = JointMoments(beforeWidth: 7, afterWidth: 7)
    try sums.add(before: a, after: b, count: 300)
    let wide = try moments(
      Matrix(rows: 300, columns: 7, single: a), Matrix(rows: 300, columns: 7, single: b))
    #expect(LinearCKA.debiased(sums) == LinearCKA.debiased(wide))
    #expect(Displacement(sums) == Displacement(wide))
  }

  @Test func `values that are not finite or not enough are errors`() {
    var sums = JointMoments(beforeWidth: 2, afterWidth: 1)
    #expect(throws: GeometryError.notFinite(side: "before", row: 1)) {
      try sums.add(before: [1, 2, .nan, 4], after: [1, 2], count: 2)
    }
    #expect(throws: GeometryError.notFinite(side: "after", row: 0)) {
      try sums.add(before: [1, 2], after: [.infinity], count: 1)
    }
    #expect(throws: GeometryError.valueCount(expected: 4, found: 3)) {
      try sums.add(before: [1, 2, 3], after: [1, 2], count: 2)
    }
    #expect(throws: GeometryError.valueCount(expected: 2, found: 1)) {
      try sums.add(before: [1, 2, 3, 4], after: [1], count: 2)
    }
    #expect(throws: GeometryError.widths(expected: 2, found: 3)) {
      try sums.merge(JointMoments(beforeWidth: 3, afterWidth: 1))
    }
  }
}
