/// Which parameters of two checkpoints belong together, and how that was found.
public struct ParameterAlignment: Sendable {
  /// What makes two parameters a pair.
  public enum Evidence: String, Hashable, Sendable {
    /// The same layer name and the same weight name.
    case name
    /// The same layer name and role; the weight's name differs, as between two sessions of Keras.
    case layerAndRole
    /// The same role and shape at the same place in model order, and the same last part of the
    /// layer's name; the scopes around it differ.
    case scope
    /// The same role and shape at the same place in model order; the layers' names differ.
    case order
    /// The same layer name and role, but at another place in model order.
    case moved
    /// The same role and shape at another place, where a file does not record the order of layers.
    case shape
    /// The same role and shape, and the kernel of its layer points the same way, where names would
    /// pair layers that do not.
    case values
    /// The caller said so.
    case map

    /// The evidence in words.
    public var title: String {
      switch self {
      case .name: "name"
      case .layerAndRole: "layer and role"
      case .scope: "order, role, shape and last part of the layer's name"
      case .order: "order, role and shape"
      case .moved: "layer and role, out of order"
      case .shape: "role and shape, order not recorded"
      case .values: "role, shape and values"
      case .map: "map"
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
  /// taken: layer, role and shape together count most; role and shape under another layer name
  /// about half of that, a little more when the last part of the name agrees; layer and role with
  /// another shape a third. What is left over is paired by layer and role whatever the order.
  /// (Paths in Keras files are counters of class names: a layer inserted early renames the later
  /// ones, and names alone would pair the wrong ones.) Shapes of kernels are compared with inputs
  /// first, so that layouts with outputs first align with those.
  ///
  /// - Parameters:
  ///   - renames: Names that the caller gives: a layer, a layer and what is inside it, or a
  ///     parameter of the first, and what that is in the second.
  ///   - strippedPrefix: What to leave off the front of layer names on both sides.
  ///   - isOrdered: Whether both files record the order of layers; where one does not, what is left
  ///     over is also paired by role and shape out of order, repeatedly.
  /// - Complexity: O(n·m) for lists that differ; O(n) when both name the same parameters.
  public init(
    _ before: [Checkpoint.Parameter], _ after: [Checkpoint.Parameter], renames: [Rename] = [],
    strippedPrefix: String = "", isOrdered: Bool = true
  ) {
    var (a, b) = (
      Identity.all(before, strippedPrefix, renames), Identity.all(after, strippedPrefix, [])
    )
    // A layer that is a model counts as one where both files agree on that.
    if Set(a.map(\.outer)) == Set(b.map(\.outer)) {
      for index in a.indices { a[index].key = a[index].outer }
      for index in b.indices { b[index].key = b[index].outer }
    }
    let byKey = Dictionary(b.indices.map { (b[$0].key, $0) }) { first, _ in first }
    var partners: [Int: (place: Int, isOrdered: Bool)] = [:]
    for i in a.indices where a[i].isRenamed {
      if let j = byKey[a[i].key] { partners[i] = (j, true) }
    }
    if !isOrdered {
      // Names come before an order that is none.
      let taken = Set(partners.values.map(\.place))
      for i in a.indices where partners[i] == nil {
        guard let j = byKey[a[i].key], a[i].shape == b[j].shape, !taken.contains(j) else {
          continue
        }
        partners[i] = (j, true)
      }
    }
    let mapped = Set(partners.values.map(\.place))
    var (restA, restB) = (
      a.indices.filter { partners[$0] == nil }, b.indices.filter { !mapped.contains($0) }
    )
    if a.map(\.key) != b.map(\.key), Set(a.map(\.key)) == Set(byKey.keys), mapped.isEmpty {
      let places = a.compactMap { byKey[$0.key] }
      for i in Self.longestIncreasing(places) { partners[i] = (places[i], true) }
    } else {
      for (i, j) in Self.ordered(restA.map { a[$0] }, restB.map { b[$0] }) {
        partners[restA[i]] = (restB[j], true)
      }
    }
    var free = Set(b.indices).subtracting(partners.values.map(\.place))
    for i in a.indices where partners[i] == nil {
      if let j = byKey[a[i].key], free.remove(j) != nil { partners[i] = (j, !isOrdered) }
    }
    var found = !isOrdered
    while found {
      restA = a.indices.filter { partners[$0] == nil }
      restB = free.sorted()
      let more = Self.ordered(restA.map { a[$0] }, restB.map { b[$0] })
      for (i, j) in more {
        partners[restA[i]] = (restB[j], false)
        free.remove(restB[j])
      }
      found = !more.isEmpty
    }
    for i in a.indices {
      guard let (j, isInPlace) = partners[i] else {
        onlyBefore.append(i)
        continue
      }
      let sameKey = a[i].key == b[j].key
      let evidence: Evidence =
        if sameKey {
          a[i].isRenamed
            ? .map : !isInPlace ? .moved : before[i].name == after[j].name ? .name : .layerAndRole
        } else {
          !isInPlace ? .shape : a[i].lastPart == b[j].lastPart ? .scope : .order
        }
      pairs.append(Pair(before: i, after: j, evidence: evidence))
    }
    onlyAfter = free.sorted()
  }

  /// Calls pairs by a map those found by values, where `isFound` says so of the place in the first.
  mutating func takeAsFoundByValues(_ isFound: (Int) -> Bool) {
    for index in pairs.indices where pairs[index].evidence == .map && isFound(pairs[index].before) {
      pairs[index].evidence = .values
    }
  }

  private static func weight(_ a: Identity, _ b: Identity) -> Int32 {
    switch (a.key == b.key, a.shape == b.shape, a.key.role == b.key.role) {
    case (true, true, _): 24
    case (true, false, _): 8
    case (false, true, true): a.lastPart == b.lastPart ? 13 : 12
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
    while start < min(a.count, b.count), weight(a[start], b[start]) == 24 { start += 1 }
    var (endA, endB) = (a.count, b.count)
    while endA > start, endB > start, weight(a[endA - 1], b[endB - 1]) == 24 {
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
