import Geometry
import LinearAlgebra
import Testing

@Suite struct DistributionTests {
  @Test func `quantiles and probabilities are those of SciPy`() throws {
    let reference = try Reference()
    for row in reference.rows("normal_quantiles") {
      #expect(abs(Distribution.normalQuantile(row[0]) - row[1]) < 1e-13 * max(1, abs(row[1])))
    }
    for row in reference.rows("student_quantiles") {
      let found = Distribution.studentQuantile(row[0], degreesOfFreedom: row[1])
      #expect(abs(found - row[2]) < 1e-9 * max(1, abs(row[2])), "\(row)")
    }
    for row in reference.rows("student_probabilities") {
      let found = Distribution.studentProbability(row[0], degreesOfFreedom: row[1])
      #expect(abs(found - row[2]) < 1e-12, "\(row)")
    }
    for row in reference.rows("beta_probabilities") {
      #expect(abs(Distribution.betaProbability(row[0], row[1], row[2]) - row[3]) < 1e-12, "\(row)")
    }
    for row in reference.rows("beta_quantiles") {
      #expect(abs(Distribution.betaQuantile(row[0], row[1], row[2]) - row[3]) < 1e-12, "\(row)")
    }
    for row in reference.rows("binomial_tails") {
      let found = Distribution.binomialUpperTail(
        successes: Int(row[0]), trials: Int(row[1]), probability: row[2])
      #expect(abs(found - row[3]) < 1e-13, "\(row)")
    }
    #expect(reference.rows("student_quantiles").count == 63)
  }

  @Test func `closed forms hold: one and two degrees of freedom, and the ends`() {
    #expect(abs(Distribution.studentQuantile(0.75, degreesOfFreedom: 1) - 1) < 1e-14)
    let two = Distribution.studentQuantile(0.9, degreesOfFreedom: 2)
    #expect(abs(two - 0.8 * (2 / (1 - 0.64)).squareRoot()) < 1e-13)
    #expect(Distribution.studentQuantile(0.5, degreesOfFreedom: 7) == 0)
    #expect(Distribution.normalQuantile(1) == .infinity)
    #expect(abs(Distribution.normalQuantile(0.5)) < 1e-15)
    #expect(Distribution.binomialUpperTail(successes: 5, trials: 5) == 1.0 / 32)
    #expect(Distribution.binomialUpperTail(successes: 62, trials: 62) == 0x1p-62)
    #expect(Distribution.binomialUpperTail(successes: 1, trials: 0) == 0)
  }

  @Test func `the mean over seeds has Student's interval`() throws {
    let estimate = Repetitions.mean(of: [1, 2, 3, 4, 5])
    #expect(estimate.value == .value(3))
    let interval = try #require(estimate.interval)
    // t(0.975, 4) = 2.776445105; s/√5 = √0.5.
    #expect(abs(interval.upper - 3 - 2.7764451051977987 * 0.5.squareRoot()) < 1e-13)
    #expect(abs(interval.lower + interval.upper - 6) < 1e-14)
    #expect(Repetitions.mean(of: [1]).interval == nil)
    #expect(Repetitions.mean(of: [1]).note == "one run has no interval")
    #expect(Repetitions.mean(of: []).value.reason == "there are no runs")
  }

  @Test func `paired differences count signs and leave ties out`() {
    let pairs = PairedDifferences([3, 4, 5, 6, 7, 1], [1, 2, 3, 4, 5, 1])
    #expect((pairs.positive, pairs.negative, pairs.ties) == (5, 0, 1))
    #expect(pairs.positiveSignProbability == 1.0 / 32)
    #expect(pairs.twoSidedSignProbability == 1.0 / 16)
    #expect(PairedDifferences([1, 2], [1, 2]).twoSidedSignProbability == 1)
  }

  @Test func `sample quantiles are NumPy's`() throws {
    let expected = try Reference().numbers("quantiles_of_column")
    let column = FeatureSets.x.column(0)
    let found = [0, 0.025, 0.3, 0.5, 1].compactMap { Repetitions.quantile($0, of: column) }
    #expect(difference(found, expected) < 1e-15)
    #expect(Repetitions.quantile(0.5, of: []) == nil)
  }
}
