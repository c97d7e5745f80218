import Geometry
import LinearAlgebra
import Randomness
import Testing

@Suite struct InputSideTests {
  private func generator(_ seed: UInt64) -> SeededGenerator {
    SeededGenerator(seed: seed, "inputs")
  }

  /// Rows in `rank` dimensions of `width`, with singular values falling from 1 to `weakest`.
  private func confinedRows(
    _ count: Int, rank: Int, width: Int, weakest: Double = 1, seed: UInt64 = 1
  ) throws -> Matrix {
    var generator = generator(seed)
    let left = try Matrix.randomOrthonormal(rows: count, columns: rank, using: &generator)
    let right = try Matrix.randomOrthonormal(rows: width, columns: rank, using: &generator)
    var (scale, scales): (Double, [Double]) = (1, [])
    var step = 1.0
    // weakest = stepʳᵃⁿᵏ⁻¹, by repeated square roots of the ratio of neighbours.
    if weakest < 1 {
      var (low, high) = (0.0, 1.0)
      for _ in 0..<200 {
        step = (low + high) / 2
        var power = 1.0
        for _ in 1..<rank { power *= step }
        if power < weakest { low = step } else { high = step }
      }
    }
    for _ in 0..<rank {
      scales.append(scale)
      scale *= step
    }
    return (left * Matrix.diagonal(scales)).timesTransposed(right)
  }

  private func moment(
    _ rows: Matrix, precision: InputMoment.Precision = .full, bias: Bool = false
  ) throws -> InputMoment {
    var result = InputMoment(fanIn: rows.columns, includesBias: bias, precision: precision)
    try result.add(rows: rows)
    return result
  }

  @Test(arguments: [1.0, 1e-4, 1e-8, 1e-11])
  func `a change made of Float64 rows has no part outside their span`(weakest: Double) throws {
    let rows = try confinedRows(200, rank: 12, width: 40, weakest: weakest)
    var generator = generator(2)
    let before = Matrix.normal(rows: 40, columns: 8, using: &generator)
    let gradient = Matrix.normal(rows: 200, columns: 8, using: &generator)
    let split = try InputSideSplit(
      before: before, after: before + rows.transposedTimes(gradient),
      inputs: try moment(rows), rule: .numericalRank(.doublePrecision), generator: generator)
    #expect(split.span.dimension == 12)
    // before + change rounds by 1e-16 of `before`, whose norm is about 5 times the change's.
    #expect(distance(split.orthogonalRatio, 0) < 1e-14)
    #expect(abs(split.insideNorm - split.changeNorm) < 1e-14 * split.changeNorm)
    #expect(distance(split.spanShare.share, 1) < 1e-14)
    #expect(split.spanShare.null?.mean == 0.3)
  }

  @Test func `a running sum of squares cannot see weak directions; the triangular factor can`()
    throws
  {
    let rows = try confinedRows(200, rank: 12, width: 40, weakest: 1e-10)
    let full = try moment(rows).subspace(.numericalRank(.doublePrecision))
    let half = try moment(rows, precision: .half).subspace(.numericalRank(.doublePrecision))
    #expect(full.dimension == 12)
    #expect(half.dimension < 12)
    let strong = try confinedRows(200, rank: 12, width: 40, weakest: 1e-2)
    #expect(try moment(strong, precision: .half).subspace().dimension == 12)
  }

  @Test(arguments: 1...3) func `stochastic gradient descent in Float32 stays in the span to 1e-6`(
    seed: UInt64
  ) throws {
    // A linear layer of 30 inputs in 10 dimensions and 6 outputs fits random targets, all Float32.
    let rows = 5.0 * (try confinedRows(64, rank: 10, width: 30, seed: seed))
    let inputs = singles(rows)
    var generator = generator(seed)
    var weights = generator.normals(30 * 6).map { Float(0.2 * $0) }
    let start = weights
    let targets = generator.normals(64 * 6).map { Float($0) }
    for step in 0..<400 {
      let example = step * 7 % 64
      for output in 0..<6 {
        var error = -targets[example * 6 + output]
        for input in 0..<30 { error += inputs[example * 30 + input] * weights[input * 6 + output] }
        for input in 0..<30 {
          weights[input * 6 + output] -= 0.1 * error * inputs[example * 30 + input]
        }
      }
    }
    var moment = InputMoment(fanIn: 30)
    try moment.add(rows: inputs, count: 64)
    let (before, after) = (
      Matrix(rows: 30, columns: 6, single: start), Matrix(rows: 30, columns: 6, single: weights)
    )
    let split = try InputSideSplit(
      before: before, after: after, inputs: moment, dimensions: [1, 5, 99], generator: generator)
    #expect(split.span.dimension == 10)
    let ratio = try #require(split.orthogonalRatio.number)
    #expect(ratio > 0 && ratio < 1e-6)
    #expect(split.shares.map(\.dimension) == [1, 5])
    // Weight decay moves the weights outside too.
    let decayed = try InputSideSplit(
      before: before, after: 0.99 * after, inputs: moment, generator: generator)
    #expect(try #require(decayed.orthogonalRatio.number) > 1e-3)
  }

