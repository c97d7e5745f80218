import ArgumentParser

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network: from scratch, a linear probe, fine-tuning, or LP-FT.",
    discussion: """
      Writes a checkpoint in Anamorph's layout, with the optimizer, schedule, seed and the digest of \
      the checkpoint it began from inside, and prints a table of what was tried. The same seed gives \
      the same bits.
      """,
    subcommands: [
      Pretrain.self, TrainLinearProbe.self, TrainFineTuning.self, TrainLinearProbeFineTuning.self,
    ])
}
