import Geometry
import LinearAlgebra
import Testing

/// Every measure against NumPy and SciPy on the closed-form sets, at 1e-10 or better.
@Suite struct GoldenTests {
  @Test(arguments: ["x_to_y", "x_to_z"]) func `similarities are those of NumPy`(
    pair: String
  ) throws {
    let reference = try Reference()[pair]
    let (x, y) = (FeatureSets.x, pair == "x_to_y" ? FeatureSets.y : FeatureSets.z)
    let sums = try moments(x, y)
    #expect(abs(LinearCKA.biasedHSIC(sums) - reference.number("hsic_biased")) < 1e-11)
    #expect(distance(LinearCKA.unbiasedHSIC(sums), reference.number("hsic_unbiased")) < 1e-11)
    let (biased, debiased) = (reference.number("cka_biased"), reference.number("cka_debiased"))
    #expect(distance(LinearCKA.biased(sums), biased) < 1e-13)
    #expect(distance(LinearCKA.debiased(sums), debiased) < 1e-13)
    #expect(distance(LinearCKA.biased(rowsBefore: x, rowsAfter: y), biased) < 1e-13)
    #expect(distance(LinearCKA.debiased(rowsBefore: x, rowsAfter: y), debiased) < 1e-13)
    let procrustes = try Procrustes(sums)
    let squared = reference.number("procrustes_squared")
    #expect(distance(procrustes.squaredDistance, squared) < 1e-11)
    #expect(distance(procrustes.meanSquarePerCoordinate, squared / 64) < 1e-12)
    #expect(
      distance(
        procrustes.normalisedSquaredDistance, reference.number("procrustes_normalised")) < 1e-12)
    #expect(distance(procrustes.angle, reference.number("procrustes_angle")) < 1e-12)
    #expect(
      distance(procrustes.relativeAfterScaling, reference.number("procrustes_after_scaling"))
        < 1e-12)
    #expect(distance(procrustes.scale, reference.number("procrustes_scale")) < 1e-12)
    // Per example and feature before: 16·4 entries, in units of the variance before.
    let variance = x.centered.squaredNorm / 64
    let unexplained = variance * reference.number("procrustes_after_scaling")
    #expect(distance(procrustes.meanSquarePerCoordinateAfterScaling, unexplained) < 1e-12)
    #expect(distance(procrustes.relative, squared / (64 * variance)) < 1e-12)
  }

  @Test func `the published values of the closed-form sets come out`() throws {
    let (x, y, z) = (FeatureSets.x, FeatureSets.y, FeatureSets.z)
    #expect(difference(x.row(0), [0.84147098, 1.74141042, -0.82756133, -3.17981045]) < 1e-8)
    #expect(difference(z.row(15), [-0.82933062, 0.56689094, 0.21663957]) < 1e-8)
    #expect(distance(LinearCKA.debiased(try moments(x, y)), 0.996218469805462) < 1e-10)
    #expect(distance(LinearCKA.debiased(try moments(x, z)), 0.40365233476128043) < 1e-10)
    let change = try DirectionalChange(inDistribution: try moments(x, y))
    #expect(abs(change.inDistributionSplit(at: 2).inside - 0.09058586260333759) < 1e-10)
    #expect(abs(change.inDistributionSplit(at: 2).orthogonal - 0.0920042195649643) < 1e-10)
  }

  @Test func `displacements are those of NumPy`() throws {
    let reference = try Reference()["displacement"]
    let found = Displacement(try moments(FeatureSets.x, FeatureSets.y))
    #expect(distance(found.meanSquarePerCoordinate, reference.number("mean_square")) < 1e-15)
    #expect(distance(found.meanDistance, reference.number("mean_distance")) < 1e-14)
    #expect(
      distance(found.rootMeanSquareDistance, reference.number("root_mean_square_distance")) < 1e-14)
    #expect(
      distance(found.meanRelativeDistance, reference.number("mean_relative_distance")) < 1e-14)
    #expect(distance(found.relativeFrobenius, reference.number("relative_frobenius")) < 1e-14)
    #expect(distance(found.meanCosineDistance, reference.number("mean_cosine_distance")) < 1e-14)
    #expect(
      distance(found.cosineDistanceDeviation, reference.number("cosine_distance_deviation"))
        < 1e-14)
    #expect(distance(found.meanShift, reference.number("mean_shift")) < 1e-14)
  }

  @Test func `directional change is that of NumPy and adds up to d times the mean square`() throws {
    let reference = try Reference()["directional"]
    let sums = try moments(FeatureSets.x, FeatureSets.y)
    let change = try DirectionalChange(inDistribution: sums)
    let directions = change.directions
    #expect(
      difference(directions.map(\.inDistributionVariance), reference.numbers("eigenvalues")) < 1e-12
    )
    let energies = directions.map(\.inDistributionChange)
    #expect(difference(energies, reference.numbers("energies")) < 1e-13)
    let relative = directions.compactMap(\.inDistributionRelativeChange.number)
    #expect(difference(relative, reference.numbers("relative")) < 1e-12)
    let total = try #require(Displacement(sums).meanSquarePerCoordinate.number) * 4
    #expect(abs(energies.reduce(0, +) - total) < 1e-15)
    for k in 1...3 {
      let expected = reference["splits"].numbers("\(k)")
      let split = change.inDistributionSplit(at: k)
      #expect(difference([split.inside, split.orthogonal], expected) < 1e-13)
      #expect(split.isotropicShare == Double(k) / 4)
      let subspace = change.basis.subspace(.count(k))
      let again = try DirectionalChange.Split(of: sums, by: subspace)
      #expect(difference([again.inside, again.orthogonal], expected) < 1e-13)
    }
  }

  @Test func `spectra are those of NumPy`() throws {
    let reference = try Reference()
    for (name, x) in [
      ("spectrum", FeatureSets.x), ("centred_spectrum", FeatureSets.x.centered),
    ] {
      let (singular, expected) = (try x.singularValues(), reference[name])
      #expect(distance(Spectrum.rankMe(singular), expected.number("rank_me")) < 1e-13)
      #expect(distance(Spectrum.effectiveRank(singular), expected.number("effective_rank")) < 1e-13)
      #expect(
        distance(Spectrum.participationRatio(singular), expected.number("participation_ratio"))
          < 1e-13)
      #expect(distance(Spectrum.stableRank(singular), expected.number("stable_rank")) < 1e-13)
    }
  }

  @Test func `principal angles are those of SciPy`() throws {
    let reference = try Reference()
    let (x, y, z) = (FeatureSets.x, FeatureSets.y, FeatureSets.z)
    let columns = try principalAngles(between: x[columns: 0..<2], and: y[columns: 1..<4])
    #expect(difference(columns, reference.numbers("angles_columns")) < 1e-13)
    let unequal = try principalAngles(between: x, and: z[columns: 0..<1])
    #expect(difference(unequal, reference.numbers("angles_unequal")) < 1e-13)
    let equal = try principalAngles(between: x[columns: 0..<3], and: z)
    #expect(difference(equal, reference.numbers("angles_equal")) < 1e-13)
  }

  @Test func `the overlap of subspaces is that of NumPy`() throws {
    func left(_ rows: Matrix, _ count: Int) throws -> Subspace {
      try PrincipalDirections(rows: rows[rows: 0..<6].transposed).subspace(.count(count))
    }
    let overlap = subspaceOverlap(try left(FeatureSets.x, 2), try left(FeatureSets.y, 3))
    #expect(distance(overlap, try Reference().number("overlap_2_3")) < 1e-13)
  }
}
