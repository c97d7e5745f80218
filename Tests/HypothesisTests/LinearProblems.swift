import Foundation
import Hypothesis
import LinearAlgebra
import Randomness

/// Problems whose answers are known in closed form.
enum LinearProblems {
  /// One example along the first axis of the plane, one feature at `degrees` from it, B* = B₀,
  /// w* = B*.
  static func plane(degrees: Double, head: Double) -> LinearProblem {
    let angle = degrees * .pi / 180
    let features = Matrix([[cos(angle), sin(angle)]])
    return LinearProblem(
      truth: LinearModel(head: [1], features: features),
      pretrained: LinearModel(head: [head], features: features),
      inputs: Matrix([[1, 0]]), span: Matrix([[1], [0]]), complement: Matrix([[0], [1]]))
  }

  /// Row i of B₀ is √(1 − cᵢ²) sᵢ + cᵢ pᵢ with sᵢ in S and pᵢ in S⊥, c₁ = `cosine`, the other cᵢ = 0.9;
  /// v* = `signalNorm` e₁, the worst row; the inputs are white, XᵀX/n = P_S. The first row of B* has
  /// `trueCosine` for c₁ where that is given.
  static func aligned(
    rank: Int, signalNorm: Double, cosine: Double, head: Double, trueCosine: Double? = nil
  ) throws -> LinearProblem {
    let (dimension, spanDimension, count) = (20, 8, 40)
    var generator = SeededGenerator(seed: 0, "aligned problem")
    let basis = try Matrix.randomOrthogonal(dimension, using: &generator)
    let (span, complement) = (
      basis[columns: 0..<spanDimension], basis[columns: spanDimension..<dimension]
    )
    func row(_ feature: Int, _ cosine: Double) -> [Double] {
      let sine = (1 - cosine * cosine).squareRoot()
      return zip(span.column(feature), complement.column(feature)).map { sine * $0 + cosine * $1 }
    }
    var rows = (0..<rank).map { row($0, $0 == 0 ? cosine : 0.9) }
    let features = Matrix(rows)
    rows[0] = row(0, trueCosine ?? cosine)
    var trueHead = [Double](repeating: 0, count: rank)
    var startHead = trueHead
    (trueHead[0], startHead[0]) = (signalNorm, head)
    let white = try Matrix.randomOrthonormal(rows: count, columns: spanDimension, using: &generator)
    return LinearProblem(
      truth: LinearModel(head: trueHead, features: Matrix(rows)),
      pretrained: LinearModel(head: startHead, features: features),
      inputs: Double(count).squareRoot() * white.timesTransposed(span), span: span,
      complement: complement)
  }

  /// A flow whose end is within 1e-10 or so of the limit.
  static var preciseFlow: LinearFlow {
    var flow = LinearFlow()
    flow.tolerance = 1e-12
    flow.lossTolerance = 1e-22
    return flow
  }

  /// The largest entry of the difference, in magnitude.
  static func largestDifference(_ a: Matrix, _ b: Matrix) -> Double {
    (a - b).values.reduce(0) { max($0, abs($1)) }
  }
}
