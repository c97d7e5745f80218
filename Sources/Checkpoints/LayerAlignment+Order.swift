extension LayerAlignment {
  /// What is left to pair, on both sides.
  func outlines() -> (first: [LayerOutline], second: [LayerOutline]) {
    var numbering = LayerOutline.Numbering()
    return (numbering.outlines(first), numbering.outlines(second))
  }

  /// Pairs the layers that are left so that both orders are kept and the evidence is the most.
  /// - Returns: Whether any pair was found.
  @discardableResult
  mutating func joinInOrder(_ way: Way) -> Bool {
    let (a, b) = outlines()
    let pairs = ordered(a, b)
    for (i, j) in pairs { join(a[i].layer, b[j].layer, way) }
    return !pairs.isEmpty
  }

  /// Pairs layers of one name that are left.
  ///
  /// - Parameter isAlike: Whether some parameter must have the same shape.
  mutating func joinByName(_ way: Way, isAlike: Bool) {
    let numbers = Dictionary(
      second.restLayers.map { (second.layers[$0].name, $0) }, uniquingKeysWith: { one, _ in one })
    for p in first.restLayers {
      guard let q = numbers[first.layers[p].name] else { continue }
      if isAlike, !links(p, q).contains(where: hasOneShape) { continue }
      join(p, q, way)
    }
  }

  /// Pairs layers whose names are the same without the parts that all names of their list begin with,
  /// and that have some parameter of one shape.
  mutating func joinWithoutPrefixes() {
    let (a, b) = (first.sharedPartCount, second.sharedPartCount)
    guard a > 0 || b > 0 else { return }
    let numbers = Dictionary(
      second.restLayers.map { (second.name($0, without: b), $0) },
      uniquingKeysWith: { one, _ in one }
    )
    for p in first.restLayers {
      guard let q = numbers[first.name(p, without: a)], mayJoin(p, q) else { continue }
      // The names differ, so links are of one role and shape.
      join(p, q, .unprefixed)
    }
  }

  /// Pairs what is left of layers that have partners with layers beside those that have none, where
  /// that keeps both orders.
  mutating func shareOutInOrder() {
    let (a, b) = outlines()
    guard a.count * b.count <= 1 << 20 else { return }
    for p in a {
      for q in b where p.isJoined != q.isJoined && p.sharedCount(q) > 0 {
        guard mayJoin(p.layer, q.layer), keepsOrder(p.layer, q.layer) else { continue }
        join(p.layer, q.layer, .order)
      }
    }
  }

  private func keepsOrder(_ p: Int, _ q: Int) -> Bool {
    first.layers.indices.allSatisfy { other in
      other == p
        || first.layers[other].joined.allSatisfy { other < p ? $0 <= q : $0 >= q }
    }
  }

  private func hasOneShape(_ link: (Int, Int)) -> Bool {
    first.identities[link.0].shape == second.identities[link.1].shape
  }

  /// How much speaks for pairing two layers: for each parameter 24 when name, role and shape agree, 8
  /// when the shape is another, 12 when the name is, and 13 when its last part agrees.
  private func weight(_ a: LayerOutline, _ b: LayerOutline) -> Int32 {
    if a.isJoined || b.isJoined, !mayJoin(a.layer, b.layer) { return 0 }
    if a.name == b.name {
      return links(a.layer, b.layer).reduce(0) { $0 + (hasOneShape($1) ? 24 : 8) }
    }
    return Int32(a.sharedCount(b)) * (a.lastPart == b.lastPart ? 13 : 12)
  }

  /// The pairing with the most evidence among those that keep both orders (Needleman and Wunsch).
  private func ordered(_ a: [LayerOutline], _ b: [LayerOutline]) -> [(Int, Int)] {
    // Equal ends need no table, and most checkpoints of one network are equal throughout.
    func isSure(_ x: LayerOutline, _ y: LayerOutline) -> Bool {
      x.name == y.name && x.count == y.count && weight(x, y) == Int32(24 * x.count)
    }
    var start = 0
    while start < min(a.count, b.count), isSure(a[start], b[start]) { start += 1 }
    var (endA, endB) = (a.count, b.count)
    while endA > start, endB > start, isSure(a[endA - 1], b[endB - 1]) {
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

extension LayerAlignment.Side {
  /// How many parts all names begin with, leaving at least one of each.
  fileprivate var sharedPartCount: Int {
    let names = layers.map { $0.name.split(separator: ".") }
    guard names.count > 1, var shared = names.first?.dropLast() else { return 0 }
    for name in names {
      let count = zip(shared, name.dropLast()).prefix { $0 == $1 }.count
      shared = shared.prefix(count)
    }
    return shared.count
  }

  fileprivate func name(_ layer: Int, without count: Int) -> [Substring] {
    Array(layers[layer].name.split(separator: ".").dropFirst(count))
  }
}
