import Checkpoints
import Files
import HDF5
import TestSupport
import Testing

@Suite struct DifferenceTests {
  @Test func `a change by hand has the norms of its definition`() throws {
    // a = (3, 0, 4), b − a = (0, 0.5, −1).
    let change = ParameterChange(from: [3, 0, 4], to: [3, 0.5, 3], shape: [3])
    #expect(change.changedCount == 2)
    #expect(change.normBefore == 5)
    #expect(change.distance == 1.25.squareRoot())
    #expect(change.relativeNorm == 1.25.squareRoot() / 5)
    #expect(change.largest == -1)
    #expect(change.largestIndex == [2])
    // ⟨a, b⟩ = 9 + 12, ‖b‖² = 9 + 0.25 + 9.
    #expect(try abs(#require(change.cosine) - 21 / (5 * 18.25.squareRoot())) < 1e-15)
  }

  @Test func `the place of the largest change has an index for each axis`() {
    var after = [Double](repeating: 0, count: 24)
    after[17] = -2
    after[3] = 1
    let change = ParameterChange(
      from: [Double](repeating: 0, count: 24), to: after, shape: [2, 3, 4])
    #expect(change.largestIndex == [1, 1, 1])
    #expect(change.relativeNorm == nil)
    #expect(change.cosine == nil)
    #expect(change.changedShare == 2.0 / 24)
  }

  @Test func `NaN that stays is no change, NaN that comes or goes is one`() {
    let stays = ParameterChange(from: [.nan, 1, .infinity], to: [.nan, 1, .infinity], shape: [3])
    #expect(stays.isSame && stays.nonFiniteBefore == 2 && stays.cosine == 1)
    let comes = ParameterChange(from: [1, 2], to: [.nan, 2], shape: [2], tolerance: 100)
    #expect(!comes.isSame && comes.changedCount == 1 && comes.nonFiniteAfter == 1)
    #expect(comes.relativeNorm == 0)
    let flips = ParameterChange(from: [.infinity], to: [-.infinity], shape: [1])
    #expect(!flips.isSame)
  }

  @Test func `zeros of both signs are equal, and nothing at all is the same`() {
    #expect(ParameterChange(from: [0.0], to: [-0.0], shape: [1]).isSame)
    #expect(ParameterChange(from: [], to: [], shape: [0, 3]).isSame)
    #expect(ParameterChange(from: [1], to: [1], shape: []).largestIndex == [])
  }

  @Test func `norms that overflow are undefined, not infinite`() {
    let change = ParameterChange(from: [1e200], to: [-1e200], shape: [1])
    #expect(change.relativeNorm == nil && change.cosine == nil && !change.isSame)
  }

  @Test func `a tolerance counts smaller changes as none`() {
    let change = ParameterChange(from: [1, 2], to: [1.001, 2.5], shape: [2], tolerance: 0.01)
    #expect(change.changedCount == 1)
  }

  @Test(arguments: [
    ("base", CheckpointDifference.Extent.identical), ("session", .identical),
    ("reordered", .identical), ("statistics", .statisticsOnly), ("replaced_head", .headOnly),
    ("nan", .someLayers), ("inserted", .someLayers), ("keras2_conv_adam", .allLayers),
    ("keras0", .nothingShared),
  ])
  func `how far the differences reach is said in a word`(
    name: String, extent: CheckpointDifference.Extent
  ) throws {
    let difference = try difference("base", name)
    #expect(difference.extent == extent)
    #expect(difference.isSame == (extent == .identical))
  }

