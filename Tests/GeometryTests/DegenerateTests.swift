import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Inputs for which a measure has no value: a reason, never NaN.
@Suite struct DegenerateTests {
  private let x = FeatureSets.x
  private let constant = Matrix(
    rows: 16, columns: 4, values: [Double](repeating: 0.1, count: 64))

  @Test func `constant features have no similarity, on either side, whatever the pilot shift`()
    throws
  {
    let zeros = [Double](repeating: 0, count: 4)
    for (a, b, side) in [(constant, x, "before"), (x, constant, "after")] {
      let reason = "the features \(side) are constant"
      for shift in [nil, zeros, [0.3, -7, 1, 2]] {
        let sums = try moments(a, b, beforeShift: shift, afterShift: shift)
        #expect(LinearCKA.biased(sums).reason == reason)
        #expect(LinearCKA.debiased(sums).reason == reason)
        #expect(try Procrustes(sums).angle.reason == reason)
      }
      #expect(LinearCKA.biased(rowsBefore: a, rowsAfter: b).reason == reason)
      #expect(LinearCKA.debiased(rowsBefore: a, rowsAfter: b).reason == reason)
    }
  }

  private func results(
    _ x: Matrix, _ y: Matrix, _ settings: PairedFeatures.Settings = .init(),
    for measures: [SimilarityMeasure] = SimilarityMeasure.allCases
  ) throws -> [SimilarityMeasure: SimilarityResult] {
    var features = PairedFeatures(
      beforeWidth: x.columns, afterWidth: y.columns, settings: settings)
    try features.add(before: x, after: y, keys: (0..<x.rows).map { ExampleKey("\($0)") })
    var measuring = SimilarityAnalysis.Settings()
    measuring.draws = 0
    let found = try SimilarityAnalysis(features, settings: measuring).results(for: measures)
    return Dictionary(uniqueKeysWithValues: found.map { ($0.measure, $0) })
  }

  @Test(arguments: [3, 0.1, Double(Float(0.1)), 1e8 + 0.1, -7e-9], [100, 700, 1200])
  func `constant features are undefined for any number of examples, kept as rows or as sums`(
    constant: Double, rows: Int
  ) throws {
    var generator = SeededGenerator(seed: 2, "constant")
    let y = Matrix.normal(rows: rows, columns: 6, using: &generator)
    let x = Matrix(rows: rows, columns: 6, values: [Double](repeating: constant, count: rows * 6))
    var sums = PairedFeatures.Settings()
    sums.keptValues = 1
    let centred: [SimilarityMeasure] = [
      .ckaDebiased, .ckaBiased, .ckaMinibatch, .ccaMean, .ccaSquared, .svcca, .pwccaBefore,
      .pwccaAfter, .explainedBefore, .explainedAfter, .procrustesNormalised, .angularShape,
      .largestAngle, .meanAngle, .grassmannGeodesic, .grassmannChordal, .subspaceOverlap,
      .neighbourOverlap, .afterRotation, .afterRotationAndScale,
    ]
    for settings in [PairedFeatures.Settings(), sums] {
      let before = try results(x, y, settings)
      let ranks: [SimilarityMeasure] = [
        .effectiveRankBefore, .participationBefore, .stableRankBefore,
      ]
      for measure in centred + ranks {
        let reason = before[measure]?.estimate.value.reason
        #expect(reason == "the features before are constant", "\(measure)")
      }
      let after = try results(y, x, settings)
      for measure in centred {
        let reason = after[measure]?.estimate.value.reason
        #expect(reason == "the features after are constant", "\(measure)")
      }
    }
  }

  @Test(arguments: [0.1, 1e8 + 0.1]) func `one constant feature among others adds no rank`(
    constant: Double
  ) throws {
    let (x, y) = FeatureSets.randomPair(seed: 8, rows: 1200, columns: 5)
    var widened = Matrix(rows: 1200, columns: 6)
    for row in 0..<1200 {
      for column in 0..<5 { widened[row, column] = x[row, column] }
      widened[row, 5] = constant
    }
    var sums = PairedFeatures.Settings()
    sums.keptValues = 1
    let measures: [SimilarityMeasure] = [
      .ccaMean, .ccaSquared, .explainedAfter, .effectiveRankBefore, .angularShape,
    ]
    for settings in [PairedFeatures.Settings(), sums] {
      let (with, without) = (
        try results(widened, y, settings, for: measures), try results(x, y, settings, for: measures)
      )
      #expect(with[.ccaMean]?.remark.hasPrefix("ranks 5 and 5") == true)
      for measure in measures {
        let value = try #require(without[measure]?.estimate.value)
        #expect(distance(try #require(with[measure]?.estimate.value), value.number ?? .nan) < 1e-11)
      }
    }
  }

