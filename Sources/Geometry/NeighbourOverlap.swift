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
    switch lists(x, y, k: k) {
    case .success(let lists): lists.overlap(without: [])
    case .failure(let reason): .undefined(reason.text)
    }
  }

  /// Why there are no neighbours.
  struct Reason: Error { let text: String }

  /// The nearest examples of each, more than `k` of them, for some to be left out.
  static func lists(_ x: Matrix, _ y: Matrix, k: Int) -> Result<NeighbourLists, Reason> {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    precondition(k > 0, "\(k) neighbours")
    guard x.rows > k else {
      return .failure(
        Reason(text: "\(k) neighbours need more than \(k) examples; there are \(x.rows)"))
    }
    guard x.isFinite, y.isFinite else {
      return .failure(Reason(text: "the features are not all finite"))
    }
    let (a, b) = (PairwiseRows(x), PairwiseRows(y))
    for (side, centred, rows) in [("before", a.rows, x), ("after", b.rows, y)]
    where centred.squaredNorm <= 1e-28 * rows.squaredNorm {
      return .failure(Reason(text: "the features \(side) are constant"))
    }
    let reach = min(x.rows - 1, 2 * k + 20)
    var result = NeighbourLists(k: k, before: [], after: [])
    for range in a.blocks {
      let (near, far) = (a.squaredDistances(range), b.squaredDistances(range))
      for (place, row) in range.enumerated() {
        result.before.append(nearest(near.row(place), to: row, reach))
        result.after.append(nearest(far.row(place), to: row, reach))
      }
    }
    return .success(result)
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
}

/// The nearest neighbours of every example on both sides, nearest first, more of them than count.
struct NeighbourLists {
  let k: Int
  var before, after: [[Int]]

  /// The mean overlap of the examples that are not in `rows`, among themselves.
  func overlap(without rows: [Int]) -> Measured {
    let left = Set(rows)
    let count = before.count - left.count
    guard count > k else {
      return .undefined("\(k) neighbours need more than \(k) examples; there are \(count)")
    }
    var sum = 0
    for row in before.indices where !left.contains(row) {
      let first = before[row].lazy.filter { !left.contains($0) }.prefix(k)
      let second = Set(after[row].lazy.filter { !left.contains($0) }.prefix(k))
      guard second.count == k else {
        return .undefined("a block holds most neighbours of an example")
      }
      sum += first.count { second.contains($0) }
    }
    return Measured(Double(sum) / Double(k * count))
  }

  /// The mean overlap were example i before the example π(i) after.
  func overlap(pairing: [Int]) -> Double {
    var sum = 0
    for row in before.indices {
      let other = after[pairing[row]].prefix(k)
      for neighbour in before[row].prefix(k) where other.contains(pairing[neighbour]) { sum += 1 }
    }
    return Double(sum) / Double(k * before.count)
  }
}