  @Test func `the summary says it in words`() throws {
    #expect(
      try difference("base", "session").summary
        == "Identical: all 10 parameters hold the same values.")
    #expect(
      try difference("base", "statistics").summary
        == "Only batch-normalisation statistics changed: 2 of 10 parameters.")
    #expect(
      try difference("base", "replaced_head").summary
        == "Only the head changed, as a linear probe does: layer head; 8 of 10 pairs can be compared; head kernel has another shape, 3 × 2 and 3 × 7; "
        + "head bias has another shape, 2 and 7.")
    #expect(
      try difference("base", "nan").summary
        == "Changed: first (1 of 4 layers); 1 hold NaN or infinity in the second.")
    #expect(
      try difference("base", "inserted").summary
        == "What both hold is identical; 2 only in the second.")
    #expect(
      try difference("keras2_conv_adam", "keras2_conv_head").summary
        == "Only the head changed, as a linear probe does: layer head.")
  }

  @Test func `every pair says how it was found`() throws {
    #expect(Set(try difference("base", "base").pairs.map(\.evidence)) == [.name])
    #expect(Set(try difference("base", "session").pairs.map(\.evidence)) == [.layerAndRole])
    let reordered = try difference("base", "reordered")
    #expect(reordered.pairs.filter { $0.evidence == .moved }.count == 6)
    #expect(reordered.pairs.filter { $0.evidence == .name }.count == 4)
  }

  @Test func `a shape mismatch is never the same`() throws {
    let difference = try difference("base", "replaced_head")
    #expect(!difference.isSame)
    #expect(difference.pairs.filter { $0.change == nil }.count == 2)
  }

  @Test func `a layer inserted early renames the later ones, and they are found all the same`()
    throws
  {
    func parameters(_ layers: [(String, Int, Int)]) -> [NamedTensor] {
      layers.flatMap { name, inputs, outputs in
        [
          NamedTensor(
            layer: name, role: .kernel, tensor: Tensor(shape: [inputs, outputs], repeating: 1)),
          NamedTensor(layer: name, role: .bias, tensor: Tensor(shape: [outputs])),
        ]
      }
    }
    try withTemporaryFolder { folder in
      let (a, b) = (folder + "/a.h5", folder + "/b.h5")
      try Checkpoint.write(
        to: a, architecture: nil,
        parameters: parameters([("dense", 4, 8), ("dense_1", 8, 3), ("dense_2", 3, 2)]))
      try Checkpoint.write(
        to: b, architecture: nil,
        parameters: parameters([
          ("dense", 4, 8), ("dense_1", 8, 8), ("dense_2", 8, 3), ("dense_3", 3, 2),
        ]))
      let difference = try CheckpointDifference(from: .open(a), to: .open(b))
      #expect(
        difference.pairs.map(\.after.layer)
          == ["dense", "dense", "dense_2", "dense_2", "dense_3", "dense_3"])
      #expect(difference.pairs.map(\.evidence) == [.name, .name, .order, .order, .order, .order])
      #expect(difference.onlyAfter.map(\.layer) == ["dense_1", "dense_1"])
      #expect(difference.pairs.filter { !$0.isSame }.isEmpty)
      let back = try CheckpointDifference(from: .open(b), to: .open(a))
      #expect(back.onlyBefore.map(\.layer) == ["dense_1", "dense_1"])
    }
  }

  @Test(arguments: [
    (
      "h2", CheckpointDifference.Extent.headOnly,
      "Only the head changed, as a linear probe does: layer net/h2."
    ),
    ("h1", .someLayers, "Changed: net/h1 (1 of 3 layers)."),
    ("h1 n1 h2", .allLayers, "All layers changed: 6 of 6 pairs of parameters."),
  ])
  func `layers of a nested model count one by one`(
    changed: String, extent: CheckpointDifference.Extent, summary: String
  ) throws {
    let names = ["h1/kernel:0", "n1/gamma:0", "h2/kernel:0", "h2/bias:0", "h1/bias:0", "n1/beta:0"]
    try withTemporaryFolder { folder in
      for (file, step) in [("/a.h5", 0), ("/b.h5", 1)] as [(String, Float)] {
        try File.create(folder + file) { root in
          try root.setAttribute("keras_version", "2.15.0")
          try root.setAttribute("layer_names", ["net"])
          let group = try root.createGroup("net")
          try group.setAttribute("weight_names", names)
          for name in names {
            let value: Float = changed.split(separator: " ").contains(name.prefix(2)) ? step : 0
            try group.write(name, shape: [1, 1], [1 + value])
          }
        }
      }
      let difference = try CheckpointDifference(
        from: .open(folder + "/a.h5"), to: .open(folder + "/b.h5"))
      #expect(difference.extent == extent)
      #expect(difference.summary == summary)
    }
  }

  @Test func `the whole change is the root of the sum of squares of its parts`() throws {
    let difference = try difference("keras2_conv_adam", "keras2_conv_head")
    let changes = difference.pairs.compactMap(\.change)
    let distance = changes.reduce(0) { $0 + $1.distance * $1.distance }.squareRoot()
    let norm = changes.reduce(0) { $0 + $1.normBefore * $1.normBefore }.squareRoot()
    #expect(try abs(#require(difference.relativeNorm) - distance / norm) < 1e-15)
  }

  @Test func `statistics are those of their definitions`() {
    let statistics = ParameterStatistics([1, -1, 3, .nan, 0, .infinity, 2])
    #expect(statistics.nanCount == 1 && statistics.infiniteCount == 1 && statistics.zeroCount == 1)
    #expect(statistics.norm == 15.0.squareRoot())
    #expect(statistics.mean == 1)
    #expect(statistics.standardDeviation == 2.0.squareRoot())
    #expect(statistics.minimum == -1 && statistics.maximum == 3)
    #expect(ParameterStatistics([]).mean == nil)
    #expect(ParameterStatistics([.nan]).maximum == nil)
  }

  private func difference(_ a: String, _ b: String) throws -> CheckpointDifference {
    try CheckpointDifference(
      from: .open(fixture(a + ".h5")), to: .open(fixture(b + ".h5")))
  }
}
