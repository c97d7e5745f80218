/// How much of a network can be computed in bfloat16 within an error that is allowed.
///
/// The error at a tap is the median of |Δ| / |v| over all values v of some examples there that are not
/// zero, Δ being the difference between bfloat16 and Float32; with several taps, the largest counts.
public struct MixedPrecision: Hashable, Sendable {
  /// The first node that is computed in bfloat16; all before it are in Float32. The number of nodes where
  /// none is.
  public let first: Int

  /// The error of what is computed so; 0 where nothing is in bfloat16.
  public let error: Double

  /// The error of the whole network in bfloat16.
  public let wholeError: Double

  /// Looks for the first node from which on a network can be computed in bfloat16.
  ///
  /// All of it is where that is within the bound. Otherwise the beginning is in Float32, since what is
  /// rounded first is carried furthest: bisection finds a beginning with which the bound holds, to a
  /// thirty-second of the nodes, where it holds with any longer one.
  ///
  /// Seven runs of the network at most, on all examples together.
  ///
  /// - Parameters:
  ///   - examples: Whole examples; the error is theirs, not that of others.
  ///   - bound: The largest error allowed.
  /// - Throws: ``NetworkError`` when oneDNN cannot run an operation, or the processor bfloat16.
  public init(
    _ network: Network, taps: [Tap], examples: [Float], within bound: Double, threads: Int = 1,
    isExact: Bool = false
  ) throws(NetworkError) {
    let graph = network.graph
    let count = max(1, examples.count / max(1, graph.nodes[0].size))
    func values(_ precision: Precision, from first: Int) throws(NetworkError) -> [[Float]] {
      try InferenceExecutor(
        network, taps: taps, batchSize: count, threads: threads, precision: precision,
        bfloat16From: first, isExact: isExact
      ).run(examples)
    }
    let expected = try values(.float32, from: 0)
    func error(from first: Int) throws(NetworkError) -> Double {
      let found = try values(.bfloat16, from: first)
      return zip(expected, found).map { Self.error($0, $1) }.max() ?? 0
    }
    wholeError = try error(from: 0)
    var (below, first, least) = (0, graph.nodes.count, 0.0)
    if wholeError <= bound { (first, least) = (0, wholeError) }
    while first - below > max(1, graph.nodes.count / 32) {
      let middle = (below + first) / 2
      let error = try error(from: middle)
      if error <= bound { (first, least) = (middle, error) } else { below = middle }
    }
    // Without a difference, nothing that is recorded came out of a layer behind the first.
    if wholeError > 0, least == 0 { first = graph.nodes.count }
    (self.first, self.error) = (first, least)
  }

  /// The median of |found − expected| / |expected| where something other than zero is expected; without
  /// bound where what is found is no number.
  private static func error(_ expected: [Float], _ found: [Float]) -> Double {
    let errors = zip(expected, found).lazy.filter { $0.0 != 0 }.map {
      let error = abs(Double($0.1) - Double($0.0)) / abs(Double($0.0))
      return error.isNaN ? .infinity : error
    }.sorted()
    return errors.isEmpty ? 0 : errors[errors.count / 2]
  }
}
