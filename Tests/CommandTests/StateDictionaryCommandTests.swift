import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

/// What commands do with networks that a state dictionary's names and shapes tell.
@Suite struct StateDictionaryCommandTests {
  private static let network = fixture(
    "../../NetworksTests/Fixtures/Gradients/resnet_small.state.safetensors")

  /// Five images.
  private func writeImages(to path: String) throws {
    try File.create(path) { root in
      let count = 5 * 16 * 16 * 3
      try root.write("images", shape: [5, 16, 16, 3], (0..<count).map { Float($0 % 17) / 8 - 1 })
    }
  }

  private func features(_ arguments: [String], in folder: String) throws -> CommandResult {
    try runAnamorph(
      ["features"] + arguments + ["--data", "set.h5", "--input-size", "16", "--preprocess", "raw"],
      in: folder)
  }

  @Test func `logits can be kept for the classes that a set has`() throws {
    try withTemporaryFolder { folder in
      let network = fixture("../../../samples/checkpoints/fine-tuned.h5")
      for (name, labels) in [("all", Array(0..<10)), ("some", [7, 2, 7, 7, 2])] {
        let count = labels.count
        try File.create(folder + "/set.h5") { root in
          try root.write(
            "images", shape: [count, 64], (0..<count * 64).map { Float($0 % 17) / 16 })
          try root.write("labels", shape: [count], labels.map { Int64($0) })
        }
        let result = try features([network, "--shared-classes", "-o", "\(name).h5"], in: folder)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.error.contains("features of 'head' for set.h5"))
      }
      let values = try File(readingAt: folder + "/all.h5").root.dataset("features")
        .read(as: Float.self)
      let root = try File(readingAt: folder + "/some.h5").root
      let found = try root.dataset("features")
      #expect(found.shape == [5, 2])
      let expected = (0..<5).flatMap { (row: Int) -> [Float] in
        [values[row * 10 + 2], values[row * 10 + 7]]
      }
      let kept = try found.read(as: Float.self)
      #expect(kept == expected)
      #expect(try root.dataset("column_classes").read(as: Int64.self) == [2, 7])
      let wrong = try features(
        [network, "--shared-classes", "--at", "features", "-o", "x.h5"], in: folder)
      #expect(wrong.status == 2)
      #expect(wrong.error.contains("[32] are no logits, of which --shared-classes keeps some"))
    }
  }

  @Test func `what is left out is asked for and said`() throws {
    try withTemporaryFolder { folder in
      try writeImages(to: folder + "/set.h5")
      let plain = try Checkpoint.open(Self.network)
      try File.create(folder + "/more.h5") { root in
        for parameter in plain.parameters {
          let tensor = try plain.tensor(parameter)
          try root.write(parameter.name, shape: tensor.shape, tensor.values)
        }
        try root.write("neck.0.weight", shape: [3], [1, 2, 3] as [Float])
      }
      let refused = try features(["more.h5", "-o", "f.h5"], in: folder)
      #expect(refused.status == 2)
      #expect(refused.error.contains("--leave-out neck.0 if it is no part of the network"))
      let result = try features(["more.h5", "--leave-out", "neck", "-o", "f.h5"], in: folder)
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.contains("what was asked for is left out: neck.0.weight"))
      let inspected = try runAnamorph(["inspect", "more.h5", "--leave-out", "neck"], in: folder)
      #expect(inspected.output.contains("note: what was asked for is left out: neck.0.weight"))
      let graph = try runAnamorph(
        ["inspect", "--graph", "more.h5", "--leave-out", "neck"], in: folder)
      #expect(graph.output.contains("logits: fc (3)"))
    }
  }

  @Test func `bfloat16 says what error it was measured to have`() throws {
    try withTemporaryFolder { folder in
      try writeImages(to: folder + "/set.h5")
      let result = try features(
        [Self.network, "--precision", "bf16", "-o", "f.h5"], in: folder)
      // Processors without it refuse it.
      guard result.status == 0 else { return }
      #expect(result.error.contains("bf16: features "))
      #expect(result.error.contains(" % from those in f32 (median of "))
      let numbers = try File(readingAt: folder + "/f.h5").root.attribute("numbers")?.string
      #expect(numbers?.hasPrefix("bf16") == true)
    }
  }
}
