import Geometry
import LinearAlgebra
import Randomness
import Testing

/// What may be done to a pair of feature sets.
enum Operation: String, CaseIterable, Sendable {
  case swapSides, permuteExamples, permuteAfter, duplicateExamples
  case rotateBoth, rotateAfter, scaleBoth, scaleAfter, translateBoth, translateAfter, mapAfter

  func apply(_ x: Matrix, _ y: Matrix, seed: UInt64) throws -> (Matrix, Matrix) {
    var generator = SeededGenerator(seed: seed, "operation")
    let q = try Matrix.randomOrthogonal(x.columns, using: &generator)
    let order = generator.permutation(x.rows)
    let shift = generator.normals(x.columns).map { 2 * $0 }
    switch self {
    case .swapSides: return (y, x)
    case .permuteExamples: return (x.selectingRows(order), y.selectingRows(order))
    case .permuteAfter: return (x, y.selectingRows(order))
    case .duplicateExamples: return (x.appendingRows(of: x), y.appendingRows(of: y))
    case .rotateBoth: return (x * q, y * q)
    case .rotateAfter: return (x, y * q)
    case .scaleBoth: return (3 * x, 3 * y)
    case .scaleAfter: return (x, 3 * y)
    case .translateBoth: return (x.subtractingFromRows(shift), y.subtractingFromRows(shift))
    case .translateAfter: return (x, y.subtractingFromRows(shift))
    case .mapAfter:
      // Invertible, with singular values from 1 to 3.
      let p = try Matrix.randomOrthogonal(x.columns, using: &generator)
      let stretch = Matrix.diagonal(
        (0..<x.columns).map { 1 + 2 * Double($0) / Double(x.columns - 1) })
      return (x, y * (p * stretch * q))
    }
  }
}

/// A measure of a pair, with what must leave it as it is; everything else must change it.
struct PairMeasure: Sendable, CustomTestStringConvertible {
  var name: String
  var ofItself: Double?
  var invariances: Set<Operation>
  var evaluate: @Sendable (Matrix, Matrix) throws -> Measured

  var testDescription: String { name }

  init(
    _ name: String, ofItself: Double?, _ invariances: Set<Operation>,
    _ evaluate: @escaping @Sendable (Matrix, Matrix) throws -> Measured
  ) {
    self.name = name
    self.ofItself = ofItself
    // Renumbering the examples and turning the coordinates of both sides change nothing, ever.
    self.invariances = invariances.union([.permuteExamples, .rotateBoth])
    self.evaluate = evaluate
  }

  private static let shape: Set<Operation> = [
    .swapSides, .rotateAfter, .scaleBoth, .scaleAfter, .translateBoth, .translateAfter,
  ]
  private static let absolute: Set<Operation> = [.swapSides, .translateBoth, .duplicateExamples]
  private static let relative: Set<Operation> = [.scaleBoth, .duplicateExamples]

  private static func displacement(
    _ name: String, _ invariances: Set<Operation>,
    _ path: @escaping @Sendable (Displacement) -> Measured
  ) -> PairMeasure {
    PairMeasure(name, ofItself: 0, invariances) { path(Displacement(try moments($0, $1))) }
  }

  private static func procrustes(
    _ name: String, _ invariances: Set<Operation>,
    _ path: @escaping @Sendable (Procrustes) -> Measured
  ) -> PairMeasure {
    PairMeasure(name, ofItself: 0, invariances) { path(try Procrustes(try moments($0, $1))) }
  }

  private static func directional(
    _ name: String, ofItself: Double?, _ invariances: Set<Operation>,
    _ path: @escaping @Sendable (DirectionalChange) -> Measured
  ) -> PairMeasure {
    PairMeasure(name, ofItself: ofItself, invariances) {
      path(try DirectionalChange(inDistribution: try moments($0, $1)))
    }
  }

