/// Distances between two subspaces, from their principal angles θ.
///
/// Ye and Lim, "Schubert varieties and distances between subspaces of different dimensions", SIAM J.
/// Matrix Anal. Appl. 37 (2016), table 2. All are 0 for equal subspaces. For subspaces of different
/// dimension they compare the smaller with its nearest part of the larger.
public struct GrassmannDistances: Equatable, Sendable {
  /// How many angles there are, k.
  public let dimension: Int

  /// ‖θ‖, the length of the shortest path; at most √k π/2.
  public let geodesic: Measured

  /// ‖sin θ‖, half the Frobenius norm of the difference of projections times √2; at most √k.
  public let chordal: Measured

  /// 2 ‖sin(θ/2)‖: how far the bases are after the best rotation.
  public let procrustes: Measured

  /// sin of the largest angle: the spectral norm of the difference of projections.
  public let projection: Measured

  /// The largest angle.
  public let asimov: Measured

  /// arccos Π cos θ.
  public let fubiniStudy: Measured

  /// √(1 − Π cos² θ).
  public let binetCauchy: Measured

  /// The distances for `angles` in radians, in any order; undefined when there are none.
  public init(angles: [Double]) {
    dimension = angles.count
    guard let largest = angles.max() else {
      let none = Measured.undefined("a subspace has no directions")
      (geodesic, chordal, procrustes, projection) = (none, none, none, none)
      (asimov, fubiniStudy, binetCauchy) = (none, none, none)
      return
    }
    func root(_ term: (Double) -> Double) -> Measured {
      Measured(angles.reduce(0) { $0 + term($1) * term($1) }.squareRoot())
    }
    geodesic = root { $0 }
    chordal = root(sine)
    procrustes = root { 2 * sine($0 / 2) }
    projection = Measured(sine(largest))
    asimov = Measured(largest)
    // 1 − Π cos² θ without cancellation: each factor takes its sin² from what is left.
    var (lost, left) = (0.0, 1.0)
    for angle in angles {
      let s = sine(angle)
      lost += left * s * s
      left *= 1 - s * s
    }
    binetCauchy = Measured(min(1, lost).squareRoot())
    fubiniStudy = Measured(
      lost <= 0.5 ? arcsine(lost.squareRoot()) : arccosine(max(0, left).squareRoot()))
  }
}
