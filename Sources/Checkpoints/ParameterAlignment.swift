/// Which parameters of two checkpoints belong together, and how that was found.
public struct ParameterAlignment: Sendable {
  /// What makes two parameters a pair.
  public enum Evidence: String, Hashable, Sendable {
    /// The same layer name and the same weight name.
    case name
    /// The same layer name and role; the weight's name differs, as between two sessions of Keras.
    case layerAndRole
    /// The same role and shape at the same place in model order; the layers' names differ.
    case order
    /// The same layer name and role, but at another place in model order.
    case moved

    /// The evidence in words.
    public var title: String {
      switch self {
      case .name: "name"
      case .layerAndRole: "layer and role"
      case .order: "order, role and shape"
      case .moved: "layer and role, out of order"
      }
    }
  }

  /// A parameter of each, by position in model order.
  public struct Pair: Hashable, Sendable {
    /// The position in the first.
    public var before: Int
    /// The position in the second.
    public var after: Int
    /// What makes them a pair.
    public var evidence: Evidence
  }

  /// The pairs, in the order of the first.
  public private(set) var pairs: [Pair] = []
  /// Positions in the first without a partner.
  public private(set) var onlyBefore: [Int] = []
  /// Positions in the second without a partner.
  public private(set) var onlyAfter: [Int] = []

  /// Aligns two lists in model order.
  ///
  /// Among all pairings that keep the order of both lists, the one with the most evidence is
  /// taken: layer, role and shape together count most, role and shape under another layer name
  /// half of that, layer and role with another shape a third. What is left over is paired by layer
  /// and role whatever the order. (Paths in Keras files are counters of class names: a layer
  /// inserted early renames the later ones, and names alone would pair the wrong ones.)
  ///
  /// - Complexity: O(n·m) for lists that differ; O(n) when both name the same parameters.
  public init(_ before: [Checkpoint.Parameter], _ after: [Checkpoint.Parameter]) {
    let (a, b) = (Self.identities(before), Self.identities(after))
    let byKey = Dictionary(uniqueKeysWithValues: b.indices.map { (b[$0].key, $0) })
    var inOrder: [Int: Int] = [:]
    if a.map(\.key) != b.map(\.key), Set(a.map(\.key)) == Set(byKey.keys) {
      let places = a.compactMap { byKey[$0.key] }
      for i in Self.longestIncreasing(places) { inOrder[i] = places[i] }
    } else {
      for (i, j) in Self.ordered(a, b) { inOrder[i] = j }
    }
    var free = Set(b.indices).subtracting(inOrder.values)
    for i in a.indices {
      if let j = inOrder[i] {
        let sameName = before[i].name == after[j].name
        pairs.append(
          Pair(
            before: i, after: j,
            evidence: a[i].key != b[j].key ? .order : sameName ? .name : .layerAndRole))
      } else if let j = byKey[a[i].key], free.remove(j) != nil {
        pairs.append(Pair(before: i, after: j, evidence: .moved))
      } else {
        onlyBefore.append(i)
      }
    }
    onlyAfter = free.sorted()
  }

  private struct Identity {
    struct Key: Hashable {
      var layer: String
      var role: Role
      var ordinal: Int
    }
    var key: Key
    var shape: [Int]
  }

  /// Layer and role, and for a role that a layer has several times, which of them.
  private static func identities(_ parameters: [Checkpoint.Parameter]) -> [Identity] {
    var counts: [Identity.Key: Int] = [:]
    return parameters.map { parameter in
      var key = Identity.Key(layer: parameter.layer, role: parameter.role, ordinal: 0)
      let ordinal = counts[key, default: 0]
      counts[key] = ordinal + 1
      key.ordinal = ordinal
      return Identity(key: key, shape: parameter.shape)
    }
  }

  private static func weight(_ a: Identity, _ b: Identity) -> Int32 {
    switch (a.key == b.key, a.shape == b.shape, a.key.role == b.key.role) {
    case (true, true, _): 6
    case (true, false, _): 2
    case (false, true, true): 3
    default: 0
    }
  }

  /// The positions of a longest run of `values`, gaps allowed, in which each exceeds the one before.
  private static func longestIncreasing(_ values: [Int]) -> [Int] {
    var tails: [Int] = []  // positions of the least last value of a run of each length
    var previous = [Int?](repeating: nil, count: values.count)
    for position in values.indices {
      var (low, high) = (0, tails.count)
      while low < high {
        let middle = (low + high) / 2
        if values[tails[middle]] < values[position] { low = middle + 1 } else { high = middle }
      }
      previous[position] = low > 0 ? tails[low - 1] : nil
      if low == tails.count { tails.append(position) } else { tails[low] = position }
    }
    var run: [Int] = []
    var position = tails.last
    while let place = position {
      run.append(place)
      position = previous[place]
    }
    return run.reversed()
  }

  /// The pairing with the most evidence among those that keep both orders (Needleman and Wunsch).
  private static func ordered(_ a: [Identity], _ b: [Identity]) -> [(Int, Int)] {
    // Equal ends need no table, and most checkpoints of one network are equal throughout.
    var start = 0
    while start < min(a.count, b.count), weight(a[start], b[start]) == 6 { start += 1 }
    var (endA, endB) = (a.count, b.count)
    while endA > start, endB > start, weight(a[endA - 1], b[endB - 1]) == 6 {
      endA -= 1
      endB -= 1
    }
    var pairs = (0..<start).map { ($0, $0) }
    let (n, m) = (endA - start, endB - start)
    // Beyond 64 million cells, names alone decide.
    if n > 0, m > 0, n <= 64_000_000 / m {
      var best = [Int32](repeating: 0, count: (n + 1) * (m + 1))
      let width = m + 1
      for i in stride(from: n - 1, through: 0, by: -1) {
        for j in stride(from: m - 1, through: 0, by: -1) {
          let weight = weight(a[start + i], b[start + j])
          var score = max(best[(i + 1) * width + j], best[i * width + j + 1])
          if weight > 0 { score = max(score, weight + best[(i + 1) * width + j + 1]) }
          best[i * width + j] = score
        }
      }
      var (i, j) = (0, 0)
      while i < n, j < m {
        let weight = weight(a[start + i], b[start + j])
        if weight > 0, best[i * width + j] == weight + best[(i + 1) * width + j + 1] {
          pairs.append((start + i, start + j))
          i += 1
          j += 1
        } else if best[i * width + j] == best[(i + 1) * width + j] {
          i += 1
        } else {
          j += 1
        }
      }
    }
    for offset in 0..<(a.count - endA) { pairs.append((endA + offset, endB + offset)) }
    return pairs
  }
}
