package import LinearAlgebra

extension PrincipalDirections {
  /// The same directions, those beyond `rank` turned to axes that do not depend on rounding.
  ///
  /// Inputs have no energy there but what rounding left, so a decomposition may return any basis of
  /// that part of the space, another one for each order of the sums. Here it is turned to the
  /// principal axes of the inputs in `others`, and where those have no energy either, to those of
  /// `change`; energies beyond the rank become zero. Directions within the rank stay as they are: each
  /// is determined to about ε λ₁ / (λᵢ − λⱼ), so that those of nearly equal eigenvalues are not.
  ///
  /// - Parameters:
  ///   - rank: How many directions hold energy.
  ///   - others: The moment of inputs that may reach where these do not.
  ///   - change: A matrix with a row for each coordinate.
  /// - Throws: ``GeometryError/widths(expected:found:)``.
  /// - Precondition: there is a direction for each coordinate where `rank` is less than there are.
  /// - Complexity: O(d² (d − rank)).
  package func settled(
    rank: Int, others: InputMoment?, change: Matrix
  ) throws(GeometryError) -> PrincipalDirections {
    let width = vectors.rows
    guard rank < vectors.columns else { return self }
    var free = vectors[columns: rank..<vectors.columns]
    var settled = 0
    if let others, others.count > 0 {
      guard others.width == width else { throw .widths(expected: width, found: others.width) }
      let found = try PrincipalDirections(secondMoment: others.secondMoment(along: free))
      free = free * found.vectors
      settled = found.rank(.singleRounding)
    }
    if settled < free.columns {
      let rest = free[columns: settled..<free.columns]
      let seen = rest.transposedTimes(change)
      let found = try PrincipalDirections(secondMoment: seen.timesTransposed(seen))
      free = free[columns: 0..<settled].appendingColumns(of: rest * found.vectors)
    }
    return PrincipalDirections(
      energies: energies.prefix(rank) + [Double](repeating: 0, count: energies.count - rank),
      vectors: vectors[columns: 0..<rank].appendingColumns(of: free), count: count,
      fromSecondMoment: fromSecondMoment)
  }
}
