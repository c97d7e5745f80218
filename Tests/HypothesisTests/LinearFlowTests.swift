import Foundation
import Hypothesis
import LinearAlgebra
import Testing

@Suite struct LinearFlowTests {
  /// With B = (b, ·) and c the cosine of the angle, the limit has v b = c, and v² − b² stays v₀² − c²:
  /// v⁴ − (v₀² − c²) v² − c² = 0.
  @Test(arguments: [15, 45, 75], [0.1, 0.5, 1, 2])
  func `one feature in the plane ends where the closed form says`(
    degrees: Double, head: Double
  ) throws {
    let problem = LinearProblems.plane(degrees: degrees, head: head)
    let outcome = problem.fineTuning(
      from: problem.pretrained, flow: LinearProblems.preciseFlow)
    let angle = degrees * Double.pi / 180
    let (c, s) = (cos(angle), sin(angle))
    let difference = head * head - c * c
    let limit = ((difference + (difference * difference + 4 * c * c).squareRoot()) / 2).squareRoot()
    #expect(outcome.converged)
    #expect(abs(outcome.model.head[0] - limit) < 1e-9)
    #expect(abs(outcome.model.features[0, 0] - c / limit) < 1e-9)
    // The second coordinate of B was never asked for and never moved.
    #expect(outcome.model.features[0, 1] == s)
    #expect(abs(outcome.oodError - s * abs(limit - 1)) < 1e-9)
    #expect(try problem.probing().oodError < 1e-15)
  }

  @Test(arguments: [
    (15, 0.1, 0.057), (15, 0.5, 0.045), (15, 2, 0.215), (45, 0.1, 0.2054), (45, 0.5, 0.163),
    (45, 1, 0), (45, 2, 0.642), (75, 0.1, 0.501), (75, 0.5, 0.382), (75, 2, 0.954),
  ])
  func `errors on the other axis are the published ones`(
    degrees: Double, head: Double, error: Double
  ) {
    let problem = LinearProblems.plane(degrees: degrees, head: head)
    let outcome = problem.fineTuning(from: problem.pretrained)
    #expect(abs(outcome.oodError - error) < 6e-4)
    if degrees == 45, head == 0.1 { #expect(abs(outcome.model.head[0] - 0.7095) < 5e-5) }
  }

  /// Errors of 1e-12 a step add up along the valley of solutions, to 1e-8 and more on some processors:
  /// which steps are accepted follows from the last bits of their sums.
  @Test func `the flow ends where SciPy's ends`() throws {
    let bound = 1e-7
    for reference in try LinearReference.all() {
      let problem = reference.problem
      let outcome = problem.fineTuning(from: problem.pretrained, flow: LinearProblems.preciseFlow)
      let features = Matrix(reference.fineTunedFeatures)
      #expect(outcome.converged)
      #expect(LinearProblems.largestDifference(outcome.model.features, features) < bound)
      for (ours, theirs) in zip(outcome.model.head, reference.fineTunedHead) {
        #expect(abs(ours - theirs) < bound)
      }
      #expect(abs(outcome.oodError - reference.oodError) < bound)
    }
  }

  @Test func `probing finds NumPy's least squares`() throws {
    for reference in try LinearReference.all() {
      let outcome = try reference.problem.probing()
      for (ours, theirs) in zip(outcome.model.head, reference.probedHead) {
        #expect(abs(ours - theirs) < 1e-11)
      }
      #expect(abs(outcome.oodError - reference.probeOodError) < 1e-11)
      #expect(outcome.changeInSpan == 0)
    }
  }

  @Test(arguments: 1...5)
  func `features stay outside the span at every time, in full coordinates`(seed: UInt64) throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: seed)
    var largest = 0.0
    _ = LinearFlow().run(problem, from: problem.pretrained) { _, model in
      let change = (model.features - problem.pretrained.features) * problem.complement
      largest = max(largest, change.values.reduce(0) { max($0, abs($1)) })
    }
    #expect(largest < 1e-13)
    let outcome = problem.fineTuning(from: problem.pretrained)
    #expect(outcome.isFrozenOutsideSpan)
    #expect(outcome.changeOutsideSpan < 1e-12)
    // And it is no claim about nothing: along the span they move.
    #expect(outcome.changeInSpan > 0.1)
  }

  @Test(arguments: 1...5)
  func `the flow keeps the difference of head and features`(seed: UInt64) throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: seed)
    #expect(problem.fineTuning(from: problem.pretrained).invariantDrift < 5e-9)
    var coarse = LinearFlow()
    coarse.tolerance = 1e-5
    // The tolerance is what the drift comes from.
    #expect(problem.fineTuning(from: problem.pretrained, flow: coarse).invariantDrift > 5e-9)
  }

  @Test func `observed times rise from zero and the last model is the result`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 1)
    var times: [Double] = []
    var last: LinearModel?
    let result = LinearFlow().run(problem, from: problem.pretrained) { time, model in
      times.append(time)
      last = model
    }
    #expect(times.first == 0)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    #expect(times.count == result.steps + 1)
    #expect(last == result.model)
  }

  @Test func `a flow that may not step says that it did not converge`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 1)
    var flow = LinearFlow()
    flow.stepLimit = 0
    let result = flow.run(problem, from: problem.pretrained)
    #expect(!result.converged)
    #expect(result.model == problem.pretrained)
  }

  @Test func `the true model has nothing to learn`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 1)
    let result = LinearFlow().run(problem, from: problem.truth)
    #expect(result.converged)
    #expect(result.steps == 0)
  }
}
