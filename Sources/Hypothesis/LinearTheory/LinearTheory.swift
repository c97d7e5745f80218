/// The two-layer linear model, simulated over seeds and held against what is proved about it.
///
/// For each distance of the pretrained features and each seed: linear probing (LP), fine-tuning (FT)
/// and fine-tuning from the probed head (LP-FT), with the lower bound on FT's OOD error, the upper
/// bound on LP's, and the lemma that features do not change outside the span of the inputs.
public struct LinearTheory: Sendable {
  /// What is simulated.
  public struct Settings: Equatable, Sendable {
    /// The problems; their distance is replaced by each of ``distances``.
    public var problem = LinearProblemSettings()

    /// The distances of the pretrained features from the true ones.
    public var distances = [0, 0.003, 0.01, 0.1, 0.4, 0.8]

    /// The first seed.
    public var firstSeed: UInt64 = 1

    /// The number of seeds, one after another.
    public var seedCount = 20

    /// The distance at which the controls are run.
    public var controlDistance = 0.1

    /// The number of steps of a control.
    public var controlSteps = 4000

    /// The defaults.
    public init() {}

    /// The seeds, in order; they wrap around after the largest number.
    public var seeds: [UInt64] { (0..<seedCount).map { firstSeed &+ UInt64($0) } }

    /// The number of problems that will be simulated, the controls' included.
    public var problemCount: Int { (distances.count + 1) * seedCount }

    /// Checks that every problem exists.
    ///
    /// - Throws: ``LinearProblemError``.
    public func validate() throws(LinearProblemError) {
      guard seedCount > 0 else {
        throw LinearProblemError("\(seedCount) seeds; there must be at least 1")
      }
      guard !distances.isEmpty else { throw LinearProblemError("there is no distance to simulate") }
      for distance in distances + [controlDistance] { try problem(at: distance).validate() }
    }

    fileprivate func problem(at distance: Double) -> LinearProblemSettings {
      var settings = problem
      settings.distance = distance
      return settings
    }
  }

  /// One problem and what became of it.
  public struct Case: Sendable {
    /// The distance of the pretrained features from the true ones.
    public let distance: Double

    /// The seed of the problem.
    public let seed: UInt64

    /// The bounds for training from the random head: those of LP and FT.
    public let bounds: LinearBounds

    /// The bounds for training from the probed head: those of LP-FT.
    public let probedBounds: LinearBounds

    /// Linear probing.
    public let probing: LinearOutcome

    /// Fine-tuning from the random head.
    public let fineTuning: LinearOutcome

    /// Fine-tuning from the probed head.
    public let probingThenFineTuning: LinearOutcome
  }

  /// One training in steps.
  public struct ControlRun: Sendable {
    /// How it was trained.
    public let control: LinearControl

    /// The seed of the problem and of the batches.
    public let seed: UInt64

    /// What became of it, or `nil` when it diverged.
    public let outcome: LinearOutcome?
  }

  /// What was simulated.
  public let settings: Settings

  /// All problems, by distance, then seed.
  public let cases: [Case]

  /// All controls, by kind, then seed.
  public let controls: [ControlRun]

  /// Simulates everything in `settings`; `advance` is called after each problem.
  ///
  /// - Throws: ``LinearProblemError`` when the settings do not fit together, `LinearAlgebraError` when
  ///   a decomposition does not converge.
  public init(_ settings: Settings, advance: () -> Void = {}) throws {
    try settings.validate()
    self.settings = settings
    var cases: [Case] = []
    for distance in settings.distances {
      for seed in settings.seeds {
        cases.append(try Case(settings.problem(at: distance), seed: seed))
        advance()
      }
    }
    self.cases = cases
    var runs: [ControlRun] = []
    for seed in settings.seeds {
      let problem = try LinearProblem(settings.problem(at: settings.controlDistance), seed: seed)
      for control in LinearControl.allCases {
        let training = LinearTraining(
          try control.optimizer(for: problem), steps: settings.controlSteps)
        let outcome = problem.fineTuning(from: problem.pretrained, by: training, seed: seed)
        runs.append(ControlRun(control: control, seed: seed, outcome: outcome))
      }
      advance()
    }
    controls = LinearControl.allCases.flatMap { control in runs.filter { $0.control == control } }
  }

  /// Whether everything that is proved was seen: the lower bounds, the upper bound on probing, and the lemma in every case, and the lemma in every control for which it is proved.
  public var holds: Bool {
    cases.allSatisfy { $0.lowerBoundsHold && $0.probeBoundHolds && $0.isFrozenOutsideSpan }
      && controls.allSatisfy { $0.isAsExpected }
  }
}

extension LinearTheory.Case {
  /// Simulates the problem of `settings` and `seed`.
  fileprivate init(_ settings: LinearProblemSettings, seed: UInt64) throws {
    let problem = try LinearProblem(settings, seed: seed)
    distance = settings.distance
    self.seed = seed
    bounds = try LinearBounds(problem, head: problem.pretrained.head)
    probing = try problem.probing()
    probedBounds = try LinearBounds(problem, head: probing.model.head)
    fineTuning = problem.fineTuning(from: problem.pretrained)
    probingThenFineTuning = problem.fineTuning(from: probing.model)
  }

  /// What integration and rounding may add to an error.
  private var slack: Double { 1e-9 * (1 + bounds.signalNorm) }

  /// Whether the corrected and the sharpened lower bound held at every recorded time of FT and of
  /// LP-FT.
  public var lowerBoundsHold: Bool {
    fineTuning.smallestOODError >= max(bounds.corrected, bounds.sharpened) - slack
      && probingThenFineTuning.smallestOODError
        >= max(probedBounds.corrected, probedBounds.sharpened) - slack
  }

  /// Whether the lower bound as printed in the main text held at every recorded time of FT.
  public var printedBoundHolds: Bool { fineTuning.smallestOODError >= bounds.asPrinted - slack }

  /// Whether the upper bound held for LP.
  public var probeBoundHolds: Bool {
    probing.oodError <= (bounds.probeUpper ?? .infinity) + slack
  }

  /// Whether features stayed outside the span of the inputs, in FT and in LP-FT, at every recorded
  /// time.
  public var isFrozenOutsideSpan: Bool {
    fineTuning.isFrozenOutsideSpan && probingThenFineTuning.isFrozenOutsideSpan
  }
}

extension LinearTheory.ControlRun {
  /// `false` when features changed outside the span although they cannot.
  public var isAsExpected: Bool {
    guard control.staysInSpan, let outcome else { return true }
    return outcome.isFrozenOutsideSpan
  }
}
