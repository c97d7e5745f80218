public import Randomness

extension Matrix {
  /// A matrix of independent standard normal entries, drawn row by row.
  public static func normal(
    rows: Int, columns: Int, using generator: inout SeededGenerator
  ) -> Matrix {
    Matrix(rows: rows, columns: columns, values: generator.normals(rows * columns))
  }

  /// Orthonormal columns in a uniformly (Haar) random position, rows×columns.
  ///
  /// The `Q` of a normal matrix, with the signs that make the diagonal of `R` positive; without
  /// them the distribution is LAPACK's, not uniform. Mezzadri, "How to generate random matrices from
  /// the classical compact groups", Notices of the AMS 54 (2007).
  ///
  /// - Precondition: `columns <= rows`.
  public static func randomOrthonormal(
    rows: Int, columns: Int, using generator: inout SeededGenerator
  ) throws(LinearAlgebraError) -> Matrix {
    precondition(columns <= rows, "\(columns) orthonormal columns in \(rows) dimensions")
    let decomposition = try normal(rows: rows, columns: columns, using: &generator).qr()
    var q = decomposition.q
    for column in 0..<columns where decomposition.r[column, column] < 0 {
      for row in 0..<rows { q[row, column].negate() }
    }
    return q
  }

  /// A uniformly random orthogonal matrix; its determinant is 1 or −1 with equal chance.
  public static func randomOrthogonal(
    _ size: Int, using generator: inout SeededGenerator
  ) throws(LinearAlgebraError) -> Matrix {
    try randomOrthonormal(rows: size, columns: size, using: &generator)
  }
}
