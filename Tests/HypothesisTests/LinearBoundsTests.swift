import Foundation
import Hypothesis
import LinearAlgebra
import Randomness
import Testing

@Suite struct LinearBoundsTests {
  @Test func `angles, distance and condition are SciPy's`() throws {
    for reference in try LinearReference.all() {
      let bounds = try LinearBounds(reference.problem, head: reference.head)
      #expect(abs(bounds.distance - reference.distance) < 1e-12)
      #expect(abs(bounds.cosineToComplement - reference.cosineToComplement) < 1e-12)
      #expect(abs(bounds.cosineToSpan - reference.cosineToSpan) < 1e-12)
      #expect(abs(bounds.headAlignmentError - reference.headAlignmentError) < 1e-11)
      #expect(abs(bounds.conditionNumber - reference.conditionNumber) < 1e-10)
    }
  }

  @Test func `squared cosines to the span and to its complement pair up to one`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 8)
    let features = problem.pretrained.features
    let inside = try (features * problem.span).singularValues()
    let outside = try (features * problem.complement).singularValues()
    for (a, b) in zip(inside, outside.reversed()) { #expect(abs(a * a + b * b - 1) < 1e-13) }
    let bounds = try LinearBounds(problem, head: problem.pretrained.head)
    #expect(abs(bounds.cosineToComplement - (1 - inside[0] * inside[0]).squareRoot()) < 1e-12)
  }

  @Test func `the bounds do not depend on how the true features are rotated`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 8)
    var generator = SeededGenerator(seed: 8, "rotation")
    let rotation = try Matrix.randomOrthogonal(5, using: &generator)
    let rotated = LinearProblem(
      truth: LinearModel(
        head: rotation.times(problem.truth.head), features: rotation * problem.truth.features),
      pretrained: problem.pretrained, inputs: problem.inputs, span: problem.span,
      complement: problem.complement)
    let head = problem.pretrained.head
    let (a, b) = (try LinearBounds(problem, head: head), try LinearBounds(rotated, head: head))
    #expect(abs(a.distance - b.distance) < 1e-12)
    #expect(abs(a.headAlignmentError - b.headAlignmentError) < 1e-12)
    #expect(abs(a.corrected - b.corrected) < 1e-12)
    #expect(abs(a.sharpened - b.sharpened) < 1e-12)
  }

  /// One feature, white inputs, v₀ → 0: v⁴ + (1 − c²) v² − w² (1 − c²) = 0, and the error is c (w − v).
  @Test func `with one feature the printed bound fails and the corrected one holds`() throws {
    let problem = try LinearProblems.aligned(rank: 1, signalNorm: 1, cosine: 0.2, head: 1e-6)
    let bounds = try LinearBounds(problem, head: problem.pretrained.head)
    let outcome = problem.fineTuning(from: problem.pretrained, flow: LinearProblems.preciseFlow)
    let s = 0.96
    let limit = ((-s + (s * s + 4 * s).squareRoot()) / 2).squareRoot()
    #expect(abs(outcome.oodError - 0.2 * (1 - limit)) < 1e-9)
    #expect(abs(outcome.oodError - 0.04366) < 5e-6)
    #expect(abs(bounds.asPrinted - 0.05) < 1e-9)
    #expect(outcome.oodError < bounds.asPrinted)
    #expect(abs(bounds.corrected - 0.0125) < 1e-9)
    #expect(outcome.smallestOODError > bounds.sharpened)
    #expect(bounds.sharpened >= bounds.corrected)
  }

  @Test(arguments: [(1, 0.2, 0.2, 0.700), (2, 0.05, 0.05, 0.778), (3, 0.02, 0.05, 0.903)])
  func `up to three features there are problems below the printed bound`(
    rank: Int, signalNorm: Double, cosine: Double, ratio: Double
  ) throws {
    let problem = try LinearProblems.aligned(
      rank: rank, signalNorm: signalNorm, cosine: cosine, head: 1e-6)
    let bounds = try LinearBounds(problem, head: problem.pretrained.head)
    let outcome = problem.fineTuning(from: problem.pretrained, flow: LinearProblems.preciseFlow)
    #expect(abs(outcome.oodError / bounds.asPrinted - ratio) < 1e-3)
    #expect(outcome.smallestOODError > max(bounds.corrected, bounds.sharpened))
  }

  /// B* is chosen so that fine-tuning's limit is w* itself: ε has to be multiplied by ‖w*‖.
  @Test func `a long signal can be learned exactly although the printed bound is positive`() throws
  {
    func model(_ trueCosine: Double) -> (head: Double, feature: Double) {
      let head = 9 * trueCosine / 0.2
      return (head, 9 * (1 - trueCosine * trueCosine).squareRoot() / head)
    }
    var (low, high) = (1e-6, 0.2)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      let (head, feature) = model(middle)
      if head * head - feature * feature > 1e-12 - 0.96 { high = middle } else { low = middle }
    }
    let problem = try LinearProblems.aligned(
      rank: 1, signalNorm: 9, cosine: 0.2, head: 1e-6, trueCosine: low)
    let bounds = try LinearBounds(problem, head: problem.pretrained.head)
    let outcome = problem.fineTuning(from: problem.pretrained, flow: LinearProblems.preciseFlow)
    #expect(abs(bounds.distance - 0.1364) < 5e-5)
    #expect(outcome.oodError < 1e-8)
    #expect(bounds.asPrinted > 0.02)
    #expect(bounds.corrected < 0)
    #expect(bounds.sharpened < 1e-12)
  }

  @Test func `over random problems the proved bounds are never violated`() throws {
    var generator = SeededGenerator(seed: 11, "scan")
    var positive = 0
    for seed in 0..<40 as Range<UInt64> {
      var settings = LinearProblemSettings()
      settings.rank = 1 + generator.index(below: 6)
      settings.spanDimension = settings.rank + 1 + generator.index(below: 5)
      settings.dimension = settings.spanDimension + settings.rank + 1 + generator.index(below: 8)
      settings.exampleCount = settings.spanDimension + 4 + generator.index(below: 20)
      settings.distance =
        generator.uniform() < 0.4 ? 0 : exp10(generator.uniform(-3, -0.5))
      settings.signalNorm = exp10(generator.uniform(-0.7, 1))
      settings.headScale = exp10(generator.uniform(-2, 0.7))
      let problem = try LinearProblem(settings, seed: seed)
      let bounds = try LinearBounds(problem, head: problem.pretrained.head)
      var flow = LinearFlow()
      flow.lossTolerance = 1e-13
      flow.stepLimit = 6000
      let outcome = problem.fineTuning(from: problem.pretrained, flow: flow)
      #expect(outcome.smallestOODError >= bounds.corrected - 1e-6, "seed \(seed), \(settings)")
      #expect(outcome.smallestOODError >= bounds.sharpened - 1e-6, "seed \(seed), \(settings)")
      #expect(bounds.sharpened >= bounds.corrected - 1e-9, "seed \(seed), \(settings)")
      #expect(outcome.isFrozenOutsideSpan, "seed \(seed), \(settings)")
      let upper = try #require(bounds.probeUpper)
      #expect(try problem.probing().oodError <= upper + 1e-9, "seed \(seed), \(settings)")
      if bounds.corrected > 0 { positive += 1 }
    }
    // The scan is no test of a bound that says nothing.
    #expect(positive >= 10)
  }

  private func exp10(_ exponent: Double) -> Double { pow(10, exponent) }
}