  @Test func `the bias is a coordinate of its own`() throws {
    let rows = try confinedRows(50, rank: 3, width: 6)
    var generator = generator(4)
    let gradient = Matrix.normal(rows: 50, columns: 2, using: &generator)
    let kernel = Matrix.normal(rows: 6, columns: 2, using: &generator)
    let before = InputSideSplit.foldingBias([0.5, -1], into: kernel)
    let step = InputSideSplit.foldingBias(
      gradient.transposedTimes([Double](repeating: 1, count: 50)),
      into: rows.transposedTimes(gradient))
    let inputs = try moment(rows, bias: true)
    #expect(inputs.width == 7 && inputs.includesBias)
    #expect(inputs.mean[6] == 1)
    let split = try InputSideSplit(
      before: before, after: before + step, inputs: inputs, generator: generator)
    #expect(split.span.dimension == 4)
    #expect(distance(split.orthogonalRatio, 0) < 1e-14)
  }

  @Test func `rows added in batches, merged or as Float32 give the same moment`() throws {
    var generator = generator(5)
    let rows = Matrix(
      rows: 300, columns: 9,
      single: generator.normals(2700).map { Float($0) })
    for precision in [InputMoment.Precision.full, .half] {
      let whole = try moment(rows, precision: precision)
      let expected = (1 / 300.0) * rows.gram
      #expect(difference(whole.secondMoment.values, expected.values) < 1e-13)
      var merged = try moment(rows[rows: 0..<11], precision: precision)
      try merged.merge(try moment(rows[rows: 11..<300], precision: precision))
      #expect(difference(merged.secondMoment.values, expected.values) < 1e-13)
      var single = InputMoment(fanIn: 9, precision: precision)
      for start in stride(from: 0, to: 300, by: 60) {
        try single.add(rows: singles(rows[rows: start..<start + 60]), count: 60)
      }
      #expect(difference(single.secondMoment.values, expected.values) < 1e-13)
      #expect(single.count == 300)
      let matrix = Matrix.normal(rows: 9, columns: 4, using: &generator)
      let direct = (rows * matrix).squaredNorm / 300
      #expect(abs(single.meanSquaredOutput(of: matrix) - direct) < 1e-12 * direct)
    }
  }

  @Test(arguments: 1...3) func `the split does not see the basis, the scale or the order of inputs`(
    seed: UInt64
  ) throws {
    var generator = generator(seed)
    let rows = try confinedRows(60, rank: 5, width: 12, weakest: 0.1, seed: seed)
    let before = Matrix.normal(rows: 12, columns: 4, using: &generator)
    let change = Matrix.normal(rows: 12, columns: 4, using: &generator)
    let q = try Matrix.randomOrthogonal(12, using: &generator)
    let p = try Matrix.randomOrthogonal(4, using: &generator)
    let order = generator.permutation(60)
    let draws = generator
    func shares(_ before: Matrix, _ change: Matrix, _ rows: Matrix) throws -> [Double] {
      let split = try InputSideSplit(
        before: before, after: before + change, inputs: try moment(rows), dimensions: [1, 3],
        rotations: 20, generator: draws)
      let measured = [split.orthogonalRatio, split.relativeChange, split.inDistribution.ratio]
      let directions = split.directions.prefix(5).map(\.relativeChange)
      let shares = split.shares.map(\.share)
      return (measured + shares + directions).compactMap(\.number)
    }
    let expected = try shares(before, change, rows)
    #expect(expected.count == 10)
    #expect(difference(try shares(before, change, rows.selectingRows(order)), expected) < 1e-11)
    #expect(difference(try shares(before, change, 7 * rows), expected) < 1e-11)
    let turned = try shares(q.transposedTimes(before), q.transposedTimes(change), rows * q)
    #expect(difference(turned, expected) < 1e-11)
    #expect(difference(try shares(before * p, change * p, rows), expected) < 1e-11)
    // But it sees the change turned against the inputs, and one coordinate scaled.
    #expect(difference(try shares(before, q * change, rows), expected) > 1e-3)
    let stretch = Matrix.diagonal([5] + [Double](repeating: 1, count: 11))
    #expect(difference(try shares(before, change, rows * stretch), expected) > 1e-3)
  }

