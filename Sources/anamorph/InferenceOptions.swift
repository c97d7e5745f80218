public import ArgumentParser
import Datasets
import Files
public import Networks
import Reports

extension Precision: ExpressibleByArgument {}

/// How a network is computed.
struct InferenceOptions: ParsableArguments {
  @Option(
    help: """
      In which numbers values are computed: f32, or bf16 on processors that have it, with as much of \
      the beginning in f32 as keeps features within 1 % (median; measured and said). Faster where the \
      processor has matrix units; without them it may be slower than f32.
      """)
  var precision = Precision.float32

  @Flag(
    help: """
      Do without Winograd's algorithm, which computes 3 × 3 convolutions in half the time and loses \
      one to two of seven digits, and add up long sums in parts.
      """)
  var exact = false

  /// The largest median error of features that bfloat16 may bring.
  private static let allowedError = 0.01

  /// The executor for all of a set, and what is recorded of its numbers: `f32`, `f32 exact`, `bf16`, or
  /// `bf16 from` a layer on.
  func executor(
    _ network: Network, taps: [Tap], set: ExampleSet, _ running: RunningOptions
  ) throws -> (executor: InferenceExecutor, numbers: String) {
    var first = 0
    var numbers = exact ? "f32 exact" : "f32"
    if precision == .bfloat16 {
      first = try firstBFloat16(network, taps: taps, set: set, running)
      let nodes = network.graph.nodes
      if first < nodes.count { numbers = first == 0 ? "bf16" : "bf16 from \(nodes[first].layer)" }
    }
    let executor = try InferenceExecutor(
      network, taps: taps, batchSize: running.batchSize, threads: running.threads,
      precision: precision, bfloat16From: first, isExact: exact)
    return (executor, numbers)
  }

  /// The node from which on a network is computed in bfloat16. What error that brings is measured on up to
  /// four of the examples, and said on standard error.
  private func firstBFloat16(
    _ network: Network, taps: [Tap], set: ExampleSet, _ running: RunningOptions
  ) throws -> Int {
    let count = min(4, set.count)
    let mixed = try MixedPrecision(
      network, taps: taps, examples: set.values(at: (0..<count).map { $0 * set.count / count }),
      within: Self.allowedError, threads: running.threads, isExact: exact)
    let measured = "from those in f32 (median of \(count) examples)"
    let said: String
    if mixed.first == 0 {
      said = "differ by \(percent(mixed.error)) \(measured)"
    } else {
      let remedy =
        mixed.first == network.graph.nodes.count
        ? "all layers are computed in f32"
        : "layers before '\(network.graph.nodes[mixed.first].layer)' are computed in f32, and they "
          + "differ by \(percent(mixed.error))"
      said =
        "would differ by \(percent(mixed.wholeError)) \(measured), more than "
        + "\(percent(Self.allowedError)); \(remedy)"
    }
    StandardError.say("bf16: features \(said)", unless: running.quiet)
    return mixed.first
  }

  private func percent(_ error: Double) -> String {
    NumberText.significant(error * 100, digits: 2) + " %"
  }
}
