import LinearAlgebra
import Randomness
import Testing

@Suite struct UpperTriangleTests {
  private func symmetric(_ size: Int, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed, "triangle")
    return Matrix.normal(rows: 7, columns: size, using: &generator).gram
  }

  @Test(arguments: [0, 1, 5, 512, 513, 1300])
  func `a triangle holds what its matrix holds`(size: Int) {
    let matrix = symmetric(size, seed: 1)
    let triangle = UpperTriangle(of: matrix)
    #expect(triangle.symmetricMatrix() == matrix)
    #expect(triangle.symmetricMatrix(scale: 0.5) == 0.5 * matrix)
    let trace = (0..<size).reduce(0.0) { $0 + matrix[$1, $1] }
    #expect(abs(triangle.trace - trace) <= 1e-12 * max(1, trace))
    let vector = (0..<size).map { 1 / Double(1 + $0) }
    for (a, b) in zip(triangle.symmetricTimes(vector), matrix.times(vector)) {
      #expect(abs(a - b) < 1e-11)
    }
  }

  @Test func `sums and outer products are those of matrices`() {
    var triangle = UpperTriangle(of: symmetric(600, seed: 2))
    triangle.add(UpperTriangle(of: symmetric(600, seed: 3)), scale: -2)
    let (a, b) = ((0..<600).map { Double($0 % 7) }, (0..<600).map { Double($0 % 5) - 2 })
    triangle.addOuterProduct(a, b, scale: 3)
    triangle.addOuterProduct(b, a, scale: 3)
    var expected = symmetric(600, seed: 2).adding(symmetric(600, seed: 3), scale: -2)
    let (rowA, rowB) = (
      Matrix(rows: 1, columns: 600, values: a), Matrix(rows: 1, columns: 600, values: b)
    )
    expected.addProduct(transposed: rowA, rowB, scale: 3)
    expected.addProduct(transposed: rowB, rowA, scale: 3)
    #expect((triangle.symmetricMatrix() - expected).frobeniusNorm < 1e-10)
  }

  @Test func `products of blocks are added, on any number of threads with the same bits`() {
    var generator = SeededGenerator(seed: 5, "products")
    let x = Matrix.normal(rows: 40, columns: 1100, using: &generator)
    let y = Matrix.normal(rows: 40, columns: 1100, using: &generator)
    func sums() -> ([UpperTriangle], Matrix) {
      var triangles = [UpperTriangle(size: 1100), UpperTriangle(size: 1100)]
      var whole = Matrix(rows: 1100, columns: 1100)
      for _ in 0..<2 {
        UpperTriangle.add(
          [RowProduct(gramOf: x), RowProduct(x, y)], to: &triangles, and: RowProduct(x, y),
          to: &whole)
      }
      return (triangles, whole)
    }
    let (triangles, whole) = sums()
    #expect((triangles[0].symmetricMatrix() - 2 * x.gram).frobeniusNorm < 1e-9)
    #expect((whole - 2 * x.transposedTimes(y)).frobeniusNorm < 1e-9)
    let upper = UpperTriangle(of: whole).symmetricMatrix()
    #expect((triangles[1].symmetricMatrix() - upper).frobeniusNorm < 1e-9)
    let again = sums()
    #expect(again.1 == whole)
    #expect(again.0[0].symmetricMatrix() == triangles[0].symmetricMatrix())
  }

  @Test func `the basis by reflections spans what that of singular vectors spans`() throws {
    var generator = SeededGenerator(seed: 6, "basis")
    let a = Matrix.normal(rows: 90, columns: 12, using: &generator)
    let (q, orth) = (try a.spanningBasis(), try a.columnSpaceBasis())
    #expect(q.columns == 12)
    #expect((q.gram - .identity(12)).frobeniusNorm < 1e-13)
    #expect((q.timesTransposed(q) - orth.timesTransposed(orth)).frobeniusNorm < 1e-12)
    // Dependent columns are left out, by the same rule.
    let dependent = a[columns: 0..<5] * Matrix.normal(rows: 5, columns: 12, using: &generator)
    #expect(try dependent.spanningBasis().columns == 5)
    #expect(try Matrix(rows: 4, columns: 0).spanningBasis().columns == 0)
    #expect(try Matrix.normal(rows: 3, columns: 9, using: &generator).spanningBasis().columns == 3)
  }
}
