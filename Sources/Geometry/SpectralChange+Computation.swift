import LinearAlgebra
import Randomness

extension SpectralChange {
  /// Everything, from whole decompositions.
  mutating func compareAll(
    _ a: Matrix, _ b: Matrix, _ delta: Matrix, _ options: Options,
    _ generator: inout SeededGenerator
  ) throws(GeometryError) {
    let (first, second) = try convertingErrors { () throws(LinearAlgebraError) in
      (try a.svd(), try b.svd())
    }
    before = first.values
    after = second.values
    change = try convertingErrors { () throws(LinearAlgebraError) in try delta.singularValues() }
    (inputs, outputs) = try sides(first, second)
    guard norms.change > 0 else { return }
    let work = Double(rows) * Double(columns) * Double(min(rows, columns))
    draws = options.draws ?? min(20, max(3, Int(4e9 / work)))
    guard draws > 0 else { return }
    var permuted: [[Double]] = []
    var rotated: [(values: [Double], inputs: Side, outputs: Side)] = []
    for _ in 0..<draws {
      var shuffled = delta
      let places = generator.permutation(delta.values.count)
      shuffled.values = places.map { delta.values[$0] }
      let moved = try convertingErrors { () throws(LinearAlgebraError) in
        permuted.append(try shuffled.singularValues())
        return try (a + Self.rotated(change, rows, columns, &generator)).svd()
      }
      let sides = try sides(first, moved)
      rotated.append((moved.values, sides.inputs, sides.outputs))
    }
    changeNull = Null.each(permuted)
    effectiveRankNull = Null(of: permuted.compactMap { Spectrum.effectiveRank($0).number })
    stableRankNull = Null(of: permuted.compactMap { Spectrum.stableRank($0).number })
    afterNull = Null.each(rotated.map(\.values))
    inputs.take(rotated.map(\.inputs))
    outputs.take(rotated.map(\.outputs))
  }

  /// The leading values and directions alone.
  mutating func compareLeading(
    _ a: Matrix, _ b: Matrix, _ delta: Matrix, _ generator: inout SeededGenerator
  ) throws(GeometryError) {
    let count = directionCount
    let (first, second, moved) = try convertingErrors { () throws(LinearAlgebraError) in
      (
        try a.leadingSingularVectors(count, using: &generator),
        try b.leadingSingularVectors(count, using: &generator),
        try delta.leadingSingularVectors(count, using: &generator)
      )
    }
    (before, after, change) = (first.values, second.values, moved.values)
    residual = max(first.residual, second.residual, moved.residual)
    inputs = try Side(first.u, second.u, among: nil)
    outputs = try Side(first.vt.transposed, second.vt.transposed, among: nil)
    guard norms.change > 0 else { return }
    let (m, n) = (Double(rows), Double(columns))
    let edge = norms.change * (m.squareRoot() + n.squareRoot()) / (m * n).squareRoot()
    changeNull = [Null(lower: edge, median: edge, upper: edge)]
    draws = 20
    try inputs.takeRandomSubspaces(dimension: rows, count, draws, &generator)
    try outputs.takeRandomSubspaces(dimension: columns, count, draws, &generator)
  }

  /// A matrix with these singular values in uniformly random directions.
  private static func rotated(
    _ values: [Double], _ rows: Int, _ columns: Int, _ generator: inout SeededGenerator
  ) throws(LinearAlgebraError) -> Matrix {
    var left = try Matrix.randomOrthonormal(rows: rows, columns: values.count, using: &generator)
    let right = try Matrix.randomOrthonormal(
      rows: columns, columns: values.count, using: &generator)
    for row in 0..<rows {
      for column in values.indices { left[row, column] *= values[column] }
    }
    return left.timesTransposed(right)
  }

  private func sides(
    _ a: SingularValueDecomposition, _ b: SingularValueDecomposition
  ) throws(GeometryError) -> (inputs: Side, outputs: Side) {
    let leading = 0..<directionCount
    return (
      try Side(a.u[columns: leading], b.u[columns: leading], among: a.u),
      try Side(
        a.vt[rows: leading].transposed, b.vt[rows: leading].transposed, among: a.vt.transposed)
    )
  }
}

extension SpectralChange.Side {
  /// Compares subspaces with orthonormal bases in columns, and the second basis with all
  /// directions before.
  fileprivate init(_ a: Matrix, _ b: Matrix, among all: Matrix?) throws(GeometryError) {
    angles = try principalAngles(between: a, and: b)
    overlap = a.transposedTimes(b).squaredNorm / Double(a.columns)
    randomOverlap = Double(a.columns) / Double(a.rows)
    guard let all else { return }
    let products = all.transposedTimes(b)
    cosines = (0..<b.columns).map { column in
      (0..<all.columns).reduce(0) { max($0, abs(products[$1, column])) }
    }
  }

  /// Takes the quantiles of `draws` as nulls.
  fileprivate mutating func take(_ draws: [SpectralChange.Side]) {
    anglesNull = SpectralChange.Null.each(draws.map(\.angles))
    overlapNull = SpectralChange.Null(of: draws.map(\.overlap))
    cosinesNull = SpectralChange.Null.each(draws.map(\.cosines))
    intrudersNull = SpectralChange.Null(of: draws.compactMap { $0.intruders.map(Double.init) })
  }

  /// Takes angles of random subspaces as nulls.
  fileprivate mutating func takeRandomSubspaces(
    dimension: Int, _ count: Int, _ draws: Int, _ generator: inout SeededGenerator
  ) throws(GeometryError) {
    // Whatever the first subspace is: the first axes do as well.
    var axes = Matrix(rows: dimension, columns: count)
    for index in 0..<count { axes[index, index] = 1 }
    var found: [SpectralChange.Side] = []
    for _ in 0..<draws {
      let random = try convertingErrors { () throws(LinearAlgebraError) in
        try Matrix.randomOrthonormal(rows: dimension, columns: count, using: &generator)
      }
      found.append(try SpectralChange.Side(axes, random, among: nil))
    }
    anglesNull = SpectralChange.Null.each(found.map(\.angles))
    overlapNull = SpectralChange.Null(of: found.map(\.overlap))
  }
}
