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
    /// The same name without what all names of its file begin with, and the same role and shape.
    case unprefixed
    /// The same role and shape at another place, where a file does not record the order of layers.
    case shape
    /// The same role and shape, and the values of its layer are like those of the other, where names
    /// and order do not tell or would pair layers that are not alike.
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
      case .unprefixed: "name without what all begin with"
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

  /// Aligns two lists in model order, layer by layer.
  ///
  /// Among all pairings of layers that keep the order of both lists, the one with the most evidence is
  /// taken: a parameter of the same layer, role and shape counts most; role and shape under another
  /// layer name about half of that, a little more when the last part of the name agrees; layer and
  /// role with another shape a third. Layers that are left over are paired by name whatever the order.
  /// (Paths in Keras files are counters of class names: a layer inserted early renames the later
  /// ones, and names alone would pair the wrong ones.) Shapes of kernels are compared with inputs
  /// first, so that layouts with outputs first align with those.
  ///
  /// Where a list has no order, names come first; then layers of one make, by their values where
  /// several are made alike and `sample` is given; then whatever is left in the order of names.
  ///
  /// The alignment of the second with the first has the same pairs.
  ///
  /// - Parameters:
  ///   - renames: Names that the caller gives: a layer, a layer and what is inside it, or a
  ///     parameter of the first, and what that is in the second.
  ///   - strippedPrefix: What to leave off the front of layer names on both sides.
  ///   - isOrdered: Whether both files record the order of layers.
  ///   - known: Parameters whose layers belong together, as their values showed.
  ///   - sample: Gives values, where they may be looked at.
  /// - Complexity: O(n·m) for n and m layers that differ; O(n) when both name the same parameters.
  init<Failure: Error>(
    _ before: [Checkpoint.Parameter], _ after: [Checkpoint.Parameter], renames: [Rename] = [],
    strippedPrefix: String = "", isOrdered: Bool = true, known: [(before: Int, after: Int)] = [],
    sample: LayerAlignment.Sampling<Failure>?
  ) throws(Failure) {
    var (a, b) = (
      Identity.all(before, strippedPrefix, renames), Identity.all(after, strippedPrefix, [])
    )
    // A layer that is a model counts as one where both files agree on that.
    if Set(a.map(\.outer)) == Set(b.map(\.outer)) {
      for index in a.indices { a[index].key = a[index].outer }
      for index in b.indices { b[index].key = b[index].outer }
    }
    // The list whose names come first is always the first here, so that ties are broken alike.
    let isTurned = Identity.precede(b, a)
    var layers = isTurned ? LayerAlignment(b, a) : LayerAlignment(a, b)
    let byKey = Dictionary(b.indices.map { (b[$0].key, $0) }) { first, _ in first }
    for i in a.indices where a[i].isRenamed {
      guard let j = byKey[a[i].key] else { continue }
      if isTurned { layers.pair(j, i, .map) } else { layers.pair(i, j, .map) }
    }
    for (i, j) in known {
      let (p, q) = isTurned ? (j, i) : (i, j)
      layers.join(layers.first.layerOf[p], layers.second.layerOf[q], .values)
    }
    if isOrdered {
      layers.alignInOrder()
    } else {
      var turned: LayerAlignment.Sampling<Failure>?
      if let sample {
        turned = { (isFirst: Bool, place: Int, count: Int) throws(Failure) -> [Double] in
          try sample(isFirst != isTurned, place, count)
        }
      }
      try layers.alignWithoutOrder(turned)
    }
    let (mine, others) = isTurned ? (layers.second, layers.first) : (layers.first, layers.second)
    for i in a.indices {
      guard let j = mine.partners[i], let way = layers.ways[isTurned ? j : i] else {
        onlyBefore.append(i)
        continue
      }
      let evidence: Evidence =
        switch way {
        case .values: .values
        case .map: .map
        case .moved: .moved
        case _ where a[i].key == b[j].key:
          before[i].name == after[j].name ? .name : .layerAndRole
        case .unprefixed: .unprefixed
        case .unordered: .shape
        default: a[i].lastPart == b[j].lastPart ? .scope : .order
        }
      pairs.append(Pair(before: i, after: j, evidence: evidence))
    }
    onlyAfter = b.indices.filter { others.partners[$0] == nil }
  }
}

extension LayerAlignment {
  fileprivate mutating func alignInOrder() {
    let (a, b) = (first.identities.map(\.key), second.identities.map(\.key))
    let places = Dictionary(b.indices.map { (b[$0], $0) }) { first, _ in first }
    if a != b, Set(a) == Set(places.keys), ways.isEmpty {
      // The same names in another order: the longest run that keeps it is in place.
      let partners = a.compactMap { places[$0] }
      let inPlace = Set(longestIncreasing(partners))
      for (i, j) in partners.enumerated() { pair(i, j, inPlace.contains(i) ? .order : .moved) }
      return
    }
    joinInOrder(.order)
    shareOutInOrder()
    joinByName(.moved, isAlike: false)
  }

  fileprivate mutating func alignWithoutOrder<Failure: Error>(
    _ sample: Sampling<Failure>?
  ) throws(Failure) {
    // Names come before an order that is none.
    joinByName(.name, isAlike: true)
    joinWithoutPrefixes()
    if let sample { try joinByValues(sample) }
    while joinInOrder(.unordered) {}
    joinByName(.name, isAlike: false)
  }
}

/// The positions of a longest run of `values`, gaps allowed, in which each exceeds the one before.
private func longestIncreasing(_ values: [Int]) -> [Int] {
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
