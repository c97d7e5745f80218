extension LayerAlignment {
  /// Gives so many values of a parameter, of the first list or the second.
  typealias Sampling<Failure: Error> =
    (_ isFirst: Bool, _ place: Int, _ count: Int) throws(Failure) -> [Double]

  /// Pairs layers that are left by what they are made of, and where several are made alike, by the
  /// values of their parameters; layers of which values say nothing are left.
  ///
  /// Among layers made alike, those are paired whose likeness adds up to the most; kernels count four
  /// times as much as vectors.
  mutating func joinByValues<Failure: Error>(
    _ sample: Sampling<Failure>
  ) throws(Failure) {
    // Layers with the same parameters in all first.
    let (a, b) = outlines()
    let others = Dictionary(grouping: b, by: \.signature)
    var groups: [(first: [LayerOutline], second: [LayerOutline])] = []
    var places: [Int: Int] = [:]
    for outline in a {
      guard let alike = others[outline.signature] else { continue }
      if let place = places[outline.signature] {
        groups[place].first.append(outline)
      } else {
        places[outline.signature] = groups.count
        groups.append(([outline], alike))
      }
    }
    for group in groups {
      if group.first.count == 1, group.second.count == 1 {
        join(group.first[0].layer, group.second[0].layer, .unordered)
      } else {
        try join(group.first, group.second, sample) { _, _ in true }
      }
    }
    // Then what is left of any that have something in common: layers that share others out.
    var isFound = true
    while isFound {
      let (a, b) = outlines()
      guard a.count * b.count <= 1 << 20 else { return }
      // Of layers with the same parameters that have no partners, values said nothing.
      let isOpen = { (x: LayerOutline, y: LayerOutline) in
        (x.signature != y.signature || x.isJoined || y.isJoined) && x.sharedCount(y) > 0
      }
      isFound = try join(
        a.filter { x in b.contains { isOpen(x, $0) } },
        b.filter { y in a.contains { isOpen($0, y) } }, sample, isOpen)
    }
  }

  /// Pairs those layers of two groups for which `isOpen` holds whose likeness adds up to the most.
  /// - Returns: Whether any pair was found.
  @discardableResult
  private mutating func join<Failure: Error>(
    _ a: [LayerOutline], _ b: [LayerOutline], _ sample: Sampling<Failure>,
    _ isOpen: (LayerOutline, LayerOutline) -> Bool
  ) throws(Failure) -> Bool {
    guard !a.isEmpty, !b.isEmpty, a.count <= (1 << 20) / b.count else { return false }
    let count = min(SampledValues.mostTaken, max(64, (1 << 27) / (a.count * b.count)))
    var (samplesA, samplesB): ([Int: SampledValues], [Int: SampledValues]) = ([:], [:])
    var likeness = [[Double]](repeating: [Double](repeating: 0, count: b.count), count: a.count)
    for (row, p) in a.enumerated() {
      for (column, q) in b.enumerated() where isOpen(p, q) {
        var (sum, weights) = (0.0, 0.0)
        for (i, j) in links(p.layer, q.layer) {
          guard first.identities[i].shape == second.identities[j].shape else { continue }
          if samplesA[i] == nil { samplesA[i] = SampledValues(try sample(true, i, count)) }
          if samplesB[j] == nil { samplesB[j] = SampledValues(try sample(false, j, count)) }
          guard let x = samplesA[i], let y = samplesB[j] else { continue }
          let weight = first.identities[i].shape.count >= 2 ? 4.0 : 1
          sum += weight * x.likeness(to: y)
          weights += weight
        }
        likeness[row][column] = weights > 0 ? sum / weights : 0
      }
    }
    let pairs = bestAssignment(likeness)
    for (row, column) in pairs { join(a[row].layer, b[column].layer, .values) }
    return !pairs.isEmpty
  }
}
