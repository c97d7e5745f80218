public import LinearAlgebra

/// Representational similarity analysis: the correlation of the pairwise dissimilarities of examples
/// in two feature sets.
///
/// Kriegeskorte, Mur and Bandettini, Frontiers in Systems Neuroscience 2 (2008).
public enum RepresentationalSimilarity {
  /// How two examples differ.
  public enum Dissimilarity: Equatable, Sendable {
    /// 1 − the correlation of their features.
    case correlation

    /// The Euclidean distance.
    case euclidean
  }

  /// How two lists of dissimilarities are compared.
  public enum Comparison: Equatable, Sendable {
    /// By ranks, ties averaged (ρ).
    case spearman

    /// By values.
    case pearson
  }

  /// The correlation of the n(n − 1)/2 dissimilarities, in [−1, 1].
  ///
  /// 0 on average for sets without relation. Undefined with fewer than three examples, when all
  /// dissimilarities of a side are equal, or when an example has equal features throughout and the
  /// dissimilarity is a correlation.
  ///
  /// - Precondition: as many rows in `x` as in `y`.
  /// - Complexity: O(n²(p + q + log n)) time and 16 n² bytes: give a sample when n is large.
  public static func correlation(
    _ x: Matrix, _ y: Matrix, dissimilarity: Dissimilarity = .correlation,
    comparison: Comparison = .spearman
  ) -> Measured {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    guard x.rows >= 3 else {
      return .undefined("dissimilarities need at least 3 examples; there are \(x.rows)")
    }
    guard x.isFinite, y.isFinite else { return .undefined("the features are not all finite") }
    guard var a = dissimilarities(x, dissimilarity), var b = dissimilarities(y, dissimilarity)
    else { return .undefined("an example has equal features throughout, so no correlation") }
    if comparison == .spearman { (a, b) = (ranks(a), ranks(b)) }
    return pearson(a, b)
  }

  /// The upper triangle without the diagonal, row by row; `nil` where a correlation is undefined.
  static func dissimilarities(_ x: Matrix, _ kind: Dissimilarity) -> [Double]? {
    var rows = x
    if kind == .correlation {
      for row in 0..<x.rows {
        let values = x.row(row)
        let mean = values.reduce(0, +) / Double(x.columns)
        let centred = values.map { $0 - mean }
        let length = dot(centred, centred).squareRoot()
        guard length > 1e-14 * dot(values, values).squareRoot() else { return nil }
        for column in 0..<x.columns { rows[row, column] = centred[column] / length }
      }
    }
    var result: [Double] = []
    result.reserveCapacity(x.rows * (x.rows - 1) / 2)
    switch kind {
    case .correlation:
      let size = max(1, min(x.rows, (1 << 22) / x.rows))
      for start in stride(from: 0, to: x.rows, by: size) {
        let range = start..<min(start + size, x.rows)
        let products = rows[rows: range].timesTransposed(rows)
        for (place, row) in range.enumerated() where row + 1 < x.rows {
          for column in (row + 1)..<x.rows { result.append(1 - products[place, column]) }
        }
      }
    case .euclidean:
      let pairs = PairwiseRows(x)
      for range in pairs.blocks {
        let distances = pairs.squaredDistances(range)
        for (place, row) in range.enumerated() where row + 1 < x.rows {
          for column in (row + 1)..<x.rows { result.append(distances[place, column].squareRoot()) }
        }
      }
    }
    return result
  }

  /// Ranks from 1, ties averaged.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var result = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { result[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return result
  }

  /// The correlation of two lists.
  static func pearson(_ a: [Double], _ b: [Double]) -> Measured {
    let n = Double(max(1, a.count))
    let (ma, mb) = (a.reduce(0, +) / n, b.reduce(0, +) / n)
    let (x, y) = (a.map { $0 - ma }, b.map { $0 - mb })
    let (xx, yy) = (dot(x, x), dot(y, y))
    guard xx > 1e-28 * dot(a, a), yy > 1e-28 * dot(b, b) else {
      return .undefined("all dissimilarities of a side are equal")
    }
    return Measured(min(1, max(-1, dot(x, y) / (xx.squareRoot() * yy.squareRoot()))))
  }
}

/// The rank correlation ρ of two lists of equal length, ties averaged; undefined when there are fewer
/// than three values or a list is constant. Spearman, American Journal of Psychology 15 (1904).
///
/// - Precondition: as many values in `a` as in `b`.
public func rankCorrelation(_ a: [Double], _ b: [Double]) -> Measured {
  precondition(a.count == b.count, "\(a.count) and \(b.count) values")
  guard a.count >= 3 else { return .undefined("a rank correlation needs at least 3 values") }
  let result = RepresentationalSimilarity.pearson(
    RepresentationalSimilarity.ranks(a), RepresentationalSimilarity.ranks(b))
  return result.reason == nil ? result : .undefined("all values of a side are equal")
}
