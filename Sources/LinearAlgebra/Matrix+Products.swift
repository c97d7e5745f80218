import CLAPACK

extension Matrix {
  /// The sum of two matrices of one shape.
  public static func + (a: Matrix, b: Matrix) -> Matrix { a.adding(b, scale: 1) }

  /// The difference of two matrices of one shape.
  public static func - (a: Matrix, b: Matrix) -> Matrix { a.adding(b, scale: -1) }

  /// `self + scale · other`.
  ///
  /// - Precondition: the shapes are equal.
  public func adding(_ other: Matrix, scale: Double) -> Matrix {
    var result = self
    result.add(other, scale: scale)
    return result
  }

  /// Adds `scale · other` in place.
  ///
  /// - Precondition: the shapes are equal.
  public mutating func add(_ other: Matrix, scale: Double = 1) {
    precondition(
      rows == other.rows && columns == other.columns,
      "\(rows)×\(columns) and \(other.rows)×\(other.columns) cannot be added")
    other.values.withUnsafeBufferPointer { added in
      values.withUnsafeMutableBufferPointer { entries in
        guard let source = added.baseAddress, let target = entries.baseAddress else { return }
        forEachPiece(of: entries.count) {
          cblas_daxpy($1, scale, source + $0, 1, target + $0, 1)
        }
      }
    }
  }

  /// Every entry times `scale`.
  public static func * (scale: Double, a: Matrix) -> Matrix {
    var result = a
    result.scale(by: scale)
    return result
  }

  /// Multiplies every entry by `scale` in place.
  public mutating func scale(by scale: Double) {
    values.withUnsafeMutableBufferPointer { entries in
      guard let base = entries.baseAddress else { return }
      forEachPiece(of: entries.count) { cblas_dscal($1, scale, base + $0, 1) }
    }
  }

  /// The product `a b`.
  ///
  /// - Precondition: `a.columns == b.rows`.
  public static func * (a: Matrix, b: Matrix) -> Matrix {
    var result = Matrix(rows: a.rows, columns: b.columns)
    result.addProduct(a, b)
    return result
  }

  /// The product `selfᵀ other`.
  ///
  /// - Precondition: `rows == other.rows`.
  public func transposedTimes(_ other: Matrix) -> Matrix {
    var result = Matrix(rows: columns, columns: other.columns)
    result.addProduct(transposed: self, other)
    return result
  }

