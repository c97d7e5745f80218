import LinearAlgebra

/// All rows of a pair as coordinates that keep every inner product, few where examples are fewer than
/// features.
///
/// Sets of equal width share their axes, an orthonormal basis of the span of both sides' rows, so that
/// angles between directions before and after are those of the features: d features of n examples
/// become 2n coordinates. Sets of other widths are reduced each by itself, to n.
struct ReducedRows {
  /// The rows before and after in these coordinates.
  let before, after: Matrix

  /// The axes in feature space, d×m; `nil` where rows are as they came.
  let axes: (before: Matrix?, after: Matrix?)

  /// The numbers of features.
  private let widths: (before: Int, after: Int)

  init(_ x: Matrix, _ y: Matrix) throws(GeometryError) {
    widths = (x.columns, y.columns)
    if x.columns == y.columns {
      guard 2 * x.rows < x.columns else {
        (before, after, axes) = (x, y, (nil, nil))
        return
      }
      let (coordinates, basis) = try Self.coordinates(of: x.appendingRows(of: y))
      before = coordinates[rows: 0..<x.rows]
      after = coordinates[rows: x.rows..<2 * x.rows]
      axes = (basis, basis)
      return
    }
    func reduce(_ rows: Matrix) throws(GeometryError) -> (Matrix, Matrix?) {
      guard rows.rows < rows.columns else { return (rows, nil) }
      return try Self.coordinates(of: rows)
    }
    let (first, second) = (try reduce(x), try reduce(y))
    (before, after, axes) = (first.0, second.0, (first.1, second.1))
  }

  /// Rows = coordinates · basisᵀ, by Householder reflections: to rounding of each row's own length.
  private static func coordinates(of rows: Matrix) throws(GeometryError) -> (Matrix, Matrix) {
    let decomposition = try convertingErrors { () throws(LinearAlgebraError) in
      try rows.transposed.qr()
    }
    return (decomposition.r.transposed, decomposition.q)
  }

  /// The numbers of the rows that are not left out.
  private func kept(without rows: [Int]) -> [Int] {
    let left = Set(rows)
    return (0..<before.rows).filter { !left.contains($0) }
  }

  /// The pair of the rows that are not left out; its directions are in these coordinates.
  func pair(without rows: [Int] = []) throws(GeometryError) -> WhitenedPair {
    guard !rows.isEmpty else { return try WhitenedPair(rows: before, after, widths: widths) }
    let kept = kept(without: rows)
    return try WhitenedPair(
      rows: before.selectingRows(kept), after.selectingRows(kept), widths: widths)
  }

  /// The singular values of the rows that are not left out, uncentred.
  func uncentredSpectra(without rows: [Int] = []) throws(GeometryError) -> ([Double], [Double]) {
    let kept = kept(without: rows)
    return try convertingErrors { () throws(LinearAlgebraError) in
      (
        try before.selectingRows(kept).singularValues(),
        try after.selectingRows(kept).singularValues()
      )
    }
  }

  /// The moments of the coordinates.
  func moments() throws(GeometryError) -> JointMoments {
    var moments = JointMoments(beforeWidth: before.columns, afterWidth: after.columns)
    try moments.add(before: before, after: after)
    return moments
  }
}
