import LinearAlgebra
import Randomness
import Testing

@Suite struct ProductTests {
  let a = Matrix([[1, 2, 3], [4, 5, 6]])
  let b = Matrix([[1, 0], [2, 1], [0, -1]])

  @Test func `products agree with sums written out`() {
    #expect(a * b == Matrix([[5, -1], [14, -1]]))
    #expect(a.transposedTimes(a) == a.gram)
    #expect(a.gram == Matrix([[17, 22, 27], [22, 29, 36], [27, 36, 45]]))
    #expect(a.timesTransposed(a) == Matrix([[14, 32], [32, 77]]))
    #expect(a.times([1, 0, -1]) == [-2, -2])
    #expect(a.transposedTimes([1, 1]) == [5, 7, 9])
    #expect(a.innerProduct(a) == 91)
    #expect(2 * a - a == a)
  }

  @Test func `accumulating blocks of rows gives the Gram matrix of all rows`() {
    let rows = wave(50, 6)
    var sum = Matrix(rows: 6, columns: 6)
    for start in stride(from: 0, to: 50, by: 7) {
      sum.addUpperGram(of: rows[rows: start..<min(start + 7, 50)])
    }
    sum.mirrorUpperTriangle()
    #expect(difference(sum, rows.gram) < 1e-13)
    #expect(sum == sum.transposed)
  }

  @Test func `slices and transposes keep entries in their places`() {
    #expect(a.transposed == Matrix([[1, 4], [2, 5], [3, 6]]))
    #expect(a[columns: 1..<3] == Matrix([[2, 3], [5, 6]]))
    #expect(a[rows: 1..<2] == Matrix([[4, 5, 6]]))
    #expect(a.column(1) == [2, 5])
    #expect(a.selectingRows([1, 0]).row(0) == [4, 5, 6])
    #expect(a.appendingRows(of: a).rows == 4)
    #expect(Matrix.diagonal([1, 2]).diagonal == [1, 2])
    #expect(a.columnMeans == [2.5, 3.5, 4.5])
    #expect(a.centered == Matrix([[-1.5, -1.5, -1.5], [1.5, 1.5, 1.5]]))
  }

  @Test func `empty matrices multiply to empty or zero matrices`() {
    let none = Matrix(rows: 0, columns: 3)
    #expect(none.gram == Matrix(rows: 3, columns: 3))
    #expect((none * b).rows == 0)
    #expect(
      Matrix(rows: 3, columns: 0) * Matrix(rows: 0, columns: 2) == Matrix(rows: 3, columns: 2))
    #expect(none.transposed.columns == 0)
    #expect(none.columnMeans == [0, 0, 0])
  }

  @Test func `results do not depend on the number of threads beyond rounding`() {
    var generator = SeededGenerator(seed: 3, "threads")
    let x = Matrix.normal(rows: 300, columns: 120, using: &generator)
    let before = LinearAlgebraThreads.count
    LinearAlgebraThreads.use(1)
    let (one, again) = (x.gram, x.gram)
    LinearAlgebraThreads.use(2)
    let two = x.gram
    LinearAlgebraThreads.use(before)
    #expect(one == again)
    #expect(difference(one, two) < 1e-11)
  }
}
