import Dispatch
import Files
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How the values of paired parameters are compared, each pair once.
struct PairComparison: Sendable {
  typealias Pair = CheckpointDifference.Pair

  let before: Checkpoint
  let after: Checkpoint
  let tolerance: Double
  let flattened: FlattenedRows

  /// Up to how many values threads take whole parameters each, rather than one together: they would
  /// wait for one another at the end of every one.
  private static let small = 4 * valuesAtATime
  /// Each thread has pages of two files in memory.
  private static let mostThreads = 8

  /// The pairs with what changed in them.
  ///
  /// - Throws: `FileError` of the first pair whose values cannot be read.
  func compared(_ pairs: [Pair]) throws(FileError) -> [Pair] {
    let small = pairs.indices.filter {
      isStraight(pairs[$0]) && pairs[$0].before.count <= Self.small
    }
    let results = Mutex([Int: Result<Pair, FileError>]())
    let hasFailed = Atomic(false)
    let next = Atomic(0)
    let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let threads = min(small.count, max(1, min(processors, Self.mostThreads)))
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while !hasFailed.load(ordering: .relaxed) {
        let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard place < small.count else { return }
        let result = Result { () throws(FileError) in
          try compared(pairs[small[place]], threads: threads > 1 ? 1 : nil)
        }
        if case .failure = result { hasFailed.store(true, ordering: .relaxed) }
        results.withLock { $0[small[place]] = result }
      }
    }
    let done = results.withLock { $0 }
    // Pairs are taken in order, so of those that cannot be read the first always fails.
    for index in small { if case .failure(let error)? = done[index] { throw error } }
    var all: [Pair] = []
    for (index, pair) in pairs.enumerated() {
      if let result = done[index] {
        all.append(try result.get())
      } else {
        all.append(try compared(pair, threads: nil))
      }
    }
    return all
  }

  /// Whether the values of both are compared in the order they are stored in.
  private func isStraight(_ pair: Pair) -> Bool {
    Transposition(of: pair.after, to: pair.before)?.title == nil
  }

  /// `pair` with what changed in it.
  private func compared(_ pair: Pair, threads: Int?) throws(FileError) -> Pair {
    var pair = pair
    if let turned = Transposition(of: pair.after, to: pair.before), turned.title == nil {
      pair.change = try before.change(
        pair.before, to: pair.after, of: after, tolerance: tolerance, threads: threads)
    } else if let turned = Transposition(of: pair.after, to: pair.before) {
      try compare(&pair, turned)
    }
    pair.conversion = try conversion(of: pair)
    return pair
  }

  /// Compares a pair of which the second is transposed first.
  private func compare(_ pair: inout Pair, _ turned: Transposition) throws(FileError) {
    let (first, second) = (try before.values(pair.before), try after.values(pair.after))
    let (shape, elementType) = (pair.before.shape, pair.before.elementType)
    func change(to values: [Double]) -> ParameterChange {
      ParameterChange(
        from: first, to: values, shape: shape, tolerance: tolerance, elementType: elementType)
    }
    pair.transposition = turned.title
    let compared = change(to: turned.applied(to: second))
    pair.change = compared
    // Theano turns kernels by 180 degrees; files do not always say whether theirs are.
    if !compared.isSame, shape.count > 2 {
      let flipped = change(to: turned.flipped(second))
      if flipped.isSame {
        pair.change = flipped
        pair.transposition = turned.title.map { $0 + Transposition.turn }
      }
    }
    // Rows after flattening have the order of channels first in one and last in the other.
    if !compared.isSame, let rows = flattened.rearrangement(of: pair) {
      let reordered = change(to: rows.applied(to: turned.applied(to: second)))
      if reordered.distance < compared.distance {
        pair.change = reordered
        pair.rows = rows
        pair.transposition = turned.title.map { $0 + FlattenedRows.words(to: pair.before) }
      }
    }
  }

  /// The rounding that explains all of a pair's difference, if one does.
  private func conversion(of pair: Pair) throws(FileError) -> String? {
    let types = (pair.before.elementType, pair.after.elementType)
    guard types.0 != types.1, let change = pair.change, !change.isSame,
      let first = Rounding(to: types.0), let second = Rounding(to: types.1),
      let turned = Transposition(of: pair.after, to: pair.before)
    else { return nil }
    let a = try before.values(pair.before)
    var b = turned.applied(to: try after.values(pair.after))
    if let rows = pair.rows { b = rows.applied(to: b) }
    return second.takes(a, to: b) || first.takes(b, to: a) ? "\(types.0) → \(types.1)" : nil
  }
}
