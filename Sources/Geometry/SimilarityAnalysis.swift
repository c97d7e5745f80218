public import LinearAlgebra
import Randomness

/// One measure with its interval and its null.
public struct SimilarityResult: Equatable, Sendable {
  /// What was measured.
  public var measure: SimilarityMeasure

  /// The value with its interval, or the reasons for there being none.
  public var estimate: Estimate

  /// How the interval was found; empty where there is none.
  public var intervalMethod: String

  /// What the value would be for sets without relation, where that is known.
  public var null: NullSummary?

  /// How many examples the value is of.
  public var examples: Int

  /// Why there is no null, where there is none.
  public var reasonAgainstNull = ""

  /// What a reader should know besides, such as how many directions were kept; may be empty.
  public var remark: String

  init(
    measure: SimilarityMeasure, estimate: Estimate, intervalMethod: String, null: NullSummary?,
    examples: Int, remark: String
  ) {
    self.measure = measure
    self.estimate = estimate
    self.intervalMethod = intervalMethod
    self.null = null
    self.examples = examples
    self.remark = remark
  }
}

/// Measures two feature sets that were gathered in one pass, each value with its interval and null.
///
/// Which way an interval is found depends on what was kept, and is said with it:
/// - *delete-block jackknife* where a value without each block can be had: displacements (always
///   exactly), everything while features are narrow or rows few;
/// - *influence* on a sample of the examples, first order, for wide features, and for what leaving out
///   blocks would overstate;
/// - none, with the reason, for measures of wide features that have no simple influence, and for angles
///   between directions that sampling does not fix.
public struct SimilarityAnalysis {
  /// How measures are taken.
  public struct Settings: Equatable, Sendable {
    /// The confidence level of intervals.
    public var level = 0.95

    /// How many random pairings or rotations a null draws.
    public var draws = 100

    /// The seed of the nulls.
    public var seed: UInt64 = 0

    /// The number of nearest neighbours.
    public var neighbours = 10

    /// The bandwidth of the RBF kernel as a share of the median distance.
    public var bandwidth = 0.5

    /// The number of examples in a minibatch.
    public var minibatch = 256

    /// On how many examples measures are taken that look at all pairs of them.
    public var quadraticRows = 1024

    /// The widest sets that are decomposed again for every block and every draw; up to twice as many
    /// examples of more features, with fewer draws.
    public var widestDecomposed = 256

    /// The heads before and after (features × classes, bias), for NC3 and NC4.
    public var heads: (before: Head?, after: Head?) = (nil, nil)

    /// The defaults that the fields say.
    public init() {}

    /// Equal when every field is.
    public static func == (a: Settings, b: Settings) -> Bool {
      a.level == b.level && a.draws == b.draws && a.seed == b.seed
        && a.neighbours == b.neighbours && a.bandwidth == b.bandwidth
        && a.minibatch == b.minibatch && a.quadraticRows == b.quadraticRows
        && a.widestDecomposed == b.widestDecomposed && a.heads.before == b.heads.before
        && a.heads.after == b.heads.after
    }
  }

  /// A linear classifier.
  public struct Head: Equatable, Sendable {
    /// Features × classes.
    public var matrix: Matrix

    /// One number per class.
    public var bias: [Double]

    /// A head.
    ///
    /// - Precondition: one bias per class.
    public init(matrix: Matrix, bias: [Double]) {
      precondition(bias.count == matrix.columns, "\(bias.count) biases, \(matrix.columns) classes")
      self.matrix = matrix
      self.bias = bias
    }
  }

  let features: PairedFeatures
  let settings: Settings
  let reduced: ReducedRows?

  /// Prepares to measure.
  public init(_ features: PairedFeatures, settings: Settings = Settings()) throws(GeometryError) {
    var features = features
    features.kept.settle()
    self.features = features
    self.settings = settings
    let n = features.kept.count
    let widest = max(features.beforeWidth, features.afterWidth)
    let work = Double(n) * Double(widest) * Double(min(n, widest))
    for (side, values) in [("before", features.kept.before), ("after", features.kept.after)] {
      try checkMagnitude(values, side: side)
    }
    reduced =
      features.kept.isComplete && n > 0 && (work <= 2e8 || n < widest)
      ? try ReducedRows(features.kept.rowsBefore, features.kept.rowsAfter) : nil
  }

  /// The measures asked for, in order.
  public func results(
    for measures: [SimilarityMeasure]
  ) throws(GeometryError) -> [SimilarityResult] {
    var found: [SimilarityMeasure: SimilarityResult] = [:]
    func wanted(_ sources: SimilarityMeasure.Source...) -> [SimilarityMeasure] {
      measures.filter { sources.contains($0.source) }
    }
    for result in displacements(wanted(.sums)) { found[result.measure] = result }
    for result in try linearCKA(wanted(.linearCKA)) { found[result.measure] = result }
    for result in try pairs(wanted(.pair, .spectrum)) { found[result.measure] = result }
    for result in try quadratic(wanted(.rows)) { found[result.measure] = result }
    for result in try collapse(wanted(.labels)) { found[result.measure] = result }
    return measures.compactMap { found[$0] }.map { result in
      var result = result
      result.reasonAgainstNull = reasonAgainstNull(result)
      let caution = result.measure.intervalCaution
      if result.estimate.interval != nil, !caution.isEmpty {
        result.intervalMethod += "; " + caution
        result.remark += (result.remark.isEmpty ? "" : "; ") + "interval " + caution
      }
      return result
    }
  }

