import Hypothesis
import LinearAlgebra
import Testing

@Suite struct LinearProblemTests {
  @Test(arguments: [0, 0.003, 0.1, 0.8, 1.4])
  func `pretrained features are as far from the true ones as asked`(distance: Double) throws {
    var settings = LinearProblemSettings()
    settings.distance = distance
    let problem = try LinearProblem(settings, seed: 3)
    let (start, truth) = (problem.pretrained.features, problem.truth.features)
    #expect(abs(try (start - truth).spectralNorm() - distance) < 1e-12)
    // Rotating the true features does not bring them nearer.
    #expect(
      abs(try LinearBounds(problem, head: problem.pretrained.head).distance - distance) < 1e-12)
  }

  @Test func `both feature maps have orthonormal rows`() throws {
    let problem = try LinearProblem(LinearProblemSettings(), seed: 1)
    for model in [problem.truth, problem.pretrained] {
      let products = model.features.timesTransposed(model.features)
      #expect(LinearProblems.largestDifference(products, .identity(5)) < 1e-13)
    }
  }

  @Test func `inputs lie in the span and the targets follow the signal`() throws {
    var settings = LinearProblemSettings()
    settings.signalNorm = 2.5
    let problem = try LinearProblem(settings, seed: 1)
    #expect((problem.inputs * problem.complement).frobeniusNorm < 1e-12)
    #expect(abs(dot(problem.signal, problem.signal) - 6.25) < 1e-12)
    for example in 0..<problem.inputs.rows {
      let target = dot(problem.inputs.row(example), problem.signal)
      #expect(abs(problem.targets[example] - target) < 1e-12)
    }
  }

  @Test func `problems that differ in distance share everything else`() throws {
    var settings = LinearProblemSettings()
    let near = try LinearProblem(settings, seed: 5)
    settings.distance = 0.8
    let far = try LinearProblem(settings, seed: 5)
    #expect(near.truth == far.truth)
    #expect(near.inputs == far.inputs)
    #expect(near.pretrained.head == far.pretrained.head)
    #expect(near.pretrained.features != far.pretrained.features)
  }

  @Test func `other seeds give other problems`() throws {
    let settings = LinearProblemSettings()
    let (a, b) = (try LinearProblem(settings, seed: 1), try LinearProblem(settings, seed: 2))
    #expect(a.truth != b.truth)
    #expect(a.inputs != b.inputs)
    #expect(a.pretrained.head != b.pretrained.head)
  }

  private static func settings(
    _ change: (inout LinearProblemSettings) -> Void
  ) -> LinearProblemSettings {
    var settings = LinearProblemSettings()
    change(&settings)
    return settings
  }

  @Test(arguments: [
    (settings { $0.rank = 0 }, "rank is 0"),
    (settings { $0.rank = -3 }, "rank is -3"),
    (settings { $0.rank = .max }, "not more than the rank"),
    (settings { $0.spanDimension = 5 }, "not more than the rank 5"),
    (settings { $0.dimension = 13 }, "8 + 5 < 13"),
    (settings { $0.dimension = -1 }, "leaves too little"),
    (settings { $0.dimension = .min }, "leaves too little"),
    (settings { $0.dimension = .max }, "more than this simulation holds"),
    (settings { $0.exampleCount = 7 }, "7 examples cannot span 8"),
    (settings { $0.exampleCount = .max }, "more than this simulation holds"),
  ])
  func `sizes that the theory is not about are refused in words`(
    settings: LinearProblemSettings, words: String
  ) {
    let error = #expect(throws: LinearProblemError.self) { try settings.validate() }
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "no error")")
  }

  @Test(arguments: [-0.1, 1.5, .nan, .infinity])
  func `distances that do not exist are refused`(distance: Double) {
    var settings = LinearProblemSettings()
    settings.distance = distance
    #expect(throws: LinearProblemError.self) { try LinearProblem(settings, seed: 1) }
  }

  @Test(
    arguments: [
      (0, nil), (-1, nil), (.nan, nil), (1e-4, nil), (1e4, nil), (1, -1), (1, .infinity),
    ] as [(Double, Double?)])
  func `lengths that do not exist or that rounding swamps are refused`(
    signalNorm: Double, headScale: Double?
  ) {
    var settings = LinearProblemSettings()
    settings.signalNorm = signalNorm
    settings.headScale = headScale
    #expect(throws: LinearProblemError.self) { try settings.validate() }
  }
}
