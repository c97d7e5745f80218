import Foundation
import Geometry
import LinearAlgebra
import Randomness
import TestSupport
import Testing

@Suite struct SpectralChangeTests {
  /// The matrices of Fixtures/make_fixtures_spectra.py.
  private static var before: Matrix {
    matrix { i, j in sin(1 + 0.7 * i + 1.3 * j + 0.1 * i * j) + 0.01 * i }
  }
  private static var after: Matrix {
    before + matrix { i, j in 0.4 * cos(0.5 + 0.9 * i * (j + 1) / 4) + 2 }
  }

  private static func matrix(_ entry: (Double, Double) -> Double) -> Matrix {
    var result = Matrix(rows: 24, columns: 17)
    for i in 0..<24 {
      for j in 0..<17 { result[i, j] = entry(Double(i), Double(j)) }
    }
    return result
  }

  private static func reference() throws -> [String: Any] {
    let data = try Data(contentsOf: URL(filePath: fixture("spectra.json")))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func expectClose(
    _ found: [Double], _ expected: Any?, _ tolerance: Double,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let numbers = try #require(expected as? [Double], sourceLocation: location)
    #expect(found.count == numbers.count, sourceLocation: location)
    for (a, b) in zip(found, numbers) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), sourceLocation: location)
    }
  }

  @Test func `values, ranks, angles and cosines are those of NumPy and SciPy`() throws {
    let reference = try Self.reference()
    let change = try #require(
      try SpectralChange(
        from: Self.before, to: Self.after, name: "test",
        options: SpectralChange.Options(top: 5, draws: 3)))
    for (name, values, effective, stable) in [
      ("before", change.before, change.effectiveRankBefore, change.stableRankBefore),
      ("after", change.after, change.effectiveRankAfter, change.stableRankAfter),
      ("change", change.change, change.effectiveRankOfChange, change.stableRankOfChange),
    ] {
      let expected = try #require(reference[name] as? [String: Any])
      try expectClose(values, expected["values"], 1e-12)
      try expectClose([try #require(effective.number)], [expected["effective_rank"]], 1e-12)
      try expectClose([try #require(stable.number)], [expected["stable_rank"]], 1e-12)
    }
    try expectClose(change.inputs.angles, reference["input_angles"], 1e-9)
    try expectClose(change.outputs.angles, reference["output_angles"], 1e-9)
    try expectClose(change.inputs.cosines, reference["input_cosines"], 1e-9)
    try expectClose(change.outputs.cosines, reference["output_cosines"], 1e-9)
    let cosines = try #require(reference["output_cosines"] as? [Double])
    #expect(change.outputs.intruders == cosines.count { $0 < 0.5 })
    #expect(change.draws == 3 && change.changeNull.count == 17 && change.afterNull.count == 17)
  }

  @Test func `every method finds the same spectrum`() throws {
    let exact = try MatrixSpectrum(of: Self.after)
    #expect(exact.method == .decomposition)
    let gram = try MatrixSpectrum(
      of: Self.after.transposed, limits: MatrixSpectrum.Limits(decomposition: 2))
    #expect(gram.method == .gram)
    for (a, b) in zip(exact.values, gram.values) {
      // Eigenvalues are right to 1e-16 of the largest, their roots to that over twice the root.
      #expect(abs(a - b) <= 1e-14 * exact.spectralNorm * exact.spectralNorm / max(a, 1e-300))
    }
    #expect(
      abs(try #require(gram.stableRank.number) - (try #require(exact.stableRank.number))) < 1e-12)
    let some = try MatrixSpectrum(
      of: Self.after, limits: MatrixSpectrum.Limits(decomposition: 2, gram: 2, leadingCount: 2))
    #expect(some.values.count == 2 && some.effectiveRank.number == nil)
    for (a, b) in zip(exact.values, some.values) { #expect(abs(a - b) < 1e-12 * a) }
  }

  @Test func `leading singular vectors are found without a whole decomposition`() throws {
    var generator = SeededGenerator(seed: 3, "planted")
    let (rows, columns, rank) = (300, 260, 4)
    var left = try Matrix.randomOrthonormal(rows: rows, columns: rank, using: &generator)
    let right = try Matrix.randomOrthonormal(rows: columns, columns: rank, using: &generator)
    for row in 0..<rows {
      for column in 0..<rank { left[row, column] *= Double(40 - 8 * column) }
    }
    let noise = 0.1 * Matrix.normal(rows: rows, columns: columns, using: &generator)
    let matrix = left.timesTransposed(right) + noise
    let exact = try matrix.svd()
    for (matrix, u, v) in [
      (matrix, exact.u, exact.vt), (matrix.transposed, exact.vt.transposed, exact.u.transposed),
    ] {
      let found = try matrix.leadingSingularVectors(rank, using: &generator)
      #expect(found.residual < 1e-9)
      for index in 0..<rank {
        #expect(abs(found.values[index] - exact.values[index]) < 1e-11 * exact.values[0])
        #expect(abs(abs(dot(found.u.column(index), u.column(index))) - 1) < 1e-10)
        #expect(abs(abs(dot(found.vt.row(index), v.row(index))) - 1) < 1e-10)
      }
    }
  }

  @Test func `a truncated comparison agrees with the whole one and says what it lacks`() throws {
    var generator = SeededGenerator(seed: 4, "truncated")
    let a = Matrix.normal(rows: 140, columns: 120, using: &generator)
    var u = try Matrix.randomOrthonormal(rows: 140, columns: 2, using: &generator)
    let v = try Matrix.randomOrthonormal(rows: 120, columns: 2, using: &generator)
    u = 60 * u
    let b = a + u.timesTransposed(v)
    func compare(_ limit: Int) throws -> SpectralChange {
      try #require(
        try SpectralChange(
          from: u.timesTransposed(v), to: b, name: "x",
          options: SpectralChange.Options(top: 2, completeLimit: limit, draws: 2)))
    }
    let (whole, part) = (try compare(4096), try compare(8))
    #expect(whole.isComplete && !part.isComplete)
    #expect(part.before.count == 2 && part.residual < 1e-8)
    for (x, y) in [(whole.before, part.before), (whole.after, part.after)] {
      for (x, y) in zip(x, y) { #expect(abs(x - y) < 1e-9 * x) }
    }
    for (x, y) in zip(whole.inputs.angles, part.inputs.angles) { #expect(abs(x - y) < 1e-7) }
    #expect(part.inputs.intruders == nil && part.effectiveRankAfter.number == nil)
    #expect(
      part.effectiveRankAfter.reason == "only the 2 largest singular values were computed")
    // Of independent values the largest singular value is near its limit for large matrices.
    let edge = try #require(part.changeNull.first?.median)
    let null = try #require(whole.changeNull.first)
    #expect(abs(edge / null.median - 1) < 0.1)
  }

  @Test func `nothing changed has no nulls, no intruders and no angles`() throws {
    let same = try #require(
      try SpectralChange(from: Self.before, to: Self.before, name: "x"))
    #expect(same.draws == 0 && same.changeNull.isEmpty)
    #expect(same.effectiveRankOfChange.reason == "all values are zero")
    #expect(same.outputs.intruders == 0 && same.inputs.intruders == 0)
    #expect(same.inputs.angles.allSatisfy { $0 < 1e-7 })
    #expect(
      try SpectralChange(
        from: Matrix(rows: 0, columns: 3), to: Matrix(rows: 0, columns: 3), name: "") == nil)
  }

  @Test func `the same name gives the same nulls`() throws {
    func null(_ name: String) throws -> SpectralChange.Null? {
      try SpectralChange(
        from: Self.before, to: Self.after, name: name,
        options: SpectralChange.Options(top: 3, draws: 4))?.effectiveRankNull
    }
    #expect(try null("a") == null("a"))
    #expect(try null("a") != null("b"))
  }

  @Test(arguments: [(40, 32, 3), (700, 560, 5)])
  func `adding a product of thin factors is a change of low rank, noise is not`(
    rows: Int, columns: Int, rank: Int
  ) throws {
    var generator = SeededGenerator(seed: 5, "low rank")
    let before = Matrix(
      rows: rows, columns: columns,
      single: Matrix.normal(rows: rows, columns: columns, using: &generator).values.map(Float.init))
    let left = Matrix.normal(rows: rows, columns: rank, using: &generator)
    let right = 0.01 * Matrix.normal(rows: columns, columns: rank, using: &generator)
    let after = Matrix(
      rows: rows, columns: columns,
      single: (before + left.timesTransposed(right)).values.map(Float.init))
    // Float32 values of about 1 are rounded by 2⁻²⁴ at most, uniformly.
    let error = after.values.reduce(0) { sum, value in
      let spacing = Double(Float(value).ulp)
      return sum + spacing * spacing / 12
    }
    let rounding = (error / Double(after.values.count)).squareRoot()
    let found = try #require(try LowRankChange(after - before, roundingError: rounding))
    #expect(found.rank == rank && found.side == columns)
    let noise = 0.01 * Matrix.normal(rows: rows, columns: columns, using: &generator)
    #expect(try LowRankChange(noise, roundingError: rounding) == nil)
    #expect(try LowRankChange(before - before, roundingError: rounding) == nil)
    #expect(try LowRankChange(Matrix(rows: 7, columns: 9), roundingError: 0) == nil)
  }
}
