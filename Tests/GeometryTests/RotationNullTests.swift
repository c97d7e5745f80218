import Geometry
import LinearAlgebra
import Randomness
import Testing

@Suite struct RotationNullTests {
  private func null(
    _ singularValues: [Double], _ dimension: Int, of width: Int, rotations: Int = 400
  ) throws -> RotationNull {
    try #require(
      try RotationNull(
        singularValues: singularValues, dimension: dimension, ambientDimension: width,
        rotations: rotations, generator: SeededGenerator(seed: 1, "null")))
  }

  @Test func `for a change of rank one the share is a beta variable`() throws {
    let found = try null([2], 3, of: 20, rotations: 20_000)
    let variance = 1.5 * 8.5 / (100.0 * 11)
    #expect(found.mean == 0.15)
    #expect(abs(found.standardDeviation - variance.squareRoot()) < 1e-15)
    #expect(found.method == .rotations(20_000))
    // The 0.99 quantile of 20 000 draws has a standard error of 0.005, the others less.
    for (quantile, probability) in [
      (found.quantiles.lower, 0.025), (found.quantiles.median, 0.5), (found.quantiles.upper, 0.975),
      (found.upperPercentile, 0.99),
    ] {
      #expect(abs(quantile - Distribution.betaQuantile(probability, 1.5, 8.5)) < 0.015)
    }
  }

  /// Each case turns another of the three: the change, the subspace, its complement.
  @Test(arguments: [
    ([3.0, 2, 1], 6), ([5.0, 4, 3, 2, 1, 1, 1], 4), ([5.0, 4, 3, 2, 1, 1, 1], 9),
  ])
  func `drawn shares have the exact mean and spread`(
    singularValues: [Double], dimension: Int
  ) throws {
    let draws = 300
    var medians: [Double] = []
    for seed in 0..<UInt64(draws) {
      let one = try RotationNull(
        singularValues: singularValues, dimension: dimension, ambientDimension: 12, rotations: 1,
        generator: SeededGenerator(seed: seed, "draw"))
      medians.append(try #require(one).quantiles.median)
    }
    let exact = try null(singularValues, dimension, of: 12, rotations: 1)
    let estimate = Repetitions.mean(of: medians, level: 0.999)
    #expect(try #require(estimate.interval).contains(Double(dimension) / 12))
    let deviation = try #require(Repetitions.standardDeviation(of: medians))
    #expect(abs(deviation / exact.standardDeviation - 1) < 0.15)
  }

  @Test func `a change in every direction alike always has the share k over d`() throws {
    let found = try null([Double](repeating: 2, count: 8), 3, of: 8)
    #expect(found.standardDeviation < 1e-8)
    #expect(
      abs(found.quantiles.lower - 0.375) < 1e-12 && abs(found.quantiles.upper - 0.375) < 1e-12)
  }

  @Test func `wide layers get the matched beta distribution`() throws {
    let found = try null((1...300).map { 1 / Double($0) }, 500, of: 4000)
    #expect(found.method == .matchedBeta)
    #expect(found.quantiles.lower < 0.125 && found.quantiles.upper > 0.125)
    let spread = found.quantiles.upper - found.quantiles.lower
    #expect(abs(spread / (4 * found.standardDeviation) - 1) < 0.1)
  }

  @Test func `no change has no null; the whole space and {0} have no spread`() throws {
    let generator = SeededGenerator(seed: 1, "null")
    #expect(
      try RotationNull(
        singularValues: [0, 0], dimension: 1, ambientDimension: 3, generator: generator) == nil)
    #expect(try null([1], 3, of: 3).quantiles.lower == 1)
    #expect(try null([1], 0, of: 3).quantiles.upper == 0)
  }

  @Test func `the same generator gives the same quantiles`() throws {
    #expect(try null([3, 1], 2, of: 9) == null([3, 1], 2, of: 9))
  }
}
