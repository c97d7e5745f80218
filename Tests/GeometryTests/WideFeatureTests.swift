import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Fewer examples than features: measured in the coordinates of the span of both sides' rows.
@Suite struct WideFeatureTests {
  /// More examples than are always decomposed again, and more than twice as many features.
  private static let pair: (Matrix, Matrix) = {
    var generator = SeededGenerator(seed: 77, "wide")
    let scales = (0..<30).map { 3 / Double(1 + $0) }
    let latent =
      Matrix.normal(rows: 262, columns: 30, using: &generator)
      * Matrix.diagonal(scales)
    let mixing = Matrix.normal(rows: 30, columns: 540, using: &generator)
    let x = latent * mixing + 0.1 * Matrix.normal(rows: 262, columns: 540, using: &generator)
    return (x, x + 0.2 * Matrix.normal(rows: 262, columns: 540, using: &generator))
  }()

  private func results(_ measures: [SimilarityMeasure]) throws -> [SimilarityResult] {
    let (x, y) = Self.pair
    var features = PairedFeatures(beforeWidth: 540, afterWidth: 540)
    try features.add(before: x, after: y, keys: (0..<x.rows).map { ExampleKey("\($0)") })
    return try SimilarityAnalysis(features).results(for: measures)
  }

  @Test func `values are those of the features themselves`() throws {
    let (x, y) = Self.pair
    let pair = try WhitenedPair(rows: x, y)
    let measures: [SimilarityMeasure] = [
      .ccaMean, .ccaSquared, .pwccaBefore, .pwccaAfter, .explainedBefore, .angularShape,
      .largestAngle, .subspaceOverlap, .stableRankBefore, .rankMeAfter,
    ]
    let found = try results(measures)
    let (a, b) = (
      try PrincipalDirections(rows: x.centered).subspace(.energy(0.9)),
      try PrincipalDirections(rows: y.centered).subspace(.energy(0.9))
    )
    let k = min(a.dimension, b.dimension)
    let principal = (
      try PrincipalDirections(rows: x.centered).subspace(.count(k)),
      try PrincipalDirections(rows: y.centered).subspace(.count(k))
    )
    let angles = try principalAngles(between: principal.0, and: principal.1)
    let overlap = try #require(subspaceOverlap(principal.0, principal.1).number)
    let singular = try x.centered.singularValues()
    let expected: [Double?] = [
      try pair.meanCorrelation().number, pair.meanSquaredCorrelation.number,
      try pair.projectionWeightedCorrelation(weightsAfter: false).number,
      try pair.projectionWeightedCorrelation(weightsAfter: true).number,
      pair.explainedBefore.number, try pair.shapeCosine().map { arccosine($0) }.number,
      angles.max(), overlap,
      Spectrum.stableRank(singular).number, Spectrum.rankMe(try y.singularValues()).number,
    ]
    for (result, value) in zip(found, expected) {
      let number = try #require(value)
      #expect(
        distance(result.estimate.value, number) < 1e-9 * max(1, number), "\(result.measure)")
    }
  }

  @Test func `more examples than 256 have intervals and nulls too`() throws {
    for result in try results([.ccaMean, .pwccaBefore, .angularShape, .stableRankBefore]) {
      #expect(result.estimate.interval != nil, "\(result.measure): \(result.estimate.note ?? "")")
      let null = try #require(result.null, "\(result.measure)")
      #expect(null.lower != nil && null.method.hasPrefix("39 "), "\(result.measure): \(null)")
    }
  }

  private func arccosine(_ value: Double) -> Double { 2 * ((1 - value) / 2).squareRoot().arcsine }
}

extension Double {
  /// By the series of arcsine, for small arguments.
  fileprivate var arcsine: Double {
    var (term, sum, place) = (self, self, 1.0)
    while abs(term) > 1e-18 {
      term *= self * self * place * place / ((place + 1) * (place + 2))
      place += 2
      sum += term
    }
    return sum
  }
}
