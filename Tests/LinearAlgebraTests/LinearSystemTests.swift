import LinearAlgebra
import Testing

@Suite struct LinearSystemTests {
  @Test func `solutions are those of NumPy`() throws {
    let reference = try Reference()
    let general = try wave(4, 4).solve(wave(4, 2))
    #expect(difference(general.values, reference.numbers("general_solution")) < 1e-10)
    let definite = try wave(7, 4).gram.solvePositiveDefinite(wave(4, 2))
    #expect(difference(definite.values, reference.numbers("positive_definite_solution")) < 1e-11)
    let tall = try wave(7, 4).leastSquares(wave(7, 2))
    #expect(difference(tall.solution.values, reference.numbers("tall_least_squares")) < 1e-12)
    #expect(tall.rank == 4)
  }

  @Test func `a rank-deficient least squares problem has the solution of least norm`() throws {
    let reference = try Reference()
    let deficient = wave(6, 2) * wave(2, 5)
    let answer = try deficient.leastSquares(wave(6, 2))
    #expect(answer.rank == 2)
    #expect(
      difference(answer.solution.values, reference.numbers("deficient_least_squares")) < 1e-12)
    let wide = wave(2, 5)
    let exact = try wide.leastSquares(wave(2, 1))
    #expect(difference(wide * exact.solution, wave(2, 1)) < 1e-14)
    #expect(exact.solution.rows == 5)
  }

  @Test func `a singular matrix is an error, not a result`() {
    let singular = Matrix([[1, 2], [2, 4]])
    #expect(throws: LinearAlgebraError.singular(operation: "linear system", info: 2)) {
      try singular.solve(.identity(2))
    }
    #expect(throws: LinearAlgebraError.self) {
      try Matrix([[1, 2], [2, 1]]).solvePositiveDefinite(.identity(2))
    }
  }

  @Test func `the numerical rank and the basis are those of SciPy's orth`() throws {
    let reference = try Reference()
    let deficient = wave(6, 2) * wave(2, 5)
    #expect(try deficient.rank() == 2)
    let basis = try orthonormalBasis(of: deficient)
    #expect(
      difference(
        basis.timesTransposed(basis).values, reference.numbers("deficient_projector")) < 1e-14)
    let rows = try deficient.rowSpaceBasis()
    #expect(difference(deficient * rows.timesTransposed(rows), deficient) < 1e-14)
    #expect(try Matrix(rows: 3, columns: 2).columnSpaceBasis().columns == 0)
  }

  @Test func `single precision data need the single precision rule`() throws {
    let exact = wave(40, 2) * wave(2, 5)
    let rounded = Matrix(rows: 40, columns: 5, single: exact.values.map { Float($0) })
    #expect(try rounded.rank(.doublePrecision) == 5)
    #expect(try rounded.rank(.singlePrecision) == 2)
    #expect(try rounded.rank(.singleRounding) == 2)
    #expect(try rounded.rank(.relative(0.999)) == 1)
    // With many rows the rule by shape throws away what is there; the rule by norm does not.
    #expect(
      RankRule.singlePrecision.rank(singularValues: [1, 0.01], rows: 100_000, columns: 9) == 1)
    #expect(
      RankRule.singleRounding.rank(singularValues: [1, 0.01], rows: 100_000, columns: 9) == 2)
  }
}
