public import ArgumentParser
import Files
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

  /// Says on standard error what error the chosen numbers bring.
  func sayPrecision(quiet: Bool) {
    guard precision == .bfloat16 else { return }
    StandardError.say(
      "bf16: values keep 8 bits; expect features to differ by 0.2 to 0.6 % (median) in transformers "
        + "and ConvNeXt, 0.4 to 1 % in ResNets, 1 to 5 % in DenseNets, EfficientNets, MobileNets and "
        + "CLIP's RN101, about as they do in PyTorch's bfloat16; --precision f32 has no such error",
      unless: quiet)
  }
}
