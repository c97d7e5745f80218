import Geometry
import Hypothesis
import LinearAlgebra
import Randomness
import Training

/// The claim that a head is mismatched and features are not damaged, on simulated OOD features.
///
/// Three classes of normal features. The features after are those before, turned by the same rotation
/// for every example, so that nothing is lost; the network's own head reads them as if they had been
/// turned by e radians less. In null pairs e = 0 and the head is the best there is; or the features lost
/// what tells classes apart, too, by as much as their head is off.
package struct HeadStudy {
  package enum Kind: String, Sendable, CaseIterable {
    case intact = "features intact"
    case damaged = "features damaged"
  }

  let kind: Kind
  let examples: Int
  let pairs: Int
  let seed: UInt64

  package init(_ kind: Kind, examples: Int = 300, pairs: Int, seed: UInt64) {
    self.kind = kind
    self.examples = examples
    self.pairs = pairs
    self.seed = seed
  }

  /// Rates for a head that is off by an angle.
  package func rates(effect: Double) throws -> [VerdictRates] {
    var generator = SeededGenerator(seed: seed, "heads, \(kind), \(effect)")
    let (d, classes) = (8, 3)
    return try VerdictRates.study(
      setting: "n \(examples), d \(d), \(kind.rawValue)",
      planted: "angle in radians by which the head is off", effect: effect,
      isNull: effect == 0 || kind == .damaged,
      pairs: pairs
    ) { _ in
      let means = 1.5 * Matrix.normal(rows: classes, columns: d, using: &generator)
      let labels = (0..<examples).map { _ in generator.index(below: classes) }
      let before =
        means.selectingRows(labels) + Matrix.normal(rows: examples, columns: d, using: &generator)
      let turn = try Matrix.randomOrthogonal(d, using: &generator)
      // Damage leaves a third of what tells classes apart.
      let left = kind == .damaged ? 0.35 : 1.0
      let after = (before + (left - 1) * means.selectingRows(labels)) * turn
      // The best head, |h − left·μ|² smallest, off by a rotation in the plane of pairs of coordinates.
      let off = rotation(by: effect, d)
      let read = (left * means) * off * turn
      let scores = after.timesTransposed(read)
      let halves = read.rowSquaredNorms.map { $0 / 2 }
      let chosen = (examples * 2 / 3..<examples).map { row -> Int in
        let logits = zip(scores.row(row), halves).map { $0 - $1 }
        return logits.indices.max { logits[$0] < logits[$1] } ?? 0
      }
      func features(_ rows: Matrix) -> FeatureSet {
        FeatureSet(width: d, values: rows.values.map { Float($0) }, labels: labels)
      }
      let heads = try HeadComparison(
        set: "OOD", isID: false, features: (features(before), features(after)), labels: labels,
        classes: classes, chosen: (nil, chosen))
      return PairClaims(
        distortion: Distortion(), heads: [heads], optimizerKeepsSpan: nil, optimizerName: ""
      ).all.filter { $0.name == "mismatched-not-damaged" }
    }
  }

  private func rotation(by angle: Double, _ size: Int) -> Matrix {
    let (c, s) = (Coverage.cosine(angle), Coverage.sine(angle))
    var result = Matrix.identity(size)
    for place in stride(from: 0, to: size - 1, by: 2) {
      (result[place, place], result[place, place + 1]) = (c, s)
      (result[place + 1, place], result[place + 1, place + 1]) = (-s, c)
    }
    return result
  }
}
