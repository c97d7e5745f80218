import Foundation
package import Geometry
import LinearAlgebra
import Randomness

/// How often an interval of one measure held what it is meant to hold.
package struct Coverage: Sendable {
  /// The setting and the measure.
  package var setting, measure: String

  /// The number of examples.
  package var examples: Int

  /// Repetitions that gave an interval.
  package var intervals: Int

  /// All repetitions.
  package var repetitions: Int

  /// What the intervals are meant to hold, and its value.
  package var target: IntervalTarget
  package var truth: Double

  /// The mean and standard deviation of the estimates.
  package var mean, deviation: Double

  /// The share of intervals that held the value of the population, where that was found.
  package var ofPopulation: Double?

  /// The share of intervals that held the mean of estimates from as many examples.
  package var ofExpectation: Double

  /// The share of intervals that held what they are meant to hold.
  package var share: Double { target == .population ? ofPopulation ?? .nan : ofExpectation }

  /// The standard error of ``share``.
  package var error: Double { Coverage.error(share, intervals) }

  static func error(_ share: Double, _ count: Int) -> Double {
    (share * (1 - share) / Double(max(1, count))).squareRoot()
  }

  /// Whether the coverage is 93 to 97 %, but for two standard errors of the simulation at 95 %.
  package var isKept: Bool {
    let reach = 2 * Coverage.error(0.95, intervals)
    return share >= 0.93 - reach && share <= 0.97 + reach
  }
}

/// Intervals that one sample gives, by name.
struct SampleOfIntervals {
  var values: [String: Double] = [:]
  var intervals: [String: (lower: Double, upper: Double)] = [:]
  var targets: [String: IntervalTarget] = [:]

  /// What the sample chose itself and the interval holds fixed: values expected differ by it.
  var choices: [String: String] = [:]

  mutating func add(
    _ name: String, _ estimate: Estimate, _ target: IntervalTarget, choice: String = ""
  ) {
    choices[name] = choice
    guard let value = estimate.value.number else { return }
    values[name] = value
    targets[name] = target
    if let interval = estimate.interval { intervals[name] = (interval.lower, interval.upper) }
  }
}

