/// Which parts of one block of memory hold what, and from which step to which.
///
/// Parts whose times do not meet may lie at one place. The largest are placed first, each as low as
/// it fits, which keeps the block close to the most that is ever needed at once.
struct MemoryPlan {
  private struct Region {
    var count: Int
    var first: Int
    var last: Int
  }

  private var regions: [Region] = []

  /// A new part of `count` numbers of four bytes, written first by step number `step`.
  mutating func add(count: Int, at step: Int) -> Int {
    // Whole lines of 64 bytes, so that every part begins at one.
    regions.append(Region(count: (count + 15) / 16 * 16, first: step, last: step))
    return regions.count - 1
  }

  /// Says that a part is read or written by step number `step`.
  mutating func use(_ region: Int, at step: Int) {
    regions[region].first = min(regions[region].first, step)
    regions[region].last = max(regions[region].last, step)
  }

  /// Says that a part must still be there when all steps have run.
  mutating func keep(_ region: Int) { regions[region].last = Int.max }

  /// How many numbers a part has.
  func count(of region: Int) -> Int { regions[region].count }

  /// Where each part begins, and how long the block is.
  func places() -> (offsets: [Int], count: Int) {
    var offsets = [Int](repeating: 0, count: regions.count)
    var placed: [Int] = []
    let order = regions.indices.sorted {
      (regions[$1].count, $0) < (regions[$0].count, $1)
    }
    for index in order {
      let region = regions[index]
      let others = placed.filter {
        regions[$0].first <= region.last && region.first <= regions[$0].last
      }.sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in others where offset + region.count > offsets[other] {
        offset = max(offset, offsets[other] + regions[other].count)
      }
      offsets[index] = offset
      placed.append(index)
    }
    return (offsets, regions.indices.map { offsets[$0] + regions[$0].count }.max() ?? 0)
  }
}
