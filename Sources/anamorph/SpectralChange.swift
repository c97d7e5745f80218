import Geometry
import LinearAlgebra
import Randomness

/// How the singular values and directions of a kernel changed, each number with what it would be
/// if nothing were going on.
///
/// A kernel is a matrix with one row for each input (a place of a filter and a channel) and one
/// column for each output.
struct SpectralChange {
  /// The singular values before, after, and of the change, largest first.
  var before: [Double]
  var after: [Double]
  var change: [Double]
  /// The effective rank of noise of the same shape.
  var noiseRank: Double?
  /// How many leading directions are compared.
  let count: Int
  /// The leading directions among inputs.
  var inputs: Side
  /// The leading directions among outputs.
  var outputs: Side
  /// How many of the leading output directions after are new: none before has a cosine of 0.5.
  var intruders: Int
  /// The same for a change with the same singular values in random directions.
  var intrudersOfRotation: Int

  /// The leading directions before and after, on one side of the kernel.
  struct Side {
    /// The largest principal angle, in radians.
    var largestAngle: Double?
    /// The median largest angle of random subspaces.
    var randomAngle: Double?
    /// The mean squared cosine of the principal angles.
    var overlap: Double?
    /// That of random subspaces: k/d.
    var randomOverlap: Double
  }

  /// Compares matrices of one shape; `nil` when they are empty.
  ///
  /// Intruder dimensions as in Shuttleworth et al., "LoRA vs full fine-tuning" (2024), with output
  /// directions, k = `count` and a threshold of 0.5.
  ///
  /// - Throws: `LinearAlgebraError` or `GeometryError`, for values that are not finite.
  init?(from a: Matrix, to b: Matrix, count wanted: Int, name: String) throws {
    let rank = min(a.rows, a.columns)
    guard rank > 0 else { return nil }
    count = min(wanted, rank)
    let delta = b - a
    let (first, second, moved) = (try a.svd(), try b.svd(), try delta.svd())
    (before, after, change) = (first.values, second.values, moved.values)
    var generator = SeededGenerator(seed: 0, "spectrum of \(name)")
    let noise = Matrix.normal(rows: a.rows, columns: a.columns, using: &generator)
    noiseRank = Spectrum.effectiveRank(try noise.singularValues()).number
    let leading = 0..<count
    inputs = try Side(first.u[columns: leading], second.u[columns: leading], &generator)
    outputs = try Side(
      first.vt[rows: leading].transposed, second.vt[rows: leading].transposed, &generator)
    intruders = Self.intruders(second.vt[rows: leading], among: first.vt)
    var scaled = try Matrix.randomOrthonormal(rows: a.rows, columns: rank, using: &generator)
    for row in 0..<scaled.rows {
      for column in 0..<rank { scaled[row, column] *= moved.values[column] }
    }
    let right = try Matrix.randomOrthonormal(rows: a.columns, columns: rank, using: &generator)
    let rotated = try (a + scaled.timesTransposed(right)).svd()
    intrudersOfRotation = Self.intruders(rotated.vt[rows: leading], among: first.vt)
  }

  /// How many rows of `new` have no cosine of at least 0.5 with any row of `old`.
  private static func intruders(_ new: Matrix, among old: Matrix) -> Int {
    let cosines = new.timesTransposed(old)
    return (0..<new.rows).count { row in cosines.row(row).allSatisfy { abs($0) < 0.5 } }
  }
}

extension SpectralChange.Side {
  /// Compares subspaces with orthonormal bases in columns.
  fileprivate init(_ a: Matrix, _ b: Matrix, _ generator: inout SeededGenerator) throws {
    let (dimension, count) = (a.rows, a.columns)
    largestAngle = try principalAngles(between: a, and: b).first
    overlap = a.transposedTimes(b).squaredNorm / Double(count)
    randomOverlap = Double(count) / Double(dimension)
    // Whatever the first subspace is: the first axes do as well.
    let axes = Matrix.identity(dimension)[columns: 0..<count]
    var angles: [Double] = []
    for _ in 0..<11 {
      let random = try Matrix.randomOrthonormal(
        rows: dimension, columns: count, using: &generator)
      if let angle = try principalAngles(between: axes, and: random).first { angles.append(angle) }
    }
    randomAngle = angles.isEmpty ? nil : angles.sorted()[angles.count / 2]
  }
}
