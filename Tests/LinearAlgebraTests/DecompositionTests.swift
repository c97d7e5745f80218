import LinearAlgebra
import Randomness
import Testing

@Suite struct DecompositionTests {
  @Test(arguments: [(7, 4), (4, 7), (5, 5), (1, 3), (3, 1)])
  func `QR gives back the matrix with orthonormal columns`(rows: Int, columns: Int) throws {
    let a = wave(rows, columns)
    for qr in [try a.qr(), try a.completeQR()] {
      #expect(difference(qr.q * qr.r, a) < 1e-14)
      #expect(difference(qr.q.gram, .identity(qr.q.columns)) < 1e-14)
    }
    #expect(try a.completeQR().q.columns == rows)
    let r = try a.triangularFactor()
    #expect(difference(r.gram, a.gram) < 1e-13)
    #expect(r.diagonal.allSatisfy { $0 >= 0 })
  }

  @Test func `a triangle brought up to date block by block is that of all rows`() throws {
    let rows = wave(50, 6)
    var triangle = Matrix(rows: 6, columns: 6)
    for range in [0..<1, 1..<4, 4..<40, 40..<50] {
      try triangle.updateTriangularFactor(with: rows[rows: range])
    }
    #expect(difference(triangle.gram, rows.gram) < 1e-13)
    for row in 1..<6 { #expect(triangle[row, row - 1] == 0) }
    // Singular values 1 and 1e-12: lost in AᵀA, kept in R.
    let weak = Matrix([[1, 1], [0, 1e-12]])
    var kept = Matrix(rows: 2, columns: 2)
    for row in 0..<2 { try kept.updateTriangularFactor(with: weak[rows: row..<row + 1]) }
    let (found, expected) = (try kept.singularValues(), try weak.singularValues())
    #expect(abs(found[1] / expected[1] - 1) < 1e-3)
    #expect(throws: LinearAlgebraError.self) {
      try kept.updateTriangularFactor(with: Matrix([[.nan, 1]]))
    }
  }

  @Test func `the orthogonal complement is orthogonal and complete`() throws {
    let a = wave(7, 2)
    let complement = try a.orthogonalComplement()
    #expect(complement.columns == 5)
    #expect(try a.transposedTimes(complement).spectralNorm() < 1e-14)
    #expect(difference(complement.gram, .identity(5)) < 1e-14)
  }

  @Test(arguments: [(7, 4), (4, 7), (5, 5), (1, 3)])
  func `the SVD gives back the matrix, thin and full`(rows: Int, columns: Int) throws {
    let a = wave(rows, columns)
    let thin = try a.svd()
    let scaled = thin.u * Matrix.diagonal(thin.values)
    #expect(difference(scaled * thin.vt, a) < 1e-14)
    let full = try a.fullSVD()
    #expect(full.u.columns == rows && full.vt.rows == columns)
    #expect(difference(full.u.gram, .identity(rows)) < 1e-14)
    #expect(difference(full.vt.gram, .identity(columns)) < 1e-14)
    let core = full.u.transposedTimes(a).timesTransposed(full.vt)
    for i in 0..<min(rows, columns) { #expect(abs(core[i, i] - full.values[i]) < 1e-14) }
    #expect(difference(try a.singularValues(), thin.values) < 1e-14)
  }

  @Test func `singular values, norms and eigenvalues are those of SciPy`() throws {
    let reference = try Reference()
    let tall = wave(7, 4)
    let singular = try tall.singularValues()
    #expect(difference(singular, reference.numbers("tall_singular_values")) < 1e-14)
    let wide = try wave(3, 6).singularValues()
    #expect(difference(wide, reference.numbers("wide_singular_values")) < 1e-14)
    #expect(abs(tall.frobeniusNorm - reference.number("tall_frobenius_norm")) < 1e-14)
    #expect(abs(try tall.spectralNorm() - reference.number("tall_spectral_norm")) < 1e-14)
    #expect(abs(try tall.nuclearNorm() - reference.number("tall_nuclear_norm")) < 1e-13)
    let symmetric = wave(5, 5) + wave(5, 5).transposed
    let eigen = try symmetric.symmetricEigen()
    #expect(difference(eigen.values, reference.numbers("symmetric_eigenvalues")) < 1e-14)
    #expect(
      difference(symmetric * eigen.vectors, eigen.vectors * .diagonal(eigen.values)) < 1e-14)
  }

