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
    case .success(let lists): lists.overlap
    case .failure(let reason): .undefined(reason.text)
    }
  }

  /// Why there are no neighbours.
  struct Reason: Error { let text: String }

  /// The `k` nearest examples of each.
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
    var result = NeighbourLists(k: k, before: [], after: [])
    for range in a.blocks {
      let (near, far) = (a.squaredDistances(range), b.squaredDistances(range))
      for (place, row) in range.enumerated() {
        result.before.append(nearest(near.row(place), to: row, k))
        result.after.append(nearest(far.row(place), to: row, k))
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

/// The k nearest neighbours of every example on both sides, nearest first.
struct NeighbourLists {
  let k: Int
  var before, after: [[Int]]

  /// The mean overlap.
  var overlap: Measured {
    var sum = 0
    for row in before.indices {
      let second = Set(after[row].prefix(k))
      sum += before[row].prefix(k).count { second.contains($0) }
    }
    return Measured(Double(sum) / Double(k * before.count))
  }

  /// The standard error of the mean overlap v over groups of examples.
  ///
  /// The overlap is a mean over ordered pairs: wᵢⱼ = 1/k where j is a common neighbour of i, less v/2k for
  /// each side on which it is a neighbour. Pairs that share an example depend on one another, so with
  /// sᵢⱼ = wᵢⱼ + wⱼᵢ the variance is (Σᵢ (Σⱼ sᵢⱼ)² − Σᵢ<ⱼ sᵢⱼ²)/n², and at least that of the examples'
  /// own overlaps. Fafchamps and Gubert, Journal of Development Economics 83 (2007); Aronow, Samii and
  /// Assenova, Political Analysis 23 (2015). Leaving out blocks moves neighbours up, and counts that as
  /// error.
  ///
  /// - Complexity: O(n k).
  func standardError(_ groups: SampledGroups) -> Double {
    let (n, parts) = (before.count, groups.sizes.count)
    let share = 1 / Double(k)
    var overlaps = [Double](repeating: 0, count: n)
    var common: [Set<Int>] = []
    for row in 0..<n {
      let second = Set(after[row].prefix(k))
      common.append(Set(before[row].prefix(k)).intersection(second))
      overlaps[row] = Double(common[row].count) * share
    }
    let mean = overlaps.reduce(0, +) / Double(max(1, n))
    var totals = [Double](repeating: 0, count: parts)
    var own = totals
    var pairs: [Int: Double] = [:]
    func add(_ row: Int, _ other: Int, _ weight: Double) {
      let (a, b) = (groups.places[row], groups.places[other])
      if a == b {
        totals[a] += weight
      } else {
        totals[a] += weight
        totals[b] += weight
        pairs[min(a, b) * parts + max(a, b), default: 0] += weight
      }
    }
    for row in 0..<n {
      own[groups.places[row]] += overlaps[row] - mean
      for other in before[row].prefix(k) { add(row, other, -mean * share / 2) }
      for other in after[row].prefix(k) { add(row, other, -mean * share / 2) }
      for other in common[row] { add(row, other, share) }
    }
    // Sums in a fixed order, or last digits would depend on the hashing of this run.
    let twice = pairs.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * $1.value }
    let variance = max(dot(totals, totals) - twice, dot(own, own))
    return (variance * Double(parts) / Double(max(1, parts - 1))).squareRoot() / Double(max(1, n))
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
