import Checkpoints
import Foundation
import Testing

/// Checkpoints of every layout are the same read in this process and through another.
@Suite struct ReaderComparisonTests {
  @Test(arguments: [
    "base.h5", "keras3_three_ways.keras", "keras2_three_ways.keras", "keras3_half.weights.h5",
    "keras3_sharded.weights.json", "keras3_odd.weights.h5", "caffe.caffemodel.h5",
    "torch_groups.h5", "torch.safetensors", "torch_deflated.npz",
  ])
  func `a checkpoint has one digest however it is read`(name: String) throws {
    let here = try Checkpoint.open(path(name))
    let there = try elsewhere { try Checkpoint.open(path(name)) }
    #expect(here.layers == there.layers)
    #expect(try here.digest() == there.digest())
    for parameter in here.parameters {
      #expect(try here.statistics(parameter) == ParameterStatistics(here.values(parameter)))
      #expect(try here.statistics(parameter) == there.statistics(parameter))
    }
    #expect(try CheckpointDifference(from: here, to: there).isSame)
  }

  @Test(arguments: [
    ("base.h5", "statistics.h5"), ("base.h5", "session.h5"),
    ("keras3_three_ways.keras", "keras2_three_ways.keras"),
    ("keras3_three_ways.weights.h5", "keras2_three_ways.weights.h5"),
    ("keras3_three_ways.keras", "keras3_three_ways.h5"),
    ("torch.safetensors", "torch_groups.h5"), ("torch_as_keras.h5", "torch_prefixed.h5"),
  ])
  func `values compared where they are in the file change as values that are read`(
    before: String, after: String
  ) throws {
    let (a, b) = try elsewhere {
      (try Checkpoint.open(path(before)), try Checkpoint.open(path(after)))
    }
    let pairs = try CheckpointDifference(from: a, to: b).pairs
    #expect(!pairs.isEmpty)
    for pair in pairs where pair.transposition == nil {
      guard let change = pair.change else { continue }
      let expected = ParameterChange(
        from: try a.values(pair.before), to: try b.values(pair.after), shape: pair.before.shape,
        elementType: pair.before.elementType)
      #expect(change.count == expected.count && change.changedCount == expected.changedCount)
      #expect(change.largest == expected.largest)
      #expect(change.largestIndex == expected.largestIndex)
      #expect(change.largestUlps == expected.largestUlps)
      #expect(abs(change.distance - expected.distance) <= 1e-12 * expected.distance)
      #expect(abs(change.normBefore - expected.normBefore) <= 1e-12 * expected.normBefore)
      #expect(abs(change.normAfter - expected.normAfter) <= 1e-12 * expected.normAfter)
    }
  }

  private func path(_ name: String) -> String {
    URL(filePath: checkpoint("base")).deletingLastPathComponent().appending(component: name)
      .path(percentEncoded: false)
  }
}
