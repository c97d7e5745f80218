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
      In which numbers values are computed: f32, or bf16 on processors that have it, as far from the \
      end of the network as features differ by no more than 1 % (median; measured and said). Faster \
      where the processor has matrix units; without them it may be slower than f32.
      """)
  var precision = Precision.float32

  @Flag(
    help: """
      Do without Winograd's algorithm, which computes 3 × 3 convolutions in half the time and loses \
      one to two of seven digits.
      """)
  var exact = false

  /// The largest median error of features that bfloat16 may bring.
  private static let allowedError = 0.01

  /// The executor for all of a set, and what is recorded of its numbers: `f32`, `f32 exact`, `bf16`, or
  /// `bf16 from` a layer on.
  ///
  /// What error bfloat16 brings is measured on up to four of the examples, and said on standard error.
  func executor(
    _ network: Network, taps: [Tap], set: ExampleSet, _ running: RunningOptions
  ) throws -> (executor: InferenceExecutor, numbers: String) {
    var mixed: MixedPrecision?
    if precision == .bfloat16 {
      let count = min(4, set.count)
      let examples = try set.values(at: (0..<count).map { $0 * set.count / count })
      mixed = try MixedPrecision(
        network, taps: taps, examples: examples, within: Self.allowedError,
        threads: running.threads, isExact: exact)
    }
    let executor = try InferenceExecutor(
      network, taps: taps, batchSize: running.batchSize, threads: running.threads,
      precision: precision, bfloat16From: mixed?.first ?? 0, isExact: exact)
    guard let mixed else { return (executor, exact ? "f32 exact" : "f32") }
    let nodes = network.graph.nodes
    let start = nodes.indices.contains(mixed.first) ? nodes[mixed.first].layer : nil
    let numbers = mixed.first == 0 ? "bf16" : start.map { "bf16 from \($0)" } ?? "f32"
    StandardError.say(
      mixed.first == 0
        ? "bf16: features differ by \(percent(mixed.error)) from those in f32 (median of "
          + "\(min(4, set.count)) examples)"
        : "bf16: features would differ by \(percent(mixed.wholeError)) from those in f32 (median of "
          + "\(min(4, set.count)) examples), more than \(percent(Self.allowedError)); "
          + (start.map {
            "layers before '\($0)' are computed in f32, and they differ by "
              + percent(mixed.error)
          } ?? "all layers are computed in f32"),
      unless: running.quiet)
    return (executor, numbers)
  }

  private func percent(_ error: Double) -> String {
    NumberText.significant(error * 100, digits: 2) + " %"
  }
}