  /// The product `self otherᵀ`.
  ///
  /// - Precondition: `columns == other.columns`.
  public func timesTransposed(_ other: Matrix) -> Matrix {
    precondition(columns == other.columns, "\(columns) and \(other.columns) columns")
    var result = Matrix(rows: rows, columns: other.rows)
    guard rows > 0, other.rows > 0, columns > 0 else { return result }
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasSize(rows), blasSize(other.rows),
      blasSize(columns), 1, values, blasSize(columns), other.values, blasSize(columns), 0,
      &result.values, blasSize(other.rows))
    return result
  }

  /// Adds `scale · a b` in place.
  ///
  /// - Precondition: the shapes fit.
  public mutating func addProduct(_ a: Matrix, _ b: Matrix, scale: Double = 1) {
    precondition(
      a.columns == b.rows && rows == a.rows && columns == b.columns,
      "\(a.rows)×\(a.columns) times \(b.rows)×\(b.columns) is not \(rows)×\(columns)")
    guard rows > 0, columns > 0, b.rows > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, blasSize(rows), blasSize(columns),
      blasSize(b.rows), scale, a.values, blasSize(a.columns), b.values, blasSize(columns), 1,
      &values, blasSize(columns))
  }

  /// Adds `scale · aᵀ b` in place.
  ///
  /// - Precondition: the shapes fit.
  public mutating func addProduct(transposed a: Matrix, _ b: Matrix, scale: Double = 1) {
    precondition(
      a.rows == b.rows && rows == a.columns && columns == b.columns,
      "(\(a.rows)×\(a.columns))ᵀ times \(b.rows)×\(b.columns) is not \(rows)×\(columns)")
    guard rows > 0, columns > 0, b.rows > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, blasSize(rows), blasSize(columns),
      blasSize(b.rows), scale, a.values, blasSize(rows), b.values, blasSize(columns), 1,
      &values, blasSize(columns))
  }

  /// Adds `aᵀ b` for `count` rows of one block from `first` and from `second` on; the upper triangle
  /// alone when these are the same.
  ///
  /// - Precondition: the matrix is square with `block.columns` columns, and there are such rows.
  public mutating func addProduct(
    ofRows block: Matrix, from first: Int, and second: Int, count: Int
  ) {
    let width = block.columns
    precondition(rows == width && columns == width, "\(width) columns for \(rows)×\(columns)")
    precondition(
      min(first, second) >= 0 && max(first, second) + max(0, count) <= block.rows,
      "\(count) rows from \(first) and \(second) of \(block.rows)")
    guard count > 0, width > 0 else { return }
    block.values.withUnsafeBufferPointer { entries in
      guard let base = entries.baseAddress else { return }
      let size = blasSize(width)
      if first == second {
        cblas_dsyrk(
          CblasRowMajor, CblasUpper, CblasTrans, size, blasSize(count), 1, base + first * width,
          size, 1, &values, size)
      } else {
        cblas_dgemm(
          CblasRowMajor, CblasTrans, CblasNoTrans, size, size, blasSize(count), 1,
          base + first * width, size, base + second * width, size, 1, &values, size)
      }
    }
  }

  /// The Gram matrix of the columns, `selfᵀ self`, exactly symmetric.
  public var gram: Matrix {
    var result = Matrix(rows: columns, columns: columns)
    result.addUpperGram(of: self)
    result.mirrorUpperTriangle()
    return result
  }

  /// Adds the upper triangle of `blockᵀ block`; the lower triangle is left as it is.
  ///
  /// Add blocks of rows one after another, then call ``mirrorUpperTriangle()`` once.
  ///
  /// - Precondition: the matrix is square with `block.columns` columns.
  public mutating func addUpperGram(of block: Matrix) {
    precondition(
      rows == block.columns && columns == block.columns,
      "a Gram matrix of \(block.columns) columns is not \(rows)×\(columns)")
    guard block.rows > 0, columns > 0 else { return }
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasSize(columns), blasSize(block.rows), 1,
      block.values, blasSize(columns), 1, &values, blasSize(columns))
  }

  /// Copies the upper triangle to the lower one.
  ///
  /// - Precondition: the matrix is square.
  public mutating func mirrorUpperTriangle() {
    precondition(rows == columns, "\(rows)×\(columns) has no mirror image")
    let size = columns
    values.withUnsafeMutableBufferPointer { entries in
      var row = 1
      while row < size {
        var column = 0
        while column < row {
          entries[row * size + column] = entries[column * size + row]
          column += 1
        }
        row += 1
      }
    }
  }

  /// The product `self vector`.
  ///
  /// - Precondition: `vector.count == columns`.
  public func times(_ vector: [Double]) -> [Double] {
    precondition(vector.count == columns, "\(vector.count) entries for \(columns) columns")
    var result = [Double](repeating: 0, count: rows)
    guard rows > 0, columns > 0 else { return result }
    cblas_dgemv(
      CblasRowMajor, CblasNoTrans, blasSize(rows), blasSize(columns), 1, values,
      blasSize(columns), vector, 1, 0, &result, 1)
    return result
  }

  /// The product of a symmetric matrix, of which only the upper triangle is read, and a vector.
  ///
  /// - Precondition: the matrix is square and `vector.count == columns`.
  public func symmetricTimes(_ vector: [Double]) -> [Double] {
    precondition(rows == columns, "\(rows)×\(columns) is not square")
    precondition(vector.count == columns, "\(vector.count) entries for \(columns) columns")
    var result = [Double](repeating: 0, count: rows)
    guard rows > 0 else { return result }
    cblas_dsymv(
      CblasRowMajor, CblasUpper, blasSize(rows), 1, values, blasSize(columns), vector, 1, 0,
      &result, 1)
    return result
  }

  /// The product `selfᵀ vector`.
  ///
  /// - Precondition: `vector.count == rows`.
  public func transposedTimes(_ vector: [Double]) -> [Double] {
    precondition(vector.count == rows, "\(vector.count) entries for \(rows) rows")
    var result = [Double](repeating: 0, count: columns)
    guard rows > 0, columns > 0 else { return result }
    cblas_dgemv(
      CblasRowMajor, CblasTrans, blasSize(rows), blasSize(columns), 1, values,
      blasSize(columns), vector, 1, 0, &result, 1)
    return result
  }

  /// The sum of products of corresponding entries, `tr(selfᵀ other)`.
  ///
  /// - Precondition: the shapes are equal.
  public func innerProduct(_ other: Matrix) -> Double {
    precondition(
      rows == other.rows && columns == other.columns,
      "\(rows)×\(columns) and \(other.rows)×\(other.columns) have no inner product")
    return dot(values, other.values)
  }

  /// The inner product of every row with the same row of `other`.
  ///
  /// - Precondition: the shapes are equal.
  public func rowInnerProducts(_ other: Matrix) -> [Double] {
    precondition(
      rows == other.rows && columns == other.columns,
      "\(rows)×\(columns) and \(other.rows)×\(other.columns) have no inner products of rows")
    let width = blasSize(columns)
    return values.withUnsafeBufferPointer { a in
      other.values.withUnsafeBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else {
          return [Double](repeating: 0, count: rows)
        }
        return (0..<rows).map { row in
          cblas_ddot(width, a + row * columns, 1, b + row * columns, 1)
        }
      }
    }
  }

  /// The sum of squares of every row.
  public var rowSquaredNorms: [Double] { rowInnerProducts(self) }

  /// Whether every entry is finite.
  public var isFinite: Bool {
    magnitudeSum.isFinite || values.allSatisfy { $0.isFinite }
  }
}

/// The inner product of two vectors of one length.
public func dot(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "\(a.count) and \(b.count) entries")
  return a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      guard let x = a.baseAddress, let y = b.baseAddress else { return 0 }
      var sum = 0.0
      forEachPiece(of: a.count) { sum += cblas_ddot($1, x + $0, 1, y + $0, 1) }
      return sum
    }
  }
}