  static let all: [PairMeasure] = [
    PairMeasure("biased CKA", ofItself: 1, shape.union([.duplicateExamples])) {
      LinearCKA.biased(try moments($0, $1))
    },
    PairMeasure("debiased CKA", ofItself: 1, shape) { LinearCKA.debiased(try moments($0, $1)) },
    PairMeasure("biased CKA from Gram matrices", ofItself: 1, shape.union([.duplicateExamples])) {
      LinearCKA.biased(rowsBefore: $0, rowsAfter: $1)
    },
    PairMeasure("debiased CKA from Gram matrices", ofItself: 1, shape) {
      LinearCKA.debiased(rowsBefore: $0, rowsAfter: $1)
    },
    PairMeasure(
      "unbiased HSIC", ofItself: nil, shape.subtracting([.scaleBoth, .scaleAfter])
    ) { LinearCKA.unbiasedHSIC(try moments($0, $1)) },
    PairMeasure(
      "biased HSIC", ofItself: nil, shape.subtracting([.scaleBoth, .scaleAfter])
    ) { .value(LinearCKA.biasedHSIC(try moments($0, $1))) },
    procrustes("Procrustes distance", shape.subtracting([.scaleBoth, .scaleAfter])) {
      $0.squaredDistance
    },
    procrustes("normalised Procrustes", shape.union([.duplicateExamples])) {
      $0.normalisedSquaredDistance
    },
    procrustes("angular shape distance", shape.union([.duplicateExamples])) { $0.angle },
    procrustes(
      "relative Procrustes",
      shape.subtracting([.swapSides, .scaleAfter])
        .union([.duplicateExamples])
    ) { $0.relative },
    procrustes("Procrustes after scaling", shape.union([.duplicateExamples])) {
      $0.relativeAfterScaling
    },
    displacement("mean square per coordinate", absolute) { $0.meanSquarePerCoordinate },
    displacement("mean distance", absolute) { $0.meanDistance },
    displacement("root mean square distance", absolute) { $0.rootMeanSquareDistance },
    displacement("mean shift", absolute.union([.permuteAfter])) { $0.meanShift },
    displacement("mean relative distance", relative) { $0.meanRelativeDistance },
    displacement("relative Frobenius distance", relative) { $0.relativeFrobenius },
    displacement("mean cosine distance", relative.union([.swapSides, .scaleAfter])) {
      $0.meanCosineDistance
    },
    directional(
      "energy along the first direction", ofItself: 0, [.translateBoth, .duplicateExamples]
    ) {
      .value($0.directions[0].inDistributionChange)
    },
    directional(
      "relative energy along the last direction", ofItself: 0,
      [.translateBoth, .scaleBoth, .duplicateExamples]
    ) { $0.directions[$0.directions.count - 1].inDistributionRelativeChange },
    directional(
      "share of the change in two directions", ofItself: nil,
      [.translateBoth, .scaleBoth, .duplicateExamples]
    ) { $0.inDistributionSplit(at: 2).insideShare },
    PairMeasure(
      "largest principal angle of column spaces", ofItself: 0,
      [.swapSides, .rotateAfter, .scaleBoth, .scaleAfter, .mapAfter, .duplicateExamples]
    ) { .value(try #require(try principalAngles(between: $0, and: $1).first)) },
  ]
}

/// Every measure of a pair, every operation, several seeds: invariant where it must be and not
/// where it must not be.
@Suite struct PropertyTests {
  @Test(arguments: PairMeasure.all, Operation.allCases)
  func `a measure changes exactly under the operations it should`(
    measure: PairMeasure, operation: Operation
  ) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let (x, y) = FeatureSets.randomPair(seed: seed)
      let original = try #require(try measure.evaluate(x, y).number)
      let (a, b) = try operation.apply(x, y, seed: seed)
      let found = try #require(try measure.evaluate(a, b).number)
      let change = abs(found - original) / abs(original)
      if measure.invariances.contains(operation) {
        #expect(change < 1e-10, "seed \(seed): \(original) became \(found)")
      } else {
        #expect(change > 1e-4, "seed \(seed): \(original) stayed \(found)")
      }
    }
  }

  @Test(arguments: PairMeasure.all) func `a set compared with itself gives the end of the scale`(
    measure: PairMeasure
  ) throws {
    guard let expected = measure.ofItself else { return }
    for seed in 1...4 as ClosedRange<UInt64> {
      let (x, _) = FeatureSets.randomPair(seed: seed)
      // The angle is the root of a number that rounding leaves at 1e-16.
      let tolerance = measure.name == "angular shape distance" ? 1e-7 : 1e-12
      #expect(distance(try measure.evaluate(x, x), expected) < tolerance)
    }
  }

