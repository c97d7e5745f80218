import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

/// What a file holds beside its parameters.
@Suite struct OmissionTests {
  @Test func `arrays that could be parameters are named, texts are counted`() throws {
    for (name, words) in [
      ("unread_0.h5", "holds compound, not numbers"), ("unread.npz", "holds complex numbers"),
    ] {
      let checkpoint = try Checkpoint.open(fixture(name))
      #expect(checkpoint.parameters.map(\.name) == ["fc.weight"])
      #expect(checkpoint.omissions.map(\.name) == ["c.weight"])
      #expect(checkpoint.omissions.map(\.reason) == [words])
      #expect(
        checkpoint.notes.contains(
          "left out: 1 array that could be a parameter: c.weight, which \(words)"))
      #expect(
        checkpoint.notes.contains { $0.hasPrefix("left out: 1 ") && !$0.contains("c.weight") })
    }
  }

  @Test
  func `what training keeps beside a state dictionary is no parameter, other arrays could be`()
    throws
  {
    let checkpoint = try Checkpoint.open(fixture("unread_beside.h5"))
    #expect(checkpoint.parameters.map(\.name) == ["state_dict/fc.weight"])
    #expect(checkpoint.omissions.map(\.name) == ["average.fc.weight"])
    #expect(checkpoint.omissions.map(\.reason) == ["is outside state_dict"])
    #expect(checkpoint.notes.contains("left out: 2 arrays of training state"))
    #expect(try Checkpoint.open(fixture("torch_prefixed.h5")).omissions.isEmpty)
  }

  @Test func `what was read may be the same, and is not called identical`() throws {
    let (a, b) = (
      try Checkpoint.open(fixture("unread_0.h5")), try Checkpoint.open(fixture("unread_1.h5"))
    )
    let difference = try CheckpointDifference(from: a, to: b)
    #expect(difference.isSame && !difference.isComplete)
    #expect(difference.extent == .identicalAsRead)
    #expect(difference.summary.contains("not compared of the first: c.weight"))
    let options = ComparisonOptions(exclusions: ["c.*"])
    let rest = try CheckpointDifference(from: a, to: b, options: options)
    #expect(rest.isComplete && rest.extent == .identical)
  }

  @Test func `an order that is that of names is written as one`() throws {
    try withTemporaryFolder { folder in
      let source = try Checkpoint.open(fixture("torch.safetensors"))
      #expect(!source.orderIsRecorded)
      var path = fixture("torch.safetensors")
      // There and back: each step has to keep it.
      for (name, layout) in [
        ("a.h5", WrittenLayout.anamorph), ("b.safetensors", .safetensors), ("c.h5", .anamorph),
      ] {
        try Checkpoint.open(path).write(to: folder + "/" + name, as: layout)
        path = folder + "/" + name
        let written = try Checkpoint.open(path)
        #expect(!written.orderIsRecorded, "\(name)")
        #expect(try written.digest() == source.digest())
      }
      let keras = try Checkpoint.open(fixture("keras2_conv_adam.h5"))
      try keras.write(to: folder + "/k.h5", as: .anamorph)
      try keras.write(to: folder + "/k.safetensors", as: .safetensors)
      #expect(try Checkpoint.open(folder + "/k.h5").orderIsRecorded)
      #expect(try Checkpoint.open(folder + "/k.safetensors").orderIsRecorded)
    }
  }

  @Test func `bfloat16 of a legacy file is told by the configuration`() throws {
    let legacy = try Checkpoint.open(fixture("keras3_bfloat16.h5"))
    let weights = try Checkpoint.open(fixture("keras3_bfloat16.weights.h5"))
    #expect(
      legacy.parameters.map { "\($0.elementType)" }
        == ["bfloat16", "bfloat16", "bfloat16", "bfloat16", "float32", "float32"])
    let record = try JSON(
      parsing: String(contentsOfFile: fixture("strangers_bfloat16.json"), encoding: .utf8))
    let sums = try legacy.parameters.map { try legacy.values($0).reduce(0, +) }
    #expect(sums == record["sums"]?.array?.map { $0.double ?? .nan })
    #expect(try CheckpointDifference(from: legacy, to: weights).isSame)
    for parameter in legacy.parameters {
      #expect(try legacy.tensor(parameter).values.map(Double.init) == legacy.values(parameter))
    }
  }

  @Test func `what wrote a file is said as far as it is known`() throws {
    #expect(try Checkpoint.open(fixture("keras3.weights.h5")).writer == "Keras 3")
    #expect(
      try Checkpoint.open(fixture("keras2_three_ways.weights.h5")).writer
        == "Keras 3 or 2, which the file does not tell")
    #expect(
      try Checkpoint.open(fixture("tensorflow213.weights.h5")).writer
        == "Keras 2 of TensorFlow 2.12 or 2.13")
  }
}
