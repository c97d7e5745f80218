import Calibration
import Hypothesis
import Testing

/// `script/calibrate` with tens of repetitions and loose bounds; Documentation/measures/calibration.md has
/// what hundreds gave.
@Suite struct CalibrationTests {
  @Test func `claims about weights are rarely supported by isotropic change, and are by planted`()
    throws
  {
    let study = WeightStudy(WeightStudy.settings[2], pairs: 40, seed: 1)
    for rates in try study.rates(effect: 0) {
      // 6 of 40 have a chance below 1 % where 5 % are wrong.
      #expect(rates.share(.supported) < 0.15, "\(rates.claim)")
    }
    for rates in try study.rates(effect: 1) {
      #expect(rates.share(.supported) > 0.9, "\(rates.claim)")
    }
  }

  @Test func `the claim about features is rarely supported by equal change, and is by planted`()
    throws
  {
    let study = FeatureStudy(FeatureStudy.settings[0], pairs: 20, seed: 1)
    for rates in try study.rates(effect: 0) {
      #expect(rates.share(.supported) < 0.2, "\(rates.claim)")
    }
    let planted = try study.rates(effect: 1)
    #expect(planted.count == 5)
    for rates in planted { #expect(rates.share(.supported) > 0.9, "\(rates.claim)") }
  }

  @Test func `damaged features are not called intact`() throws {
    let damaged = try HeadStudy(.damaged, pairs: 12, seed: 1).rates(effect: 1)
    #expect(damaged.count == 1 && damaged[0].isNull)
    #expect(damaged[0].share(.supported) < 0.2)
    let intact = try HeadStudy(.intact, pairs: 12, seed: 1).rates(effect: 1.5)
    #expect(intact[0].share(.supported) > 0.7)
  }

  @Test func `claims over seeds keep their chance of error`() {
    for rates in SeedStudy(seeds: 5, pairs: 200, seed: 1).rates(effect: 0) {
      #expect(rates.isKept, "\(rates.claim): \(rates.share(.supported))")
    }
    for rates in SeedStudy(seeds: 5, pairs: 50, seed: 1).rates(effect: 4) {
      #expect(rates.share(.supported) > 0.9, "\(rates.claim)")
    }
  }

  @Test func `intervals hold what they are meant to, most of the time`() throws {
    let study = CoverageStudy(
      FeatureSetting("quick", examples: 200, width: 8), repetitions: 30, seed: 1,
      population: 10_000)
    let found = try study.run()
    #expect(found.count > 30)
    for coverage in found where !coverage.measure.contains("angle") {
      // 30 repetitions: 95 % less five standard errors.
      #expect(coverage.share > 0.74, "\(coverage.measure): \(coverage.share)")
    }
  }

  @Test func `numbers of sets without relation rarely leave their nulls`() throws {
    let study = NullStudy(NullStudy.settings[0], pairs: 20, seed: 1, draws: 39)
    let found = try study.rates(effect: 0)
    #expect(found.count > 40)
    for rate in found { #expect(rate.share < 0.35, "\(rate.measure): \(rate.share)") }
  }

  @Test func `the same seed gives the same numbers`() throws {
    func rates(_ seed: UInt64) throws -> [Double] {
      try FeatureStudy(FeatureStudy.settings[0], pairs: 5, seed: seed).rates(effect: 0.25)
        .map { $0.share(.supported) }
    }
    #expect(try rates(3) == rates(3))
  }
}