  @Test func `debiased CKA of independent sets averages zero where the biased one reads 0.9`()
    throws
  {
    var (biased, debiased): ([Double], [Double]) = ([], [])
    for seed in 0..<12 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed, "independent sets")
      let x = Matrix.normal(rows: 50, columns: 512, using: &generator)
      let y = Matrix.normal(rows: 50, columns: 512, using: &generator)
      biased.append(try #require(LinearCKA.biased(rowsBefore: x, rowsAfter: y).number))
      debiased.append(try #require(LinearCKA.debiased(rowsBefore: x, rowsAfter: y).number))
      if seed == 0 {
        let sums = try moments(x, y)
        #expect(distance(LinearCKA.debiased(sums), debiased[0]) < 1e-10)
        #expect(distance(LinearCKA.biased(sums), biased[0]) < 1e-12)
      }
    }
    let (high, zero) = (Repetitions.mean(of: biased), Repetitions.mean(of: debiased))
    #expect(distance(high.value, 0.908) < 0.01)
    #expect(distance(zero.value, 0) < 0.03)
    #expect(try #require(zero.interval).contains(0))
  }

  @Test(arguments: 1...4) func `angles do not see rotations of both spaces or changes of basis`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed, "angles")
    let a = Matrix.normal(rows: 9, columns: 3, using: &generator)
    let b = Matrix.normal(rows: 9, columns: 4, using: &generator)
    let q = try Matrix.randomOrthogonal(9, using: &generator)
    let mixing = Matrix.normal(rows: 3, columns: 3, using: &generator)
    let angles = try principalAngles(between: a, and: b)
    #expect(difference(try principalAngles(between: q * a, and: q * b), angles) < 1e-13)
    #expect(difference(try principalAngles(between: a * mixing, and: b), angles) < 1e-10)
    #expect(difference(try principalAngles(between: b, and: a), angles) < 1e-13)
    #expect(difference(try principalAngles(between: q * a, and: b), angles) > 1e-3)
    #expect(difference(try principalAngles(between: a, and: a * mixing), [0, 0, 0]) < 1e-13)
  }

  @Test(arguments: [(768, 100), (600, 64)])
  func `angles of 1e-10 between wide spans are found to 1e-12`(rows: Int, columns: Int) throws {
    // Spans that open by known angles, in bases that are neither orthogonal nor of one length.
    var generator = SeededGenerator(seed: 4, "small angles")
    let directions = try Matrix.randomOrthonormal(
      rows: rows, columns: 2 * columns, using: &generator)
    let angles = (0..<columns).map { $0 % 2 == 0 ? 1e-10 : 1e-10 * Double($0) }
    // At such angles the cosine is 1 and the sine the angle itself, to rounding.
    let turned =
      directions[columns: 0..<columns]
      + directions[columns: columns..<2 * columns] * Matrix.diagonal(angles)
    func mixing() -> Matrix {
      Matrix.identity(columns)
        + 0.3 / Double(columns).squareRoot()
        * Matrix.normal(rows: columns, columns: columns, using: &generator)
    }
    let found = try principalAngles(
      between: directions[columns: 0..<columns] * mixing(), and: turned * mixing())
    #expect(difference(found, angles.sorted(by: >)) < 1e-13)
  }

  @Test(arguments: [1e-3, 1e-6, 1e-8, 1e-10, 1e-14])
  func `an angle is found to 1e-15 however small, beside a right angle`(angle: Double) throws {
    // span{e1, e2} and span{e1 turned towards e3 by the angle, e4}.
    let a = Matrix([[1, 0], [0, 1], [0, 0], [0, 0]])
    let tangent = angle + angle * angle * angle / 3
    let b = Matrix([[1, 0], [0, 0], [tangent, 0], [0, 1]])
    let angles = try principalAngles(between: a, and: b)
    #expect(abs(angles[0] - .pi / 2) < 1e-15)
    #expect(abs(angles[1] - angle) < 1e-15)
  }
}
