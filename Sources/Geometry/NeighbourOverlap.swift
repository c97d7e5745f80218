public import LinearAlgebra

/// How many of the nearest neighbours of an example are the same in two feature sets.
public enum NeighbourOverlap {
  /// The mean over examples of |Nₖ(before) ∩ Nₖ(after)| / k, in [0, 1].
  ///
  /// Neighbours by Euclidean distance, an example is not its own neighbour, ties go to the smaller
  /// row number. For sets without relation k/(n − 1) on average. Undefined when there are not more
  /// than k examples or a side is constant. Huh et al., "The Platonic Representation Hypothesis",
  /// ICML 2024 (there by cosine on normalised features).
  ///
  /// - Precondition: as many rows in `x` as in `y`, and `k > 0`.
  /// - Complexity: O(n²(p + q)) time, blocks of 32 MiB of memory.
  public static func mutual(_ x: Matrix, _ y: Matrix, k: Int) -> Measured {
    shares(x, y, k: k).map { Measured($0.reduce(0, +) / Double($0.count)) }.value
  }

  /// The share of each example, for intervals; or why there is none.
  static func shares(_ x: Matrix, _ y: Matrix, k: Int) -> Shares {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    precondition(k > 0, "\(k) neighbours")
    guard x.rows > k else {
      return .none("\(k) neighbours need more than \(k) examples; there are \(x.rows)")
    }
    guard x.isFinite, y.isFinite else { return .none("the features are not all finite") }
    let (a, b) = (PairwiseRows(x), PairwiseRows(y))
    for (side, centred, rows) in [("before", a.rows, x), ("after", b.rows, y)]
    where centred.squaredNorm <= 1e-28 * rows.squaredNorm {
      return .none("the features \(side) are constant")
    }
    var shares: [Double] = []
    for range in a.blocks {
      let (near, far) = (a.squaredDistances(range), b.squaredDistances(range))
      for (place, row) in range.enumerated() {
        let first = nearest(near.row(place), to: row, k)
        let second = Set(nearest(far.row(place), to: row, k))
        shares.append(Double(first.count { second.contains($0) }) / Double(k))
      }
    }
    return .some(shares)
  }

  /// The numbers of the `k` smallest distances, without `row` itself.
  private static func nearest(_ distances: [Double], to row: Int, _ k: Int) -> [Int] {
    // A bounded list, largest last: k is small beside n.
    var best: [(distance: Double, index: Int)] = []
    for (index, distance) in distances.enumerated() where index != row {
      if best.count == k, distance >= best[k - 1].distance { continue }
      var (low, high) = (0, best.count)
      while low < high {
        let middle = (low + high) / 2
        if best[middle].distance <= distance { low = middle + 1 } else { high = middle }
      }
      best.insert((distance, index), at: low)
      if best.count > k { best.removeLast() }
    }
    return best.map(\.index)
  }

  /// The share of every example, or why there is none.
  enum Shares {
    case some([Double])
    case none(String)

    func map(_ body: ([Double]) -> Measured) -> (value: Measured, shares: [Double]) {
      switch self {
      case .some(let shares): (body(shares), shares)
      case .none(let reason): (.undefined(reason), [])
      }
    }
  }
}