  @Test func `signs are fixed: the largest entry of every vector is positive`() throws {
    let eigen = try wave(9, 6).gram.symmetricEigen()
    let svd = try wave(9, 6).svd()
    for index in 0..<6 {
      for vector in [eigen.vectors.column(index), svd.vt.row(index)] {
        let largest = try #require(vector.max { abs($0) < abs($1) })
        #expect(largest > 0)
      }
      #expect(difference(eigen.vectors.column(index), svd.vt.row(index)) < 1e-10)
    }
    let tie = try Matrix([[0, -1], [-1, 0]]).symmetricEigen()
    #expect(tie.values == [1, -1])
    #expect(tie.vectors[0, 0] > 0 && tie.vectors[0, 1] > 0)
  }

  @Test func `a matrix with NaN or infinity is refused by name, before LAPACK sees it`() throws {
    var a = wave(3, 3)
    a[1, 2] = .nan
    let expected = LinearAlgebraError.notFinite(operation: "singular values", row: 1, column: 2)
    #expect(throws: expected) { try a.singularValues() }
    a[1, 2] = -.infinity
    #expect(throws: LinearAlgebraError.self) { try a.symmetricEigen() }
    #expect(throws: LinearAlgebraError.self) { try a.qr() }
    #expect(throws: LinearAlgebraError.self) { try a.leastSquares(wave(3, 1)) }
    #expect(throws: LinearAlgebraError.self) { try wave(3, 3).solve(a) }
    #expect(
      expected.description
        == "singular values: the entry at row 1, column 2 is not a finite number")
  }

  @Test func `entries near the overflow threshold are not mistaken for infinities`() throws {
    let huge = Matrix(rows: 1, columns: 2, values: [1e308, 1e308])
    #expect(try huge.singularValues()[0] > 1.4e308)
  }

  @Test func `empty matrices have empty decompositions`() throws {
    let none = Matrix(rows: 0, columns: 3)
    #expect(try none.singularValues() == [])
    #expect(try none.fullSVD().vt == .identity(3))
    #expect(try none.columnSpaceBasis().columns == 0)
    #expect(try none.rowSpaceBasis() == Matrix(rows: 3, columns: 0))
    #expect(try Matrix(rows: 0, columns: 0).symmetricEigen().values == [])
    #expect(try Matrix(rows: 3, columns: 0).orthogonalComplement() == .identity(3))
  }

  @Test(arguments: 1...3) func `random orthogonal matrices are orthogonal, seeded and centred`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed, "rotation")
    let q = try Matrix.randomOrthogonal(40, using: &generator)
    #expect(difference(q.gram, .identity(40)) < 1e-13)
    // Entries of a Haar orthogonal matrix have variance 1/40, so their trace has variance 1.
    #expect(abs(q.trace) < 5)
    var again = SeededGenerator(seed: seed, "rotation")
    #expect(try Matrix.randomOrthogonal(40, using: &again) == q)
    let thin = try Matrix.randomOrthonormal(rows: 9, columns: 2, using: &generator)
    #expect(difference(thin.gram, .identity(2)) < 1e-14)
  }

  @Test func `the corner of a random orthogonal matrix is positive half of the time`() throws {
    var generator = SeededGenerator(seed: 1, "signs")
    var positive = 0
    for _ in 0..<100 where try Matrix.randomOrthogonal(3, using: &generator)[0, 0] > 0 {
      positive += 1
    }
    // 30 to 70 of 100 fails a fair coin once in 25 000 times.
    #expect(positive > 30 && positive < 70)
    // With the diagonal of R positive, the first column points the way the drawn one does.
    var again = SeededGenerator(seed: 1, "signs")
    let drawn = Matrix.normal(rows: 3, columns: 3, using: &again)
    var same = SeededGenerator(seed: 1, "signs")
    let q = try Matrix.randomOrthogonal(3, using: &same)
    #expect(dot(q.column(0), drawn.column(0)) > 0)
  }

  @Test func `the nearest orthogonal matrix undoes a rotation and a positive scaling`() throws {
    var generator = SeededGenerator(seed: 1, "procrustes")
    let q = try Matrix.randomOrthogonal(6, using: &generator)
    let stretched = q * Matrix.diagonal([6, 5, 4, 3, 2, 1])
    #expect(difference(try stretched.nearestOrthogonal(), q) < 1e-13)
  }
}
