import Checkpoints
import Randomness
import TestSupport
import Testing

/// Layers go to one layer, or to several that go to no other.
@Suite struct AlignmentByLayerTests {
  private func write(
    _ path: String, _ layers: [(name: String, arrays: [(role: Role, shape: [Int])])]
  ) throws -> Checkpoint {
    try Checkpoint.write(
      to: path, architecture: nil,
      parameters: layers.flatMap { layer in
        layer.arrays.map {
          NamedTensor(
            layer: layer.name, role: $0.role, tensor: Tensor(shape: $0.shape, repeating: 1))
        }
      })
    return try Checkpoint.open(path)
  }

  private func dense(_ name: String, _ rows: Int, _ columns: Int) -> (
    name: String, arrays: [(role: Role, shape: [Int])]
  ) { (name, [(.kernel, [rows, columns]), (.bias, [columns])]) }

  @Test func `biases stay with their kernels, in both directions`() throws {
    try withTemporaryFolder { folder in
      // Biases of all layers are alike, kernels are not, and one layer is without partner.
      let a = try write(
        folder + "/a.h5", [dense("p", 3, 4), dense("q", 5, 4), dense("r", 6, 4), dense("s", 7, 4)])
      let b = try write(
        folder + "/b.h5", [dense("t", 5, 4), dense("u", 9, 4), dense("v", 6, 4), dense("w", 7, 4)])
      let forward = try CheckpointDifference(from: a, to: b)
      #expect(forward.pairs.map(\.before.layer) == ["q", "q", "r", "r", "s", "s"])
      #expect(forward.pairs.map(\.after.layer) == ["t", "t", "v", "v", "w", "w"])
      #expect(forward.onlyBefore.map(\.layer) == ["p", "p"])
      let backward = try CheckpointDifference(from: b, to: a)
      #expect(backward.pairs.map(\.before.layer) == forward.pairs.map(\.after.layer))
      #expect(backward.pairs.map(\.after.layer) == forward.pairs.map(\.before.layer))
    }
  }

  @Test func `any two lists are paired alike in both directions, and layers keep together`() throws
  {
    try withTemporaryFolder { folder in
      for round in 0..<40 {
        var generator = SeededGenerator(seed: UInt64(round), "layers")
        func network(_ letters: [String]) -> [(name: String, arrays: [(role: Role, shape: [Int])])]
        {
          letters.map { dense($0, 2 + generator.index(below: 3), 2 + generator.index(below: 2)) }
        }
        let a = try write("\(folder)/a\(round).h5", network(["a", "b", "c", "d", "e"]))
        let b = try write("\(folder)/b\(round).h5", network(["d", "x", "b", "y"]))
        let forward = try CheckpointDifference(from: a, to: b)
        let backward = try CheckpointDifference(from: b, to: a)
        #expect(
          Set(forward.pairs.map { [$0.before.path, $0.after.path] })
            == Set(backward.pairs.map { [$0.after.path, $0.before.path] }))
        let partners = Dictionary(grouping: forward.pairs, by: \.before.layer)
        #expect(partners.values.allSatisfy { Set($0.map(\.after.layer)).count == 1 })
      }
    }
  }

  @Test func `a layer may be shared out among its neighbours`() throws {
    try withTemporaryFolder { folder in
      let whole = try write(
        folder + "/a.h5",
        [
          dense("first", 3, 4),
          (
            "separable",
            [(.depthwiseKernel, [3, 3, 4, 1]), (.pointwiseKernel, [1, 1, 4, 6]), (.bias, [6])]
          ), dense("last", 6, 2),
        ])
      let parts = try write(
        folder + "/b.h5",
        [
          dense("one", 3, 4), ("two", [(.depthwiseKernel, [3, 3, 4, 1])]),
          ("three", [(.kernel, [1, 1, 4, 6]), (.bias, [6])]), dense("four", 6, 2),
        ])
      for (a, b) in [(whole, parts), (parts, whole)] {
        let difference = try CheckpointDifference(from: a, to: b)
        #expect(difference.isSame && difference.pairs.count == 7)
      }
    }
  }

  @Test func `layers of other names whose kernels are unlike are not paired by their biases`()
    throws
  {
    try withTemporaryFolder { folder in
      let a = try write(folder + "/a.h5", [dense("x", 3, 4), dense("old", 5, 4)])
      let b = try write(folder + "/b.h5", [dense("x", 3, 4), dense("new", 6, 4)])
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(difference.pairs.map(\.before.layer) == ["x", "x"])
      #expect(difference.onlyBefore.count == 2 && difference.onlyAfter.count == 2)
      let renamed = try CheckpointDifference(
        from: a, to: b, options: ComparisonOptions(renames: [Rename(from: "old", to: "new")]))
      #expect(renamed.pairs.map(\.before.layer) == ["x", "x", "old", "old"])
      #expect(renamed.layers.last?.shapeChangeCount == 1 && renamed.layers.last?.comparedCount == 1)
    }
  }
}
