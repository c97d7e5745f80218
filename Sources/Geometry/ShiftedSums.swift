import LinearAlgebra

/// Sums over examples of shifted rows x (before) and y (after), with a = |x|² and b = |y|².
///
/// Symmetric matrices are kept as their upper triangles. Every term adds across parts that use the
/// same shifts; the terms with a and b are those that debiased CKA needs besides the moments.
struct ShiftedSums: Sendable {
  /// Σ x and Σ y.
  var x, y: [Double]

  /// Σ x xᵀ and Σ y yᵀ.
  var xx, yy: UpperTriangle

  /// Σ z zᵀ with z = y − x, summed by itself: as a difference of the others it would lose its digits
  /// when the change is small. Of size 0 where widths differ.
  var change: UpperTriangle

  /// Σ x yᵀ.
  var cross: CrossSums

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
    xx = UpperTriangle(size: beforeWidth)
    yy = UpperTriangle(size: afterWidth)
    if beforeWidth == afterWidth {
      change = UpperTriangle(size: beforeWidth)
      cross = .upper(UpperTriangle(size: beforeWidth))
    } else {
      change = UpperTriangle(size: 0)
      cross = .whole(Matrix(rows: beforeWidth, columns: afterWidth))
    }
  }

  /// Adds the sums over rows that are shifted already.
  ///
  /// - Parameter change: y − x, exact where they would not be; `nil` where widths differ.
  /// - Parameter isFirst: whether nothing was added before.
  mutating func add(_ rowsX: Matrix, _ rowsY: Matrix, change rowsZ: Matrix?, isFirst: Bool) {
    addVectors(rowsX, rowsY)
    if isFirst, case .upper(let upper) = cross, !CrossSums.isBalanced(rowsX, rowsY) {
      cross = .whole(Matrix(rows: upper.size, columns: upper.size))
    }
    var products = [RowProduct(gramOf: rowsX), RowProduct(gramOf: rowsY)]
    // Taken out of their owners, so that nothing is copied.
    var triangles = [xx, yy]
    var matrix = Matrix(rows: 0, columns: 0)
    var whole: RowProduct?
    let none = UpperTriangle(size: 0)
    if let rowsZ {
      products.append(RowProduct(gramOf: rowsZ))
      triangles.append(change)
    }
    switch cross {
    case .upper(let upper):
      products.append(RowProduct(rowsX, rowsY))
      triangles.append(upper)
    case .whole(let sums):
      matrix = sums
      whole = RowProduct(rowsX, rowsY)
    }
    let hasWhole = whole != nil
    (xx, yy, change, cross) = (none, none, none, .upper(none))
    UpperTriangle.add(products, to: &triangles, and: whole, to: &matrix)
    cross = hasWhole ? .whole(matrix) : .upper(triangles.removeLast())
    if rowsZ != nil { change = triangles.removeLast() }
    (xx, yy) = (triangles[0], triangles[1])
  }

  private mutating func addVectors(_ rowsX: Matrix, _ rowsY: Matrix) {
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

  /// Adds `scale` times the sums of other examples with the same shifts.
  mutating func add(_ other: ShiftedSums, scale: Double) {
    if case .upper(var upper) = cross, case .upper(let otherUpper) = other.cross {
      cross = .upper(UpperTriangle(size: 0))
      upper.add(otherUpper, scale: scale)
      cross = .upper(upper)
    } else {
      var matrix = crossMatrix()
      cross = .upper(UpperTriangle(size: 0))
      matrix.add(other.crossMatrix(), scale: scale)
      cross = .whole(matrix)
    }
    accumulate(&x, other.x, scale)
    accumulate(&y, other.y, scale)
    xx.add(other.xx, scale: scale)
    yy.add(other.yy, scale: scale)
    change.add(other.change, scale: scale)
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
    let (xyt, yxs) = (crossTimes(t), crossTransposedTimes(s))
    let (oldX, oldY, oldA, oldB) = (x, y, a, b)

    ab += 2 * dot(t, ay) + tt * oldA + 2 * dot(s, bx) + 4 * dot(s, xyt)
    ab += 2 * tt * sx + ss * oldB + 2 * ss * ty + n * ss * tt
    aa += 4 * dot(s, xxs) + n * ss * ss + 4 * dot(s, ax) + 2 * ss * oldA + 4 * ss * sx
    bb += 4 * dot(t, yyt) + n * tt * tt + 4 * dot(t, by) + 2 * tt * oldB + 4 * tt * ty
    a += 2 * sx + n * ss
    b += 2 * ty + n * tt

    // Σ (a + 2 s·x + |s|²)(x + s) and its three relatives.
    accumulate(&ax, xxs, 2)
    accumulate(&ax, oldX, ss)
    accumulate(&ax, s, a)
    accumulate(&ay, yxs, 2)
    accumulate(&ay, oldY, ss)
    accumulate(&ay, t, a)
    accumulate(&bx, xyt, 2)
    accumulate(&bx, oldX, tt)
    accumulate(&bx, s, b)
    accumulate(&by, yyt, 2)
    accumulate(&by, oldY, tt)
    accumulate(&by, t, b)

    if case .upper(var upper) = cross {
      cross = .upper(UpperTriangle(size: 0))
      upper.addOuterProduct(oldX, t)
      upper.addOuterProduct(s, oldY)
      upper.addOuterProduct(s, t, scale: n)
      cross = .upper(upper)
    } else if case .whole(var matrix) = cross {
      cross = .upper(UpperTriangle(size: 0))
      let (columnX, columnS, columnT) = (row(oldX), row(s), row(t))
      matrix.addProduct(transposed: columnX, columnT)
      matrix.addProduct(transposed: columnS, row(oldY))
      matrix.addProduct(transposed: columnS, columnT, scale: n)
      cross = .whole(matrix)
    }
    xx.shift(by: s, sum: oldX, count: n)
    yy.shift(by: t, sum: oldY, count: n)
    if change.size > 0 {
      change.shift(by: difference(t, s), sum: difference(oldY, oldX), count: n)
    }
    accumulate(&x, s, n)
    accumulate(&y, t, n)
  }
}

extension UpperTriangle {
  /// Makes Σ (x + s)(x + s)ᵀ over n rows of Σ x xᵀ.
  mutating func shift(by s: [Double], sum: [Double], count: Double) {
    addOuterProduct(sum, s)
    addOuterProduct(s, sum)
    addOuterProduct(s, s, scale: count)
  }
}

/// The differences of entries.
func difference(_ a: [Double], _ b: [Double]) -> [Double] {
  zip(a, b).map { $0 - $1 }
}

/// Adds `scale` times `other` to `sum`.
func accumulate(_ sum: inout [Double], _ other: [Double], _ scale: Double = 1) {
  for index in sum.indices { sum[index] += scale * other[index] }
}

private func row(_ vector: [Double]) -> Matrix {
  Matrix(rows: 1, columns: vector.count, values: vector)
}
