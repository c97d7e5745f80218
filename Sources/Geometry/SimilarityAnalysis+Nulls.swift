import LinearAlgebra
import Randomness

extension SimilarityAnalysis {
  /// Ranks of features without relation to one another: every feature's values dealt anew among the
  /// examples. Horn, "A rationale and test for the number of factors", Psychometrika 30 (1965).
  ///
  /// Drawn while rows are few. Otherwise the limit of many examples, where features are exactly
  /// uncorrelated, when there are at least ten examples for each; without a spread.
  func rankNulls(
    _ measures: [SimilarityMeasure], _ total: JointMoments?, isSmall: Bool
  ) throws(GeometryError) -> [SimilarityMeasure: NullSummary] {
    let wanted = measures.filter { $0.family == .rank }
    guard settings.draws > 1 else { return [:] }
    var nulls: [SimilarityMeasure: NullSummary] = [:]
    let widest = max(features.beforeWidth, features.afterWidth)
    if isSmall, features.kept.isComplete, features.count > 1 {
      var generator = generator("rank")
      var draws: [SimilarityMeasure: [Double]] = [:]
      let count = min(drawsDecomposed, 99)
      for _ in 0..<count {
        for (isAfter, rows) in [
          (false, features.kept.rowsBefore), (true, features.kept.rowsAfter),
        ] {
          let own = wanted.filter { $0.isRankAfter == isAfter }
          guard !own.isEmpty else { continue }
          let dealt = rows.columnsShuffled(using: &generator)
          let spectra = try spectra(
            dealt, uncentred: own.contains(where: \.isRankMe),
            centred: own.contains { !$0.isRankMe })
          for measure in own {
            let spectrum = measure.isRankMe ? spectra.uncentred : spectra.centred
            if let number = measure.rank(spectrum).number {
              draws[measure, default: []].append(number)
            }
          }
        }
      }
      return draws.compactMapValues {
        NullSummary(draws: $0, method: "\($0.count) times, each feature's values dealt anew")
      }
    }
    guard features.count >= 10 * widest, widest <= 1024 else { return [:] }
    let moments: JointMoments
    if let total { moments = total } else { moments = try features.total() }
    let scale = Double(moments.count).squareRoot()
    for measure in wanted {
      let after = measure.isRankAfter
      let variances = (after ? moments.afterCovariance : moments.beforeCovariance).diagonal
      var spectrum = variances.map { max(0, $0).squareRoot() * scale }.sorted(by: >)
      if measure.isRankMe {
        let mean = after ? moments.afterMean : moments.beforeMean
        var second = Matrix.diagonal(variances)
        for row in mean.indices {
          for column in mean.indices { second[row, column] += mean[row] * mean[column] }
        }
        let limit = second
        spectrum = try PrincipalDirections(secondMoment: limit, count: moments.count)
          .singularValues
      }
      if let number = measure.rank(spectrum).number {
        nulls[measure] = NullSummary(
          mean: number, method: "features uncorrelated, limit of many examples")
      }
    }
    return nulls
  }

  /// The singular values of rows that were dealt anew, as they are and centred. Those of wide rows come
  /// from one Gram matrix, at half the digits: enough for a null.
  private func spectra(
    _ rows: Matrix, uncentred: Bool, centred: Bool
  ) throws(GeometryError) -> (uncentred: [Double], centred: [Double]) {
    try convertingErrors { () throws(LinearAlgebraError) in
      guard rows.rows < rows.columns else {
        return (
          uncentred ? try rows.singularValues() : [],
          centred ? try rows.centered.singularValues() : []
        )
      }
      let gram = rows.timesTransposed(rows)
      func roots(_ gram: Matrix, _ rank: Int) throws(LinearAlgebraError) -> [Double] {
        try gram.symmetricEigenvalues().prefix(rank).map { max(0, $0).squareRoot() }
      }
      return (
        uncentred ? try roots(gram, rows.rows) : [],
        centred ? try roots(gram.doublyCentred, rows.rows - 1) : []
      )
    }
  }

  /// The length of the mean change were each example's change as likely as its opposite: random signs on
  /// the rows kept, as long as those of all examples would be.
  func signNull() -> NullSummary? {
    guard features.beforeWidth == features.afterWidth, settings.draws > 1 else { return nil }
    let (x, y, _) = features.kept.leading(settings.quadraticRows)
    guard x.rows > 1 else { return nil }
    var generator = generator("mean shift")
    var signs = Matrix(rows: settings.draws, columns: x.rows)
    for place in signs.values.indices { signs.values[place] = generator.uniform() < 0.5 ? -1 : 1 }
    // Signs of groups belong together.
    var first: [UInt64: Int] = [:]
    for (column, key) in features.kept.keys.prefix(x.rows).enumerated() {
      let leader = first[key.group] ?? column
      first[key.group] = leader
      guard leader != column else { continue }
      for row in 0..<signs.rows { signs[row, column] = signs[row, leader] }
    }
    let scale =
      1 / Double(x.rows) * (Double(x.rows) / Double(max(1, features.count))).squareRoot()
    let lengths = (signs * (y - x)).rowSquaredNorms.map { $0.squareRoot() * scale }
    let of = x.rows < features.count ? " of \(x.rows) examples" : ""
    return NullSummary(draws: lengths, method: "\(lengths.count) times random signs\(of)")
  }

  /// Why a result has no null.
  func reasonAgainstNull(_ result: SimilarityResult) -> String {
    if result.null != nil { return "" }
    if result.estimate.value.number == nil { return "the value is undefined" }
    if settings.draws < 2 { return "no draws were asked for" }
    switch result.measure.family {
    case .rank:
      return
        "fewer than ten examples for each of more than \(settings.widestDecomposed) features"
    case .angles: return "more than \(settings.widestDecomposed) features, too wide to draw"
    case .cca, .procrustes, .regression, .displacement:
      return "more than \(settings.widestDecomposed) features, too wide to rotate"
    default: return "not drawn for more than 1024 examples"
    }
  }
}

extension SimilarityMeasure {
  var isRankAfter: Bool {
    switch self {
    case .rankMeAfter, .effectiveRankAfter, .participationAfter, .stableRankAfter: true
    default: false
    }
  }

  var isRankMe: Bool { self == .rankMeBefore || self == .rankMeAfter }

  /// The rank of a spectrum of singular values.
  func rank(_ singularValues: [Double]) -> Measured {
    switch self {
    case .rankMeBefore, .rankMeAfter: Spectrum.rankMe(singularValues)
    case .effectiveRankBefore, .effectiveRankAfter: Spectrum.effectiveRank(singularValues)
    case .participationBefore, .participationAfter: Spectrum.participationRatio(singularValues)
    case .stableRankBefore, .stableRankAfter: Spectrum.stableRank(singularValues)
    default: .undefined("not a rank")
    }
  }
}

extension Matrix {
  /// Every column's entries in a random order of their own.
  fileprivate func columnsShuffled(using generator: inout SeededGenerator) -> Matrix {
    var result = self
    for column in 0..<columns {
      for (row, other) in generator.permutation(rows).enumerated() {
        result.values[row * columns + column] = values[other * columns + column]
      }
    }
    return result
  }
}
