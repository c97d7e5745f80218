import Foundation
import Reports
import TestSupport
import Testing

/// The checkpoints in samples/, which Keras wrote, through the whole command.
@Suite struct SampleCheckpointsTests {
  /// A file in samples/.
  private func sample(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(components: "samples", name)
      .path(percentEncoded: false)
  }

  /// The verdict and the evidence of a claim about two sample checkpoints.
  private func verdict(_ claim: String, before: String, after: String) throws -> [String] {
    try withTemporaryFolder { folder in
      let result = try anamorph([
        "distortion", "--before", sample("checkpoints/\(before).h5"),
        "--after", sample("checkpoints/\(after).h5"),
        "--id", sample("digits-sets.h5::/id/images"),
        "--ood", sample("digits-sets.h5::/ood/images"), "--preprocess", "scale 0.0625",
        "-o", folder, "--quiet",
      ])
      #expect(result.status == 0, "\(result.error)")
      let rows = try RunDirectory.open(folder).tableRows("verdicts")
      let row = try #require(rows.first { $0.first == claim })
      return [row[1], row[3]]
    }
  }

  @Test func `the first layer behind a flatten keeps to the span under gradient descent`() throws {
    let found = try verdict("first-layer-weights", before: "pretrained", after: "fine-tuned")
    #expect(found[0] == "supported")
    #expect(found[1].contains("the ID inputs have rank 56 of 64"))
  }

  @Test func `Adam is read from the checkpoint and makes the exact claim untestable`() throws {
    let found = try verdict("first-layer-weights", before: "pretrained", after: "fine-tuned-adam")
    #expect(found == ["not testable", "the optimizer was Adam, whose updates leave the span"])
  }

  @Test func `patches of one channel span everything`() throws {
    let found = try verdict(
      "first-layer-weights", before: "convolutional-pretrained", after: "convolutional-fine-tuned")
    #expect(found[0] == "not testable")
    #expect(found[1].contains("conv_1 span all 9 dimensions"))
  }

  @Test func `the first layer is not judged as a deeper one`() throws {
    let found = try verdict("deeper-weights", before: "pretrained", after: "fine-tuned")
    #expect(found[0] == "supported")
    #expect(!found[1].contains("hidden_1"))
  }
}
