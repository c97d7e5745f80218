import LinearAlgebra

/// The change of features along each principal direction of the ID features before.
///
/// With v₁, v₂, … the eigenvectors of the covariance (divided by n) of the ID features f₀ and
/// M = E[(f₁ − f₀)(f₁ − f₀)ᵀ], the energy along vⱼ is eⱼ = vⱼᵀ M vⱼ, for the ID and for the OOD
/// examples. The energies of a set add up to d times its mean square per coordinate. The relative
/// energy eⱼ/λⱼ grows without bound as λⱼ → 0 and reverses rankings by that alone: read both.
public struct DirectionalChange: Sendable {
  /// What happened along one direction.
  public struct Direction: Equatable, Sendable {
    /// The place of the direction, 0 for the one with the largest ID variance.
    public let index: Int

    /// The variance of the ID features before along it: the eigenvalue λⱼ.
    public let inDistributionVariance: Double

    /// The variance of the OOD features before along it.
    public let outOfDistributionVariance: Measured

    /// The change energy eⱼ of the ID examples.
    public let inDistributionChange: Double

    /// The change energy of the OOD examples.
    public let outOfDistributionChange: Measured

    /// eⱼ / λⱼ for the ID examples; undefined where λⱼ is zero to rounding.
    public let inDistributionRelativeChange: Measured

    /// The OOD change energy over the OOD variance along the direction; undefined where that is zero
    /// to rounding.
    public let outOfDistributionRelativeChange: Measured
  }

  /// The change inside the leading k directions and orthogonal to them.
  public struct Split: Equatable, Sendable {
    /// How many directions are inside.
    public let dimension: Int

    /// tr(P M P): the mean squared change inside.
    public let inside: Double

    /// tr((I − P) M (I − P)): the mean squared change outside. Inside and outside add up to tr M.
    public let orthogonal: Double

    /// The share inside; undefined when nothing changed.
    public let insideShare: Measured

    /// The share were the change isotropic: k/d.
    public let isotropicShare: Double
  }

  /// All directions, largest ID variance first.
  public let directions: [Direction]

  /// The directions as columns, d×d.
  public let basis: PrincipalDirections

  /// Takes the directions from the ID moments and the changes from both.
  ///
  /// - Parameter outOfDistribution: the moments of OOD examples; without them, the OOD values are
  ///   undefined.
  /// - Throws: ``GeometryError/noRows`` without ID examples, ``GeometryError/widths(expected:found:)``
  ///   when widths differ.
  public init(
    inDistribution: JointMoments, outOfDistribution: JointMoments? = nil
  ) throws(GeometryError) {
    guard inDistribution.count > 0 else { throw .noRows }
    let width = inDistribution.beforeWidth
    guard let change = inDistribution.changeSecondMoment else {
      throw .widths(expected: width, found: inDistribution.afterWidth)
    }
    for other in [outOfDistribution?.beforeWidth, outOfDistribution?.afterWidth] {
      if let other, other != width { throw .widths(expected: width, found: other) }
    }
    let covariance = inDistribution.beforeCovariance
    let basis = try PrincipalDirections(secondMoment: covariance, count: inDistribution.count)
    let energies = energiesAlong(basis.vectors, of: change)
    let missing = "there are no OOD examples"
    let (otherChange, otherVariance, otherTotal): ([Double]?, [Double]?, Double)
    if let outOfDistribution, outOfDistribution.count > 0,
      let second = outOfDistribution.changeSecondMoment
    {
      let covariance = outOfDistribution.beforeCovariance
      otherChange = energiesAlong(basis.vectors, of: second)
      otherVariance = energiesAlong(basis.vectors, of: covariance)
      otherTotal = covariance.trace
    } else {
      (otherChange, otherVariance, otherTotal) = (nil, nil, 0)
    }
    let zero = Double(width) * Double.ulpOfOne
    self.basis = basis
    directions = (0..<width).map { index in
      let variance = basis.energies[index]
      let idIsZero = variance <= zero * basis.energies[0]
      let (change, spread) = (otherChange?[index], otherVariance?[index])
      let oodRelative: Measured
      if let change, let spread {
        oodRelative = Measured(
          change, over: spread <= zero * otherTotal ? 0 : spread,
          otherwise: "no OOD variance along the direction")
      } else {
        oodRelative = .undefined(missing)
      }
      return Direction(
        index: index, inDistributionVariance: variance,
        outOfDistributionVariance: spread.map { Measured($0) } ?? .undefined(missing),
        inDistributionChange: energies[index],
        outOfDistributionChange: change.map { Measured($0) } ?? .undefined(missing),
        inDistributionRelativeChange: Measured(
          energies[index], over: idIsZero ? 0 : variance,
          otherwise: "no ID variance along the direction"),
        outOfDistributionRelativeChange: oodRelative)
    }
  }

  /// The ID change inside the leading `dimension` directions and outside.
  ///
  /// - Precondition: `0 <= dimension <= d`.
  public func inDistributionSplit(at dimension: Int) -> Split {
    split(directions.map(\.inDistributionChange), dimension)
  }

  /// The OOD change inside the leading `dimension` directions and outside; `nil` without OOD
  /// examples.
  ///
  /// - Precondition: `0 <= dimension <= d`.
  public func outOfDistributionSplit(at dimension: Int) -> Split? {
    let energies = directions.compactMap(\.outOfDistributionChange.number)
    return energies.count == directions.count ? split(energies, dimension) : nil
  }

  private func split(_ energies: [Double], _ dimension: Int) -> Split {
    precondition(
      dimension >= 0 && dimension <= energies.count, "\(dimension) of \(energies.count) directions")
    return Split(
      inside: energies.prefix(dimension).reduce(0, +),
      orthogonal: energies.dropFirst(dimension).reduce(0, +), dimension: dimension,
      of: energies.count)
  }
}

extension DirectionalChange.Split {
  init(inside: Double, orthogonal: Double, dimension: Int, of width: Int) {
    self.dimension = dimension
    self.inside = inside
    self.orthogonal = orthogonal
    insideShare = Measured(inside, over: inside + orthogonal, otherwise: "nothing changed")
    isotropicShare = Double(dimension) / Double(max(1, width))
  }

  /// Splits the change of `moments` by any subspace of feature space.
  ///
  /// - Throws: ``GeometryError/widths(expected:found:)`` when the subspace has another dimension
  ///   or the widths before and after differ.
  public init(of moments: JointMoments, by subspace: Subspace) throws(GeometryError) {
    guard subspace.ambientDimension == moments.beforeWidth else {
      throw .widths(expected: subspace.ambientDimension, found: moments.beforeWidth)
    }
    guard let change = moments.changeSecondMoment else {
      throw .widths(expected: moments.beforeWidth, found: moments.afterWidth)
    }
    let inside = energiesAlong(subspace.basis, of: change).reduce(0, +)
    let once = subspace.split(change).orthogonal
    let outside = subspace.split(once.transposed).orthogonal.trace
    self.init(
      inside: inside, orthogonal: max(0, outside), dimension: subspace.dimension,
      of: subspace.ambientDimension)
  }
}

/// vᵀ M v for every column v, never negative; a panel of columns at a time, for wide matrices are
/// large.
func energiesAlong(_ vectors: Matrix, of second: Matrix) -> [Double] {
  var energies: [Double] = []
  for start in stride(from: 0, to: vectors.columns, by: 256) {
    let panel = vectors[columns: start..<min(start + 256, vectors.columns)]
    let (images, directions) = ((second * panel).transposed, panel.transposed)
    energies += images.rowInnerProducts(directions).map { max(0, $0) }
  }
  return energies
}
