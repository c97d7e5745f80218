import Hypothesis
import LinearAlgebra
import Testing

@Suite struct LinearTrainingTests {
  private func outcome(
    _ control: LinearControl, _ problem: LinearProblem, steps: Int = 1500
  ) throws -> LinearOutcome {
    let training = LinearTraining(try control.optimizer(for: problem), steps: steps)
    return try #require(problem.fineTuning(from: problem.pretrained, by: training, seed: 1))
  }

  @Test(arguments: LinearControl.allCases)
  func `features stay outside the span where that is proved and only there`(
    control: LinearControl
  ) throws {
    let outcome = try outcome(control, LinearProblem(LinearProblemSettings(), seed: 2))
    #expect(outcome.isFrozenOutsideSpan == control.staysInSpan)
    #expect(outcome.changeInSpan > 0.1)
    if control.staysInSpan {
      #expect(outcome.changeOutsideSpan < 1e-13)
    } else {
      #expect(outcome.changeOutsideSpan > 0.05)
    }
  }

  /// A coordinate whose gradient is zero takes no step, however long its own steps would be.
  @Test func `Adam stays in a span that lies along the axes`() throws {
    let drawn = try LinearProblem(LinearProblemSettings(), seed: 2)
    let basis = Matrix.identity(20)
    let (span, complement) = (basis[columns: 0..<8], basis[columns: 8..<20])
    let problem = LinearProblem(
      truth: drawn.truth, pretrained: drawn.pretrained,
      inputs: (drawn.inputs * drawn.span).timesTransposed(span), span: span,
      complement: complement)
    let outcome = try outcome(.adam, problem)
    #expect(outcome.changeOutsideSpan == 0)
    #expect(outcome.changeInSpan > 0.1)
  }

  @Test func `weight decay shrinks features outside the span by the factor it should`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 2)
    let optimizer = LinearOptimizer(
      .descent(momentum: 0), rate: 0.001, decay: .towardsZero(0.1))
    let outcome = try #require(
      problem.fineTuning(
        from: problem.pretrained, by: LinearTraining(optimizer, steps: 1000), seed: 1))
    // Outside S each step multiplies B by 1 − rate · strength.
    var kept = 1.0
    for _ in 0..<1000 { kept *= 1 - 0.001 * 0.1 }
    let start = (problem.pretrained.features * problem.complement).frobeniusNorm
    #expect(abs(outcome.changeOutsideSpan - (1 - kept) * start) < 1e-12)
  }

  @Test func `gradient descent with small steps follows the flow`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 4)
    let flow = problem.fineTuning(from: problem.pretrained)
    func difference(_ rate: Double, _ steps: Int) throws -> (error: Double, drift: Double) {
      let training = LinearTraining(
        LinearOptimizer(.descent(momentum: 0), rate: rate), steps: steps)
      let outcome = try #require(
        problem.fineTuning(from: problem.pretrained, by: training, seed: 1))
      return (abs(outcome.oodError - flow.oodError), outcome.invariantDrift)
    }
    let (fine, coarse) = (try difference(0.001, 40_000), try difference(0.01, 4000))
    #expect(fine.error < 1e-2)
    // Of first order in the step: ten times the rate, about ten times the drift.
    #expect((5...20).contains(coarse.drift / fine.drift))
  }

  @Test func `batches are drawn by the seed`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 2)
    let training = LinearTraining(try LinearControl.momentum.optimizer(for: problem), steps: 50)
    let runs = [1, 1, 2].map { training.run(problem, from: problem.pretrained, seed: $0) }
    #expect(runs[0] != nil)
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }

  @Test func `no steps change nothing`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 2)
    let training = LinearTraining(LinearOptimizer(.adam, rate: 0.1), steps: 0)
    #expect(training.run(problem, from: problem.pretrained, seed: 1) == problem.pretrained)
  }

  @Test func `a rate too large ends in no model rather than in infinities`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 2)
    let training = LinearTraining(LinearOptimizer(.descent(momentum: 0), rate: 100), steps: 200)
    #expect(training.run(problem, from: problem.pretrained, seed: 1) == nil)
  }
}