/// Coverage of every interval that `compare` and `distortion` print, by simulation.
package struct CoverageStudy {
  package let setting: FeatureSetting
  package let repetitions: Int
  package let seed: UInt64
  /// Whether measures that look at all pairs of examples are taken too.
  package let withPairs: Bool
  /// How many examples stand for the population.
  package let population: Int

  package init(
    _ setting: FeatureSetting, repetitions: Int, seed: UInt64, withPairs: Bool = false,
    population: Int = 100_000
  ) {
    self.setting = setting
    self.repetitions = repetitions
    self.seed = seed
    self.withPairs = withPairs
    self.population = population
  }

  /// The settings of `script/calibrate`, and whether measures of all pairs are taken.
  package static let settings: [(FeatureSetting, withPairs: Bool)] = {
    var groups = FeatureSetting("n 400 in groups of 4, d 16", examples: 400, width: 16)
    groups.groupSize = 4
    var wide = FeatureSetting(
      "n 500, d 16, rectified, as wide features", examples: 500, width: 16, shape: .rectified)
    wide.isTakenAsWide = true
    var gap = FeatureSetting("n 400, d 16, a gap after 4 directions", examples: 400, width: 16)
    gap.variances = [4, 3, 2.5, 2] + [Double](repeating: 0.1, count: 12)
    return [
      (FeatureSetting("n 200, d 16, normal", examples: 200, width: 16), true),
      (
        FeatureSetting("n 200, d 8, heavy-tailed", examples: 200, width: 8, shape: .heavyTailed),
        false
      ),
      (
        FeatureSetting("n 300, d 32, rectified", examples: 300, width: 32, shape: .rectified), false
      ),
      (FeatureSetting("n 500, d 64, steep spectrum", examples: 500, width: 64, power: 2), false),
      (groups, false), (wide, false), (gap, true),
    ]
  }()

  private var measures: [SimilarityMeasure] {
    SimilarityMeasure.allCases.filter { measure in
      measure.source != .rows || withPairs || measure == .ckaMinibatch
    }
  }

  private func sample(
    _ simulation: FeatureSimulation, _ features: PairedFeatures, _ span: Subspace,
    isPopulation: Bool
  ) throws -> SampleOfIntervals {
    var settings = SimilarityAnalysis.Settings()
    settings.draws = 0
    settings.minibatch = 16
    settings.heads = (simulation.head, simulation.head)
    if setting.isTakenAsWide, !isPopulation { settings.widestDecomposed = 1 }
    let analysis = try SimilarityAnalysis(features, settings: settings)
    var result = SampleOfIntervals()
    let wanted = isPopulation ? measures.filter { $0.source != .rows } : measures
    for found in try analysis.results(for: wanted) {
      let chooses = found.measure.family == .angles || found.measure == .svcca
      result.add(
        found.measure.rawValue, found.estimate, found.measure.intervalTarget,
        choice: chooses ? found.remark : "")
    }
    result.add("relative mean shift", analysis.relativeMeanShift(), .population)
    result.add("share of change in a span", try analysis.changeShare(in: span), .population)
    let ledger = try DirectionIntervals(of: features, along: span.basis)
    for place in [0, span.dimension - 1] {
      let name = "direction \(place + 1)"
      result.add("variance, \(name)", ledger.variance[place], .population)
      result.add("change, \(name)", ledger.change[place], .population)
      result.add("relative change, \(name)", ledger.relative[place], .population)
    }
    return result
  }

  /// Simulates.
  package func run() throws -> [Coverage] {
    let simulation = try FeatureSimulation(setting, seed: seed)
    var generator = SeededGenerator(seed: seed, "coverage of \(setting.name)")
    var large = simulation
    large.usesGroups = false
    var whole = PairedFeatures(beforeWidth: setting.width, afterWidth: setting.width)
    for part in stride(from: 0, to: population, by: 5000) {
      let pair = large.draw(5000, using: &generator)
      try whole.add(
        before: pair.before, after: pair.after,
        keys: (part..<part + 5000).map { ExampleKey("\($0)") }, labels: pair.labels)
    }
    let span = try PrincipalDirections(
      secondMoment: try whole.total().beforeCovariance, count: population
    ).subspace(.count(max(2, setting.width / 4)))
    let truth = try sample(simulation, whole, span, isPopulation: true)

    var samples: [SampleOfIntervals] = []
    for _ in 0..<repetitions {
      let pair = simulation.draw(setting.examples, using: &generator)
      samples.append(
        try sample(simulation, try simulation.gather(pair), span, isPopulation: false))
    }
    let names = Set(samples.flatMap(\.intervals.keys)).sorted()
    return names.map { name in
      let values = samples.compactMap { $0.values[name] }
      let mean = values.reduce(0, +) / Double(values.count)
      // Samples that chose alike; choices of too few are left out.
      let alike = Dictionary(grouping: samples) { $0.choices[name] ?? "" }.values.filter {
        $0.count >= min(repetitions, 20)
      }
      let intervals = alike.flatMap { $0.compactMap { $0.intervals[name] } }
      let held = alike.map { group -> Int in
        let values = group.compactMap { $0.values[name] }
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        return group.compactMap { $0.intervals[name] }
          .count { $0.lower <= mean && mean <= $0.upper }
      }.reduce(0, +)
      func share(_ value: Double) -> Double {
        Double(intervals.count { $0.lower <= value && value <= $0.upper })
          / Double(intervals.count)
      }
      let target = samples.compactMap { $0.targets[name] }.first ?? .population
      let scale =
        name == SimilarityMeasure.procrustes.rawValue
        ? Double(setting.examples) / Double(population) : 1
      // Minibatches of the population are not taken: their CKA is the debiased one.
      let isMinibatch = name == SimilarityMeasure.ckaMinibatch.rawValue
      let known =
        truth.values[isMinibatch ? SimilarityMeasure.ckaDebiased.rawValue : name].map { $0 * scale }
      return Coverage(
        setting: setting.name, measure: name, examples: setting.examples,
        intervals: intervals.count, repetitions: repetitions, target: target,
        truth: target == .population ? known ?? .nan : mean, mean: mean,
        deviation: Repetitions.standardDeviation(of: values) ?? 0,
        ofPopulation: known.map(share),
        ofExpectation: Double(held) / Double(max(1, intervals.count)))
    }
  }
}

extension Coverage {
  static func cosine(_ angle: Double) -> Double { cos(angle) }
  static func sine(_ angle: Double) -> Double { sin(angle) }
}
