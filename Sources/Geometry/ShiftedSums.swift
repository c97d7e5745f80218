import Dispatch
import LinearAlgebra

/// Sums over examples of shifted rows x (before) and y (after), with a = |x|² and b = |y|².
///
/// Symmetric matrices are kept in their upper triangles. Every term adds across parts that use the
/// same shifts; the terms with a and b are those that debiased CKA needs besides the moments.
struct ShiftedSums: Sendable {
  /// Σ x and Σ y.
  var x, y: [Double]

  /// Σ x xᵀ and Σ y yᵀ, upper triangles, and Σ x yᵀ.
  var xx, yy, xy: Matrix

  /// Σ a, Σ b, Σ a², Σ b², Σ a b.
  var a = 0.0
  var b = 0.0
  var aa = 0.0
  var bb = 0.0
  var ab = 0.0

  /// Σ a x, Σ a y, Σ b x, Σ b y.
  var ax, ay, bx, by: [Double]

  init(beforeWidth: Int, afterWidth: Int) {
    x = [Double](repeating: 0, count: beforeWidth)
    y = [Double](repeating: 0, count: afterWidth)
    (ax, bx, ay, by) = (x, x, y, y)
    xx = Matrix(rows: beforeWidth, columns: beforeWidth)
    yy = Matrix(rows: afterWidth, columns: afterWidth)
    xy = Matrix(rows: beforeWidth, columns: afterWidth)
  }

  /// Adds the sums over rows that are shifted already, but for the products of ``SecondMoments``.
  mutating func addVectors(_ rowsX: Matrix, _ rowsY: Matrix) {
    let ones = [Double](repeating: 1, count: rowsX.rows)
    let (squaresX, squaresY) = (rowsX.rowSquaredNorms, rowsY.rowSquaredNorms)
    accumulate(&x, rowsX.transposedTimes(ones))
    accumulate(&y, rowsY.transposedTimes(ones))
    a += dot(squaresX, ones)
    b += dot(squaresY, ones)
    aa += dot(squaresX, squaresX)
    bb += dot(squaresY, squaresY)
    ab += dot(squaresX, squaresY)
    accumulate(&ax, rowsX.transposedTimes(squaresX))
    accumulate(&ay, rowsY.transposedTimes(squaresX))
    accumulate(&bx, rowsX.transposedTimes(squaresY))
    accumulate(&by, rowsY.transposedTimes(squaresY))
  }

  /// Adds the d×d products of a block, side by side: each product is summed by one thread, so that
  /// the same blocks give the same bits whatever the number of processors.
  mutating func addProducts(
    _ rowsX: Matrix, _ rowsY: Matrix, change: Matrix?, into second: inout Matrix?
  ) {
    guard rowsX.columns * rowsY.columns >= 1 << 16 else {
      xx.addUpperGram(of: rowsX)
      yy.addUpperGram(of: rowsY)
      xy.addProduct(transposed: rowsX, rowsY)
      if let change { second?.addUpperGram(of: change) }
      return
    }
    // Taken out of their owners, so that nothing is copied and no two threads share a value.
    let jobs = [
      Job(xy) { $0.addProduct(transposed: rowsX, rowsY) },
      Job(xx) { $0.addUpperGram(of: rowsX) }, Job(yy) { $0.addUpperGram(of: rowsY) },
      Job(second ?? Matrix(rows: 0, columns: 0)) { target in
        if let change { target.addUpperGram(of: change) }
      },
    ]
    let empty = Matrix(rows: 0, columns: 0)
    (xy, xx, yy) = (empty, empty, empty)
    let hadSecond = second != nil
    second = nil
    DispatchQueue.concurrentPerform(iterations: jobs.count) { jobs[$0].run() }
    (xy, xx, yy) = (jobs[0].take(), jobs[1].take(), jobs[2].take())
    if hadSecond { second = jobs[3].take() }
  }

