import Randomness

/// The order in which mini-batches visit the rows of a set.
///
///     let batches = Batches(count: set.count, size: 32, seed: 7)
///     for epoch in 0..<10 { for rows in batches.epoch(epoch) { … } }
///
/// Each epoch has its own permutation, drawn from the seed and the epoch's number alone, so an epoch
/// can be repeated without those before it.
public struct Batches: Hashable, Sendable {
  /// How many rows there are.
  public let count: Int

  /// How many rows a batch has; the last of an epoch has the rest.
  public let size: Int

  /// The seed of the order.
  public let seed: UInt64

  /// Whether a last batch with fewer rows is left out.
  public let dropsLast: Bool

  /// Batches of `size` rows out of `count`, in an order that `seed` decides.
  ///
  /// - Precondition: `size > 0` and `count >= 0`.
  public init(count: Int, size: Int, seed: UInt64, dropsLast: Bool = false) {
    precondition(size > 0 && count >= 0, "batches of \(size) rows out of \(count)")
    self.count = count
    self.size = size
    self.seed = seed
    self.dropsLast = dropsLast
  }

  /// How many batches an epoch has.
  public var batchesPerEpoch: Int { dropsLast ? count / size : (count + size - 1) / size }

  /// The rows of each batch of the epoch with this number, counted from zero.
  public func epoch(_ number: Int) -> [ArraySlice<Int>] {
    var generator = SeededGenerator(seed: seed, "batch order, epoch \(number)")
    let order = generator.permutation(count)
    return Self.inOrder(count, size: size).prefix(batchesPerEpoch).map { order[$0] }
  }

  /// The rows 0..<count in blocks of `size`, the last with the rest; for evaluation.
  ///
  /// - Precondition: `size > 0` and `count >= 0`.
  public static func inOrder(_ count: Int, size: Int) -> [Range<Int>] {
    precondition(size > 0 && count >= 0, "batches of \(size) rows out of \(count)")
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }
}