  /// An estimate by leaving out blocks, cut to what the measure can be.
  func jackknife(
    _ measure: SimilarityMeasure, full: Measured, leftOut: [Measured], counts: [Int]
  ) -> Estimate {
    var estimate = Jackknife.estimate(
      full: full, leftOut: leftOut, counts: counts, scale: measure.scale, level: settings.level)
    estimate.restrict(to: measure.range)
    return estimate
  }

  /// A result by leaving out blocks.
  func result(
    _ measure: SimilarityMeasure, full: Measured, leftOut: [Measured], counts: [Int],
    null: NullSummary?, examples: Int? = nil, remark: String = ""
  ) -> SimilarityResult {
    let estimate = jackknife(measure, full: full, leftOut: leftOut, counts: counts)
    let used = counts.count { $0 > 0 }
    return SimilarityResult(
      measure: measure, estimate: estimate,
      intervalMethod: estimate.interval == nil ? "" : jackknifeMethod(used),
      null: null, examples: examples ?? features.count, remark: remark)
  }

  /// Whether an example has a group of more than itself.
  var isGrouped: Bool { features.kept.keys.contains { $0.group != $0.example } }

  /// What leaving out blocks is called.
  func jackknifeMethod(_ blocks: Int) -> String {
    "delete-block jackknife, \(blocks) blocks" + (isGrouped ? ", groups unsplit" : "")
  }

  /// The blocks of the rows kept: the numbers of the rows in each.
  func blocks(of keys: some Sequence<ExampleKey>) -> [[Int]] {
    var rows = [[Int]](repeating: [], count: features.settings.blocks)
    for (row, key) in keys.enumerated() {
      rows[key.block(of: features.settings.blocks)].append(row)
    }
    return rows
  }

  func generator(_ name: String) -> SeededGenerator {
    SeededGenerator(seed: settings.seed, "null of \(name)")
  }

  // MARK: Displacements

  private func displacements(_ measures: [SimilarityMeasure]) -> [SimilarityResult] {
    guard !measures.isEmpty else { return [] }
    let (p, q) = (features.beforeWidth, features.afterWidth)
    func values(_ sums: ChangeSums?, _ count: Int) -> Displacement {
      Displacement(sums, count: count, beforeWidth: p, afterWidth: q)
    }
    var whole: ChangeSums?
    for block in features.blockChanges ?? [] {
      if whole == nil { whole = block } else { whole?.add(block, sign: 1) }
    }
    let full = values(whole, features.count)
    let leftOut = (features.blockChanges ?? []).enumerated().map { place, block in
      var rest = whole
      rest?.add(block, sign: -1)
      return values(rest, features.count - features.blockCounts[place])
    }
    var nulls = pairingNulls(measures)
    if measures.contains(.meanShift) { nulls[.meanShift] = signNull() }
    return measures.map { measure in
      result(
        measure, full: full.value(measure), leftOut: leftOut.map { $0.value(measure) },
        counts: leftOut.isEmpty ? [] : features.blockCounts, null: nulls[measure])
    }
  }

  /// Displacements between examples paired at random, on the first rows kept.
  private func pairingNulls(
    _ measures: [SimilarityMeasure]
  ) -> [SimilarityMeasure: NullSummary] {
    guard features.beforeWidth == features.afterWidth, settings.draws > 1 else { return [:] }
    let (x, y, _) = features.kept.leading(settings.quadraticRows)
    guard x.rows > 1 else { return [:] }
    var generator = generator("displacement")
    var draws: [SimilarityMeasure: [Double]] = [:]
    for _ in 0..<settings.draws {
      var sums = ChangeSums(width: x.columns)
      sums.add(x, y.selectingRows(generator.permutation(x.rows)))
      let drawn = Displacement(
        sums, count: x.rows, beforeWidth: x.columns, afterWidth: y.columns)
      for measure in measures where measure != .meanShift {
        if let number = drawn.value(measure).number { draws[measure, default: []].append(number) }
      }
    }
    let of = x.rows < features.count ? " of \(x.rows) examples" : ""
    return draws.compactMapValues {
      NullSummary(draws: $0, method: "\($0.count) random pairings\(of)")
    }
  }
}

extension Displacement {
  func value(_ measure: SimilarityMeasure) -> Measured {
    switch measure {
    case .meanSquare: meanSquarePerCoordinate
    case .meanDistance: meanDistance
    case .relativeChange: relativeFrobenius
    case .cosineDistance: meanCosineDistance
    case .meanShift: meanShift
    default: .undefined("not a displacement of sums")
    }
  }
}

extension Estimate {
  /// Cuts the interval to the values that are possible.
  mutating func restrict(to range: ClosedRange<Double>?) {
    guard let range, let own = interval else { return }
    interval?.lower = max(range.lowerBound, own.lower)
    interval?.upper = min(range.upperBound, own.upper)
  }
}
