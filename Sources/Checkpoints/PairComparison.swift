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

  /// How many threads take whole parameters; each has pages of two files in memory.
  var threads = min(8, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))

  /// The pairs with what changed in them.
  ///
  /// - Throws: `FileError` of the first pair whose values cannot be read.
  func compared(_ pairs: [Pair]) throws(FileError) -> [Pair] {
    let changes = changesSideBySide(pairs)
    var all: [Pair] = []
    for (index, pair) in pairs.enumerated() {
      all.append(try compared(pair, change: try changes[index]?.get()))
    }
    return all
  }

  /// The changes of small parameters that both files hold uncompressed in one order, by the place of
  /// their pair; up to the first that cannot be read.
  ///
  /// Threads take whole parameters, where they would else wait for one another at the end of each.
  private func changesSideBySide(_ pairs: [Pair]) -> [Int: Result<ParameterChange, FileError>] {
    let small = pairs.indices.filter { index in
      let pair = pairs[index]
      guard let turned = Transposition(of: pair.after, to: pair.before) else { return false }
      return turned.title == nil && pair.before.count <= 4 * valuesAtATime
    }
    let results = Mutex([Int: Result<ParameterChange, FileError>]())
    let hasFailed = Atomic(false)
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(small.count, threads)) { _ in
      // In order: those before one that cannot be read are all there.
      while !hasFailed.load(ordering: .relaxed) {
        let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard place < small.count else { return }
        let pair = pairs[small[place]]
        do throws(FileError) {
          guard
            let change = try before.storedChange(
              pair.before, to: pair.after, of: after, tolerance: tolerance, threads: 1)
          else { continue }
          results.withLock { $0[small[place]] = .success(change) }
        } catch {
          results.withLock { $0[small[place]] = .failure(error) }
          hasFailed.store(true, ordering: .relaxed)
        }
      }
    }
    return results.withLock { $0 }
  }

  /// `pair` with what changed in it, which may be known already.
  private func compared(_ pair: Pair, change: ParameterChange?) throws(FileError) -> Pair {
    var pair = pair
    if let change {
      pair.change = change
    } else if let turned = Transposition(of: pair.after, to: pair.before) {
      if turned.title == nil {
        pair.change = try before.change(
          pair.before, to: pair.after, of: after, tolerance: tolerance)
      } else {
        try compare(&pair, turned)
      }
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
