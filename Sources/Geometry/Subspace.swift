public import LinearAlgebra

/// The rule that says how many principal directions span a subspace.
public enum SubspaceRule: Equatable, Sendable {
  /// The fewest leading directions that hold at least this share of the energy, e.g. 0.99.
  ///
  /// Energy is the sum of eigenvalues, that is of *squared* singular values.
  case energy(Double)

  /// This many leading directions, or as many as there are with energy above rounding.
  case count(Int)

  /// Every direction whose singular value counts by the rank rule.
  case numericalRank(RankRule)

  /// The effective rank of Roy and Vetterli, rounded to the nearest whole number.
  case effectiveRank

  /// The k up to half the rank with the largest ratio λₖ/λₖ₊₁ of neighbouring eigenvalues (Ahn and
  /// Horenstein, Econometrica 81, 2013).
  case gap
}

extension SubspaceRule: CustomStringConvertible {
  /// The rule in words, for a table's caption.
  public var description: String {
    switch self {
    case .energy(let share): "\(share) of the energy"
    case .count(let count): "the first \(count)"
    case .numericalRank(let rule): "\(rule)"
    case .effectiveRank: "the effective rank"
    case .gap: "the largest gap"
    }
  }
}

/// Orthonormal directions, with the rule that chose how many.
public struct Subspace: Equatable, Sendable {
  /// The directions in columns, strongest first; d×k.
  public let basis: Matrix

  /// The energy along each direction: the eigenvalue of the second moment or covariance.
  public let energies: [Double]

  /// The energy of all directions, those left out too.
  public let totalEnergy: Double

  /// The rule that chose how many directions there are.
  public let rule: SubspaceRule

  /// The number d of dimensions the directions lie in.
  public var ambientDimension: Int { basis.rows }

  /// The number k of directions.
  public var dimension: Int { basis.columns }

  /// The share of the energy the directions hold; undefined when there is no energy.
  public var energyShare: Measured {
    Measured(energies.reduce(0, +), over: totalEnergy, otherwise: "there is no energy")
  }

  /// What share of anything would lie in the subspace were it isotropic: k/d.
  public var isotropicShare: Double { Double(dimension) / Double(max(1, ambientDimension)) }

  /// Directions found elsewhere.
  ///
  /// - Precondition: the columns of `basis` are orthonormal; one energy per direction.
  public init(basis: Matrix, energies: [Double], totalEnergy: Double, rule: SubspaceRule) {
    precondition(energies.count == basis.columns, "\(energies.count) for \(basis.columns)")
    self.basis = basis
    self.energies = energies
    self.totalEnergy = totalEnergy
    self.rule = rule
  }

  /// The part of the columns of `matrix` in the subspace, and the part orthogonal to it.
  ///
  /// Projected twice, so that the orthogonal part is orthogonal to rounding.
  ///
  /// - Precondition: `matrix.rows == ambientDimension`.
  public func split(_ matrix: Matrix) -> (inside: Matrix, orthogonal: Matrix) {
    precondition(
      matrix.rows == ambientDimension, "\(matrix.rows) rows in \(ambientDimension) dimensions")
    var inside = basis * basis.transposedTimes(matrix)
    var orthogonal = matrix - inside
    let remainder = basis * basis.transposedTimes(orthogonal)
    inside.add(remainder)
    orthogonal.add(remainder, scale: -1)
    return (inside, orthogonal)
  }
}

extension Subspace: CustomStringConvertible {
  /// One line: how many directions of how many, and by which rule.
  public var description: String {
    var text = "\(dimension) of \(ambientDimension) directions (\(rule)"
    if case .count(let wanted) = rule, wanted > dimension {
      text += "; there are only \(dimension)"
    }
    return text + ")"
  }
}
