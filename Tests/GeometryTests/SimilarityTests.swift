import Foundation
import Geometry
import LinearAlgebra
import Randomness
import TestSupport
import Testing

/// Similarities against the published values of the closed-form sets, SciPy and scikit-learn.
@Suite struct SimilarityTests {
  @Test(arguments: [true, false]) func `canonical correlations have the published values`(
    fromRows: Bool
  ) throws {
    func pair(_ x: Matrix, _ y: Matrix) throws -> WhitenedPair {
      fromRows ? try WhitenedPair(rows: x, y) : try WhitenedPair(try moments(x, y))
    }
    let (x, y, z) = (FeatureSets.x, FeatureSets.y, FeatureSets.z)
    let (xy, xz) = (try pair(x, y), try pair(x, z))
    let first = [0.9999978219715011, 0.9999666399584659, 0.98272975458122, 0.9435271078765245]
    #expect(difference(try xy.canonicalCorrelations(), first) < 1e-10)
    let second = [0.9984962484447029, 0.9758446989769493, 0.8004365769009726]
    #expect(difference(try xz.canonicalCorrelations(), second) < 1e-10)
    #expect(distance(try xy.meanCorrelation(), 0.9815553310969279) < 1e-10)
    #expect(distance(try xz.meanCorrelation(), 0.9249258414408749) < 1e-10)
    #expect(distance(xy.meanSquaredCorrelation, 0.9639825247036684) < 1e-10)
    #expect(distance(xz.meanSquaredCorrelation, 0.8633221161068351) < 1e-10)
    let weighted: [(WhitenedPair, Bool, Double)] = [
      (xy, false, 0.9919408676346044), (xy, true, 0.9926156630094293),
      (xz, false, 0.9235244794164026), (xz, true, 0.9126738173904442),
    ]
    for (pair, after, expected) in weighted {
      let found = try pair.projectionWeightedCorrelation(weightsAfter: after)
      #expect(distance(found, expected) < 1e-10)
    }
    let kept: [(WhitenedPair, Double, Int, Int, Double)] = [
      (xy, 0.9, 2, 2, 0.9975166541525613), (xy, 0.99, 3, 3, 0.9928613999965048),
      (xz, 0.9, 2, 2, 0.7216479992646292), (xz, 0.99, 3, 3, 0.8257788932091915),
    ]
    for (pair, share, before, after, expected) in kept {
      let found = try pair.singularVectorCorrelation(holding: share)
      #expect(distance(found.value, expected) < 1e-10)
      #expect(found.before == before && found.after == after)
    }
    #expect(distance(xy.explainedBefore, 0.9948603602239853) < 1e-10)
    #expect(distance(xy.explainedAfter, 0.9949397380758804) < 1e-10)
    #expect(distance(xz.explainedBefore, 0.6884439530104222) < 1e-10)
    #expect(distance(xz.explainedAfter, 0.827309579580918) < 1e-10)
    #expect(distance(xz.biasedCKA, 0.4611924825047171) < 1e-10)
    let cosine = try #require(try xy.shapeCosine().number)
    #expect(abs(2 - 2 * cosine - 0.007094486135976075) < 1e-10)
  }

  @Test func `RBF CKA has the published value`() {
    let (x, y, z) = (FeatureSets.x, FeatureSets.y, FeatureSets.z)
    #expect(distance(KernelCKA.radial(x, y).biased, 0.9944552685653946) < 1e-10)
    #expect(distance(KernelCKA.radial(x, z).biased, 0.6060530390482306) < 1e-10)
  }

  @Test func `neural collapse has the published values`() throws {
    let labels = (0..<16).map { $0 / 4 }
    let found = try NeuralCollapse(rows: FeatureSets.x, labels: labels)
    #expect(distance(found.variability, 48.94488373447743) < 1e-10)
    #expect(distance(found.equinorm, 0.293837086203786) < 1e-10)
    #expect(found.selfDuality == .undefined("no head was given"))
  }