  @Test func `per direction, the squared changes add up to that of the matrix`() throws {
    var generator = generator(7)
    let rows = Matrix.normal(rows: 30, columns: 6, using: &generator)
    let before = Matrix.normal(rows: 6, columns: 3, using: &generator)
    let after = Matrix.normal(rows: 6, columns: 3, using: &generator)
    let split = try InputSideSplit(
      before: before, after: after, inputs: try moment(rows), generator: generator)
    let squares = split.directions.reduce(0) { $0 + $1.change * $1.change }
    #expect(abs(squares - split.changeNorm * split.changeNorm) < 1e-12)
    // E‖ΔWᵀa‖² is the sum over directions of energy times squared change.
    let seen = split.directions.reduce(0) { $0 + $1.inputEnergy * $1.change * $1.change }
    #expect(abs(seen - split.inDistribution.change) < 1e-12)
    let exact = split.insideNorm * split.insideNorm + split.orthogonalNorm * split.orthogonalNorm
    #expect(abs(exact - squares) < 1e-12)
  }

  @Test func `inputs orthogonal to the training inputs see nothing of the change`() throws {
    let basis = try confinedRows(40, rank: 4, width: 10)
    var generator = generator(8)
    let outside = try basis.rowSpaceBasis().orthogonalComplement()
    let other = Matrix.normal(rows: 30, columns: 6, using: &generator).timesTransposed(outside)
    let before = Matrix.normal(rows: 10, columns: 3, using: &generator)
    let step = basis.transposedTimes(Matrix.normal(rows: 40, columns: 3, using: &generator))
    let split = try InputSideSplit(
      before: before, after: before + step, inputs: try moment(basis),
      outOfDistribution: try moment(other), generator: generator)
    #expect(distance(try #require(split.outOfDistribution).ratio, 0) < 1e-28)
    #expect(try #require(split.inDistribution.ratio.number) > 1e-2)
  }

  @Test func `nothing changed, no inputs, zero weights: undefined or an error, never NaN`() throws {
    var generator = generator(9)
    let rows = Matrix.normal(rows: 20, columns: 5, using: &generator)
    let weights = Matrix.normal(rows: 5, columns: 2, using: &generator)
    let still = try InputSideSplit(
      before: weights, after: weights, inputs: try moment(rows), dimensions: [2],
      generator: generator)
    #expect(still.changeNorm == 0 && still.orthogonalNorm == 0)
    #expect(still.orthogonalRatio.reason == "nothing changed")
    #expect(still.shares[0].share.reason == "nothing changed" && still.shares[0].null == nil)
    #expect(still.inDistribution.ratio == .value(0))
    #expect(still.outOfDistribution == nil)
    let fromZero = try InputSideSplit(
      before: Matrix(rows: 5, columns: 2), after: weights, inputs: try moment(rows),
      generator: generator)
    #expect(fromZero.relativeChange.reason == "the matrix before is zero")
    #expect(fromZero.inDistribution.ratio.reason == "the outputs before are zero")
    let zeroInputs = try InputSideSplit(
      before: weights, after: 2 * weights, inputs: try moment(Matrix(rows: 3, columns: 5)),
      generator: generator)
    #expect(zeroInputs.span.dimension == 0)
    #expect(distance(zeroInputs.orthogonalRatio, 1) < 1e-15)
    #expect(throws: GeometryError.noRows) {
      try InputSideSplit(
        before: weights, after: weights, inputs: InputMoment(fanIn: 5), generator: generator)
    }
    #expect(throws: GeometryError.widths(expected: 5, found: 4)) {
      try InputSideSplit(
        before: weights, after: weights, inputs: InputMoment(fanIn: 4), generator: generator)
    }
    var broken = weights
    broken[3, 1] = .nan
    #expect(throws: GeometryError.notFinite(side: "after", row: 3)) {
      try InputSideSplit(
        before: weights, after: broken, inputs: try moment(rows), generator: generator)
    }
    var inputs = InputMoment(fanIn: 2)
    #expect(throws: GeometryError.notFinite(side: "inputs", row: 1)) {
      try inputs.add(rows: [1, 2, .nan, 3], count: 2)
    }
    #expect(throws: GeometryError.valueCount(expected: 6, found: 4)) {
      try inputs.add(rows: [1, 2, 3, 3], count: 3)
    }
  }
}
