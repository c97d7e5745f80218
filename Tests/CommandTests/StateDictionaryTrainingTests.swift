import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

/// Networks that a state dictionary's names and shapes tell are trained and compared from the command.
@Suite struct StateDictionaryTrainingTests {
  @Test(arguments: [("resnet_small", "fc"), ("vit", "head")])
  func `a state dictionary is probed, fine-tuned and compared`(name: String, head: String) throws {
    try withTemporaryFolder { folder in
      let bench = Workbench(folder: folder)
      try FileManager.default.copyItem(
        atPath: fixture("../../NetworksTests/Fixtures/Gradients/\(name).state.safetensors"),
        toPath: bench.path("pre.safetensors"))
      for (set, shift) in [("id", Float(0)), ("ood", 0.4)] { try write(set, shift, in: bench) }
      let from = ["--from", "pre.safetensors", "--data", "id.h5", "--input-size", "16", "--quiet"]
      let tuning = ["--rates", "0.01", "0.1", "--epochs", "10", "--batch-size", "16"]
      for (method, more) in [("lp", []), ("ft", tuning), ("lp-ft", tuning)] {
        let result = try runAnamorph(
          ["train", method] + from + more + ["-o", "\(method).h5"], in: folder)
        #expect(result.status == 0 && result.error == "", "\(method): \(result.error)")
        let checkpoint = try Checkpoint.open(bench.path("\(method).h5"))
        #expect(checkpoint.training?["method"]?.string == method)
        #expect((checkpoint.training?["validation_accuracy"]?.double ?? 0) > 0.8)
        let kernel = checkpoint.parameters.first { $0.layer == head && $0.role == .kernel }
        #expect(kernel?.shape.last == 2)
      }
      let result = try bench.anamorph(
        "distortion", "--before", "pre.safetensors", "--after", "ft.h5", "--id", "id.h5", "--ood",
        "ood.h5", "--input-size", "16", "--format", "json", "--quiet")
      #expect(result.status == 0 && result.error == "", "\(result.error)")
      let json = try JSON(parsing: result.output)
      let sets = Set(json["features"]?.array?.compactMap { $0["set"]?.string } ?? [])
      #expect(sets == ["id.h5", "ood.h5"])
    }
  }

  /// Images of two classes, red or not.
  private func write(_ name: String, _ shift: Float, in bench: Workbench) throws {
    let count = 60
    var values: [Float] = []
    for example in 0..<count {
      for place in 0..<16 * 16 * 3 {
        let isRed = place % 3 == 0
        let noise = Float((example * 7919 + place * 104729) % 101) / 101 - 0.5
        values.append((isRed == (example % 2 == 0) ? 1 : -1) + noise + shift)
      }
    }
    try File.create(bench.path("\(name).h5")) { root in
      try root.write("images", shape: [count, 16, 16, 3], values)
      try root.write("labels", shape: [count], (0..<count).map { Int32($0 % 2) })
    }
  }
}