  @Test func `a simplex of class means is collapsed in every sense`() throws {
    // Three classes at the corners of a triangle, a head of the same directions.
    let corners = Matrix([[1, 0], [-0.5, 0.75.squareRoot()], [-0.5, -(0.75.squareRoot())]])
    let rows = corners.selectingRows([0, 0, 1, 1, 2, 2])
    let labels = [0, 0, 1, 1, 2, 2]
    let found = try NeuralCollapse(rows: rows, labels: labels, head: 3 * corners.transposed)
    for measured in [
      found.variability, found.equinorm, found.equiangularity, found.selfDuality,
    ] { #expect(distance(measured, 0) < 1e-14) }
    let agreeing = NeuralCollapse.disagreement(
      rows: rows, labels: labels, head: corners.transposed, bias: [0, 0, 0])
    #expect(agreeing == .value(0))
    // A bias that always wins disagrees with two classes of three.
    let biased = NeuralCollapse.disagreement(
      rows: rows, labels: labels, head: corners.transposed, bias: [9, 0, 0])
    #expect(distance(biased, 2.0 / 3) < 1e-15)
    let one = try NeuralCollapse(rows: rows, labels: [Int](repeating: 4, count: 6))
    #expect(one.variability.reason == "neural collapse needs at least 2 classes with examples")
  }

  @Test func `similarities are those of SciPy and scikit-learn`() throws {
    let reference = try OtherReference()
    let (x, y) = OtherReference.sets
    #expect(difference([x[3, 2], y[59, 4]], reference.numbers("check")) < 1e-12)
    let pair = try WhitenedPair(rows: x, y)
    // Cosines of angles from scikit's side lose digits near 1; the sets keep clear of it.
    #expect(
      difference(try pair.canonicalCorrelations(), reference.numbers("correlations")) < 1e-10)
    #expect(distance(pair.explainedBefore, reference["explained_before_by_variance"]) < 1e-10)
    #expect(distance(pair.explainedAfter, reference["explained_after_by_variance"]) < 1e-10)
    let cosine = try #require(try pair.shapeCosine().number)
    #expect(abs((1 - cosine) * (1 + cosine) - reference["disparity"]) < 1e-10)
    let norms = (pair.before.squaredNorm * pair.after.squaredNorm).squareRoot()
    #expect(abs(cosine * norms / reference["nuclear"] - 1) < 1e-12)
    #expect(distance(NeighbourOverlap.mutual(x, y, k: 7), reference["neighbours"]) < 1e-12)
    #expect(
      distance(RepresentationalSimilarity.correlation(x, y), reference["rsa_correlation"]) < 1e-10)
    let euclidean = RepresentationalSimilarity.correlation(
      x, y, dissimilarity: .euclidean, comparison: .pearson)
    #expect(distance(euclidean, reference["rsa_euclidean"]) < 1e-10)
    #expect(distance(KernelCKA.radial(x, y).biased, reference["rbf"]) < 1e-10)
    #expect(distance(pair.biasedCKA, reference["cka"]) < 1e-10)
    func rounded(_ values: [Double]) -> [Double] {
      values.map { ($0 * 10).rounded(.toNearestOrEven) / 10 }
    }
    let ranks = rankCorrelation(rounded(x.column(0)), rounded(x.column(1)))
    #expect(distance(ranks, reference["spearman"]) < 1e-12)
  }

  @Test func `Grassmann distances of one angle are functions of it`() {
    let found = GrassmannDistances(angles: [0.3])
    #expect(distance(found.geodesic, 0.3) < 1e-15)
    #expect(distance(found.chordal, sin(0.3)) < 1e-15)
    #expect(distance(found.procrustes, 2 * sin(0.15)) < 1e-15)
    #expect(distance(found.fubiniStudy, 0.3) < 1e-15)
    #expect(distance(found.binetCauchy, sin(0.3)) < 1e-15)
    // Tiny angles keep their digits; orthogonal spaces are as far apart as can be.
    #expect(distance(GrassmannDistances(angles: [1e-10, 0]).fubiniStudy, 1e-10) < 1e-20)
    #expect(distance(GrassmannDistances(angles: [.pi / 2, 0.2]).fubiniStudy, .pi / 2) < 1e-15)
    #expect(GrassmannDistances(angles: []).geodesic.number == nil)
  }

  @Test func `PWCCA does not see a translation`() throws {
    let (x, y) = FeatureSets.randomPair(seed: 3)
    let shift = [Double](repeating: -100, count: 7)
    let plain = try WhitenedPair(rows: x, y).projectionWeightedCorrelation(weightsAfter: false)
    let moved = try WhitenedPair(rows: x.subtractingFromRows(shift), y.subtractingFromRows(shift))
    #expect(distance(try moved.projectionWeightedCorrelation(weightsAfter: false), plain) < 1e-10)
  }

  @Test func `what is undefined says why`() throws {
    let x = FeatureSets.x
    let constant = Matrix(rows: 16, columns: 3, values: [Double](repeating: 0.1, count: 48))
    let pair = try WhitenedPair(rows: x, constant)
    let reason = "the features after are constant"
    #expect(pair.after.rank == 0)
    #expect(try pair.meanCorrelation().reason == reason)
    #expect(pair.meanSquaredCorrelation.reason == reason)
    #expect(try pair.singularVectorCorrelation(holding: 0.9).value.reason == reason)
    #expect(try pair.projectionWeightedCorrelation(weightsAfter: true).reason == reason)
    #expect(pair.explainedAfter.reason == reason && pair.biasedCKA.reason == reason)
    #expect(KernelCKA.radial(x, constant).biased.reason == "the median distance after is zero")
    #expect(NeighbourOverlap.mutual(x, constant, k: 3).reason == reason)
    #expect(
      NeighbourOverlap.mutual(x, x, k: 16).reason
        == "16 neighbours need more than 16 examples; there are 16")
    #expect(
      RepresentationalSimilarity.correlation(x, constant).reason
        == "an example has equal features throughout, so no correlation")
    let few = x[rows: 0..<3]
    #expect(
      KernelCKA.radial(few, few).debiased.reason
        == "debiased CKA needs at least 4 examples; there are 3")
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]).reason == "all values of a side are equal")
    #expect(Spectrum.rankMe([0, 0]).number == nil)
  }
}

/// The closed-form sets of make_similarity_fixtures.py and what other libraries say of them.
struct OtherReference {
  private let entries: [String: Any]

  init() throws {
    let data = try Data(contentsOf: URL(filePath: fixture("similarity.json")))
    entries = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  subscript(_ name: String) -> Double { entries[name] as? Double ?? .nan }
  func numbers(_ name: String) -> [Double] { entries[name] as? [Double] ?? [] }

  /// 60×6 and 60×5.
  static var sets: (Matrix, Matrix) {
    var x = Matrix(rows: 60, columns: 6)
    for row in 0..<60 {
      for column in 0..<6 {
        let (i, j) = (Double(row), Double(column))
        x[row, column] = sin(0.37 * i * (j + 1) + j) + 0.3 * cos(0.11 * i * i) + 0.5 * j
      }
    }
    var y = Matrix(rows: 60, columns: 5)
    for row in 0..<60 {
      for column in 0..<5 {
        let (i, j) = (Double(row), Double(column))
        let square = x[row, column] * x[row, column]
        y[row, column] = square + cos(0.23 * i * (j + 2)) + 0.1 * x[row, column + 1]
      }
    }
    return (x, y)
  }
}
