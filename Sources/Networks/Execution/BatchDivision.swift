/// How a batch is divided into parts, each computed by one thread from the first layer to the last.
///
/// Threads then never wait for each other within a network. How large a part should be follows from what
/// a network reads and writes: with p examples at a time, each example costs a p-th of the weights and its
/// own values, so that beyond a few times the quotient of both nothing is gained, and values only leave the
/// cache.
public struct BatchDivision: Sendable {
  /// How many examples make a good part: three times the quotient of the numbers of weights and of
  /// values that convolutions and dense layers have, at least 2.
  public let preferred: Int
  private let threads: Int
  /// Whether so much is recorded that it had better not lie in memory twice, by part and together.
  private let recordsMuch: Bool

  /// How batches are divided for what is recorded at `taps`.
  public init(_ graph: Graph, taps: [Tap], threads: Int) {
    self.threads = threads
    var (weights, values) = (0, 0)
    for index in graph.ancestors(of: taps.map(\.node)) {
      let node = graph.nodes[index]
      switch node.operation {
      case .dense, .convolution:
        weights += node.parameters.reduce(0) { $0 + graph.parameters[$1].count }
        values += node.size
      default: break
      }
    }
    recordsMuch = 4 * taps.reduce(0) { $0 + $1.size } > values
    preferred = max(2, (3 * weights + values - 1) / max(values, 1))
  }

  /// The examples of each part; one part when all threads had better compute the batch together: when
  /// there is too little for each, when some would go without for long, or when more is recorded than a
  /// quarter of the values. Sizes differ by one at most.
  public func parts(of count: Int) -> [Range<Int>] {
    if recordsMuch { return [0..<count] }
    let rounds = max(1, (count + threads * preferred / 2) / (threads * preferred))
    let parts = threads * rounds
    let largest = (count + parts - 1) / parts
    let isTooSmall = 2 * count < threads * preferred
    let isUneven = 8 * (largest * parts - count) > count
    guard threads == 1 ? parts > 1 : !isTooSmall && !isUneven else { return [0..<count] }
    return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
  }
}
