import Checkpoints
import Datasets
import Hypothesis
import Networks
import Randomness
import Testing

@Suite struct HeadComparisonTests {
  private func labelled(_ count: Int, classes: Int) -> DistortionAnalysis.TestSet {
    var generator = SeededGenerator(seed: 2, "labelled")
    let labels = (0..<count).map { $0 % classes }
    let values = labels.flatMap { label in
      (0..<5).map { Float(generator.normal() + ($0 == label ? 6 : 0)) }
    }
    return .init(
      name: "set",
      examples: ExampleSet(name: "set", values: values, exampleShape: [5], labels: labels))
  }

  private func compare(
    _ before: Network, _ after: Network, _ set: DistortionAnalysis.TestSet
  ) throws -> HeadComparison? {
    try HeadComparison(before: before, after: after, set: set, isID: false, seed: 1, threads: 1)
  }

  @Test func `networks that are the same are equally accurate`() throws {
    let network = try Comparisons.network(5, [12], 4)
    let result = try #require(try compare(network, network, labelled(120, classes: 4)))
    #expect(result.examples == 40)
    #expect(result.before == result.after && result.refittedBefore == result.refittedAfter)
    #expect(result.refittedAfter > 0.9)
    #expect(result.kept.values == [Double](repeating: 0, count: 40))
    let after = try #require(result.after)
    #expect(abs(result.gained.mean - (result.refittedAfter - after)) < 1e-12)
  }

  @Test func `a head with too few classes is left out, the re-fitted ones are not`() throws {
    let before = try Comparisons.network(5, [12], 2)
    let after = try before.replacingHead(classes: 4, seed: 1)
    let result = try #require(try compare(before, after, labelled(120, classes: 4)))
    #expect(result.before == nil && result.after != nil)
    #expect(result.refittedBefore == result.refittedAfter)
  }

  @Test func `a dead network keeps no information`() throws {
    let before = try Comparisons.network(5, [12], 4)
    var after = before
    after.parameters[0].values = [Float](repeating: 0, count: 60)
    let result = try #require(try compare(before, after, labelled(120, classes: 4)))
    #expect(result.refittedAfter < 0.5 && result.refittedBefore > 0.9)
    #expect(
      RefitClaim.claim(kept: result.kept, gained: result.gained, ood: "set").verdict == .unsupported
    )
  }

  @Test func `sets that a head cannot be fitted on are passed over`() throws {
    let network = try Comparisons.network(5, [12], 4)
    #expect(try compare(network, network, labelled(11, classes: 4)) == nil)
    #expect(try compare(network, network, labelled(60, classes: 1)) == nil)
    let plain = DistortionAnalysis.TestSet(
      name: "plain", examples: Comparisons.normal(60, shape: [5], seed: 1))
    #expect(try compare(network, network, plain) == nil)
  }
}
