/// What a layer has left to pair, in numbers that are quick to compare.
struct LayerOutline {
  /// The layer.
  let layer: Int
  /// Its name, by number.
  let name: Int
  /// The last part of its name, by number.
  let lastPart: Int
  /// The kinds of its parameters with several axes, by number, in order.
  let arrays: [Int]
  /// The kinds of the others.
  let vectors: [Int]
  /// All kinds in order but counts of batches, which some libraries keep, by number.
  let signature: Int
  /// Whether it has partners already.
  let isJoined: Bool

  /// How many parameters are left.
  var count: Int { arrays.count + vectors.count }

  /// How many parameters both have, when layers of other names are compared; 0 when both have kernels
  /// and share none.
  func sharedCount(_ other: LayerOutline) -> Int {
    let kernels = Self.common(arrays, other.arrays)
    if kernels == 0, !arrays.isEmpty, !other.arrays.isEmpty { return 0 }
    return kernels + Self.common(vectors, other.vectors)
  }

  /// How many numbers two ordered lists share.
  private static func common(_ a: [Int], _ b: [Int]) -> Int {
    var (i, j, count) = (0, 0, 0)
    while i < a.count, j < b.count {
      if a[i] == b[j] {
        (i, j, count) = (i + 1, j + 1, count + 1)
      } else if a[i] < b[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return count
  }

  /// Numbers for names and kinds, the same for equal ones.
  struct Numbering {
    private var texts: [Substring: Int] = [:]
    private var kinds: [Identity.Kind: Int] = [:]
    private var signatures: [[Int]: Int] = [:]

    private static func number<Key>(_ key: Key, _ table: inout [Key: Int]) -> Int {
      if let number = table[key] { return number }
      table[key] = table.count
      return table.count - 1
    }

    /// The outlines of the layers of `side` that have something left to pair.
    mutating func outlines(_ side: LayerAlignment.Side) -> [LayerOutline] {
      side.layers.indices.compactMap { layer in
        let rest = side.rest(layer)
        guard !rest.isEmpty else { return nil }
        var (arrays, vectors, signature): ([Int], [Int], [Int]) = ([], [], [])
        for place in rest {
          let identity = side.identities[place]
          let kind = Self.number(identity.kind, &kinds)
          if identity.shape.count >= 2 { arrays.append(kind) } else { vectors.append(kind) }
          if identity.key.role != .batchCount { signature.append(kind) }
        }
        let entry = side.layers[layer]
        return LayerOutline(
          layer: layer, name: Self.number(entry.name, &texts),
          lastPart: Self.number(entry.lastPart, &texts), arrays: arrays.sorted(),
          vectors: vectors.sorted(), signature: Self.number(signature.sorted(), &signatures),
          isJoined: !entry.joined.isEmpty)
      }
    }
  }
}
