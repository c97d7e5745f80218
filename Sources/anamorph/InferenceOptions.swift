public import ArgumentParser
public import Networks

extension Precision: ExpressibleByArgument {}

/// How a network is computed.
struct InferenceOptions: ParsableArguments {
  @Option(
    help: """
      In which numbers values are computed: f32, or bf16 on processors that have it (twice as fast; \
      features differ by some parts in a thousand).
      """)
  var precision = Precision.float32

  @Flag(
    help: """
      Do without Winograd's algorithm, which computes 3 × 3 convolutions in half the time and loses \
      one to two of seven digits.
      """)
  var exact = false
}