  /// Adds `scale` times the sums of other examples with the same shifts.
  mutating func add(_ other: ShiftedSums, scale: Double) {
    accumulate(&x, other.x, scale)
    accumulate(&y, other.y, scale)
    xx.add(other.xx, scale: scale)
    yy.add(other.yy, scale: scale)
    xy.add(other.xy, scale: scale)
    a += scale * other.a
    b += scale * other.b
    aa += scale * other.aa
    bb += scale * other.bb
    ab += scale * other.ab
    accumulate(&ax, other.ax, scale)
    accumulate(&ay, other.ay, scale)
    accumulate(&bx, other.bx, scale)
    accumulate(&by, other.by, scale)
  }

  /// Replaces x by x + s and y by y + t in every sum.
  mutating func shift(before s: [Double], after t: [Double], count: Int) {
    let n = Double(count)
    let (ss, tt, sx, ty) = (dot(s, s), dot(t, t), dot(s, x), dot(t, y))
    let (xxs, yyt) = (xx.symmetricTimes(s), yy.symmetricTimes(t))
    let (xyt, yxs) = (xy.times(t), xy.transposedTimes(s))
    let old = self

    ab += 2 * dot(t, old.ay) + tt * old.a + 2 * dot(s, old.bx) + 4 * dot(s, xyt)
    ab += 2 * tt * sx + ss * old.b + 2 * ss * ty + n * ss * tt
    aa += 4 * dot(s, xxs) + n * ss * ss + 4 * dot(s, old.ax) + 2 * ss * old.a + 4 * ss * sx
    bb += 4 * dot(t, yyt) + n * tt * tt + 4 * dot(t, old.by) + 2 * tt * old.b + 4 * tt * ty
    a += 2 * sx + n * ss
    b += 2 * ty + n * tt

    // Σ (a + 2 s·x + |s|²)(x + s) and its three relatives.
    accumulate(&ax, xxs, 2)
    accumulate(&ax, old.x, ss)
    accumulate(&ax, s, a)
    accumulate(&ay, yxs, 2)
    accumulate(&ay, old.y, ss)
    accumulate(&ay, t, a)
    accumulate(&bx, xyt, 2)
    accumulate(&bx, old.x, tt)
    accumulate(&bx, s, b)
    accumulate(&by, yyt, 2)
    accumulate(&by, old.y, tt)
    accumulate(&by, t, b)

    let (columnX, columnS) = (row(old.x), row(s))
    let (columnY, columnT) = (row(old.y), row(t))
    xx.addProduct(transposed: columnX, columnS)
    xx.addProduct(transposed: columnS, columnX)
    xx.addProduct(transposed: columnS, columnS, scale: n)
    yy.addProduct(transposed: columnY, columnT)
    yy.addProduct(transposed: columnT, columnY)
    yy.addProduct(transposed: columnT, columnT, scale: n)
    xy.addProduct(transposed: columnX, columnT)
    xy.addProduct(transposed: columnS, columnY)
    xy.addProduct(transposed: columnS, columnT, scale: n)
    accumulate(&x, s, n)
    accumulate(&y, t, n)
  }
}

/// Adds `scale` times `other` to `sum`.
func accumulate(_ sum: inout [Double], _ other: [Double], _ scale: Double = 1) {
  for index in sum.indices { sum[index] += scale * other[index] }
}

/// A matrix with what is to be added to it; used by one thread at a time.
private final class Job: @unchecked Sendable {
  private var target: Matrix
  private let body: (inout Matrix) -> Void

  init(_ target: Matrix, _ body: @escaping (inout Matrix) -> Void) {
    self.target = target
    self.body = body
  }

  func run() { body(&target) }

  func take() -> Matrix {
    defer { target = Matrix(rows: 0, columns: 0) }
    return target
  }
}

private func row(_ vector: [Double]) -> Matrix {
  Matrix(rows: 1, columns: vector.count, values: vector)
}