  @Test func `a self-similarity that is rounding alone is zero in every debiased form`() throws {
    var generator = SeededGenerator(seed: 6, "simplex")
    let y = Matrix.normal(rows: 6, columns: 6, using: &generator)
    let measures: [SimilarityMeasure] = [.ckaDebiased, .ckaMinibatch, .ckaRadialDebiased]
    for (measure, result) in try results(.identity(6), y, for: measures) {
      #expect(
        result.estimate.value.reason
          == "the debiased self-similarity before is not positive; add examples", "\(measure)")
    }
  }

  @Test(arguments: [1e-200, 1e200]) func `magnitudes whose fourth powers are lost are refused`(
    scale: Double
  ) throws {
    let (x, y) = FeatureSets.randomPair(seed: 8, rows: 30)
    #expect {
      try results(y, scale * x, for: [.ccaMean])
    } throws: { error in
      guard case .magnitude("after", _)? = error as? GeometryError else { return false }
      return "\(error)".contains("one power of two that brings it near 1")
    }
    #expect(try results(x, 1e-60 * y, for: [.ccaMean])[.ccaMean]?.estimate.value.number != nil)
  }

  @Test
  func `constant features made constant by merging parts with other shifts are still constant`()
    throws
  {
    var merged = try moments(constant[rows: 0..<5], x[rows: 0..<5], beforeShift: [1, 2, 3, 4])
    try merged.merge(try moments(constant[rows: 5..<16], x[rows: 5..<16]))
    #expect(LinearCKA.debiased(merged).reason == "the features before are constant")
  }

  @Test func `fewer than four examples have no debiased CKA`() throws {
    for count in 0..<4 {
      let sums = try moments(x[rows: 0..<count], FeatureSets.y[rows: 0..<count])
      #expect(
        LinearCKA.debiased(sums).reason
          == "debiased CKA needs at least 4 examples; there are \(count)")
      #expect(LinearCKA.unbiasedHSIC(sums).number == nil)
    }
    let four = try moments(x[rows: 0..<4], FeatureSets.y[rows: 0..<4])
    #expect(LinearCKA.unbiasedHSIC(four).number != nil)
  }

  @Test func `a debiased self-similarity that is not positive leaves CKA undefined`() throws {
    // Five points that are all equally far apart: every off-diagonal of the Gram matrix is equal,
    // so what is left after centring without the diagonal is zero but for rounding.
    let simplex = Matrix.identity(5)
    let found = LinearCKA.debiased(try moments(simplex, x[rows: 0..<5]))
    if let number = found.number {
      #expect(number.isFinite)
    } else {
      #expect(found.reason?.contains("not positive") == true)
    }
    let products = LinearCKA.debiasedProducts(try moments(simplex, x[rows: 0..<5]))
    #expect(abs(products.xx) < 1e-14)
  }

  @Test func `no examples give reasons everywhere`() throws {
    let empty = JointMoments(beforeWidth: 3, afterWidth: 3)
    let moved = Displacement(empty)
    #expect(moved.meanSquarePerCoordinate.reason == "there are no examples")
    #expect(LinearCKA.biased(empty).reason == "there are no examples")
    #expect(try Procrustes(empty).squaredDistance.reason == "there are no examples")
    #expect(LinearCKA.biasedHSIC(empty) == 0)
    #expect(empty.beforeMean == [0, 0, 0])
    #expect(throws: GeometryError.noRows) { try DirectionalChange(inDistribution: empty) }
    #expect(throws: GeometryError.noRows) { try InputMoment(fanIn: 2).subspace() }
    #expect(throws: GeometryError.noRows) {
      try PrincipalDirections(rows: Matrix(rows: 0, columns: 3))
    }
  }

  @Test func `different widths have similarity but no displacement`() throws {
    let sums = try moments(x, FeatureSets.z)
    #expect(Displacement(sums).meanDistance.reason == "4 features before, 3 after")
    #expect(throws: GeometryError.widths(expected: 4, found: 3)) {
      try DirectionalChange(inDistribution: sums)
    }
    #expect(try Procrustes(sums).squaredDistance.number != nil)
  }

  @Test func `zero vectors are counted and left out of what they have not`() throws {
    let before = Matrix([[0, 0], [3, 4], [1, 0]])
    let after = Matrix([[1, 0], [0, 0], [0, 1]])
    let found = Displacement(try moments(before, after))
    #expect((found.zeroBefore, found.zeroAfter, found.zeroEither) == (1, 1, 2))
    #expect(found.meanCosineDistance == .value(1))
    #expect(distance(found.meanRelativeDistance, (1 + 2.0.squareRoot()) / 2) < 1e-15)
    let zeros = Matrix(rows: 2, columns: 2)
    let none = Displacement(try moments(zeros, after[rows: 0..<2]))
    #expect(none.meanCosineDistance.reason == "every example has a zero vector")
    #expect(none.meanRelativeDistance.reason == "all features before are zero")
    #expect(none.relativeFrobenius.reason == "all features before are zero")
    #expect(none.meanSquarePerCoordinate == .value(0.25))
  }

  @Test func `directions without ID variance have no relative change`() throws {
    // The third feature is constant before and moves after.
    let before = Matrix([[1, 0, 5], [0, 1, 5], [-1, 0, 5], [0, -2, 5]])
    let after = Matrix([[1, 0, 6], [0, 1, 4], [-1, 0, 5], [0, -2, 5]])
    let change = try DirectionalChange(inDistribution: try moments(before, after))
    let last = change.directions[2]
    #expect(last.inDistributionVariance < 1e-15)
    #expect(abs(last.inDistributionChange - 0.5) < 1e-15)
    #expect(last.inDistributionRelativeChange.reason == "no ID variance along the direction")
    #expect(last.outOfDistributionChange.reason == "there are no OOD examples")
    #expect(change.outOfDistributionSplit(at: 1) == nil)
    let still = try DirectionalChange(inDistribution: try moments(before, before))
    #expect(still.inDistributionSplit(at: 1).insideShare.reason == "nothing changed")
  }

  @Test func `ID and OOD changes along the ID directions are told apart`() throws {
    // Spread along the axes 1, 2; ID moves along 1, OOD along 2.
    let id = Matrix([[2, 0], [-2, 0], [0, 1], [0, -1]])
    let ood = Matrix([[0, 3], [0, -3]])
    let change = try DirectionalChange(
      inDistribution: try moments(id, id.subtractingFromRows([-1, 0])),
      outOfDistribution: try moments(ood, ood.subtractingFromRows([0, -2])))
    #expect(change.directions.map(\.inDistributionChange) == [1, 0])
    #expect(change.directions.map(\.outOfDistributionChange) == [.value(0), .value(4)])
    #expect(change.directions.map(\.outOfDistributionVariance) == [.value(0), .value(9)])
    #expect(
      change.directions[0].outOfDistributionRelativeChange.reason
        == "no OOD variance along the direction")
    let split = try #require(change.outOfDistributionSplit(at: 1))
    #expect((split.inside, split.orthogonal) == (0, 4))
  }

  @Test func `more directions than the rank, rank zero and empty subspaces`() throws {
    let rows = Matrix([[3, 0, 0], [0, 1, 0], [3, 1, 0]])
    let directions = try PrincipalDirections(rows: rows)
    let wanted = directions.subspace(.count(3))
    #expect(wanted.dimension == 2)
    #expect(
      wanted.description == "2 of 3 directions (the first 3; there are only 2)")
    #expect(directions.subspace(.numericalRank(.doublePrecision)).dimension == 2)
    #expect(directions.subspace(.energy(1)).dimension == 2)
    #expect(directions.subspace(.energy(0.5)).dimension == 1)
    #expect(directions.subspace(.count(0)).isotropicShare == 0)
    let zero = try PrincipalDirections(rows: Matrix(rows: 4, columns: 3))
    for rule in [
      SubspaceRule.energy(0.99), .count(2), .numericalRank(.singleRounding), .effectiveRank,
    ] {
      let subspace = zero.subspace(rule)
      #expect(subspace.dimension == 0 && subspace.energyShare.number == nil)
      #expect(try principalAngles(between: subspace, and: wanted) == [])
      #expect(subspaceOverlap(subspace, wanted).reason == "a subspace has no directions")
    }
    #expect(Spectrum.effectiveRank([0, 0]).reason == "all singular values are zero")
    #expect(Spectrum.stableRank([]).number == nil)
  }

  @Test func `a share of the energy is cumulated over squared singular values`() throws {
    // σ² = 90, 9, 1: two directions hold 99 %, and the sum is exact to rounding.
    let directions = try PrincipalDirections(
      rows: Matrix.diagonal([(90.0).squareRoot(), 3, 1]))
    #expect(directions.subspace(.energy(0.9)).dimension == 1)
    #expect(directions.subspace(.energy(0.99)).dimension == 2)
    #expect(directions.subspace(.energy(0.991)).dimension == 3)
    #expect(distance(directions.subspace(.count(2)).energyShare, 0.99) < 1e-15)
    let equal = try PrincipalDirections(secondMoment: .identity(6))
    #expect(equal.subspace(.effectiveRank).dimension == 6)
  }

  @Test func `sums that overflow are undefined, not infinite`() throws {
    let huge = 1e200 * x
    let sums = try moments(huge, huge)
    #expect(LinearCKA.debiased(sums).number == nil)
    #expect(Measured(Double.nan).reason == "the sums are not finite numbers")
    #expect(Measured(1, over: 0, otherwise: "none").reason == "none")
    #expect("\(Measured.undefined("none"))" == "undefined: none")
  }
}
