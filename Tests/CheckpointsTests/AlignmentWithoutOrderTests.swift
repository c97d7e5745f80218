import Checkpoints
import Files
import Randomness
import TestSupport
import Testing

/// Files that record no order, with layers of one shape under other names.
@Suite struct AlignmentWithoutOrderTests {
  /// A layer as both libraries hold it: a dense kernel with a bias, or a batch normalisation.
  private struct Layer {
    var name: String
    var arrays: [(role: Role, torch: String, shape: [Int], values: [Float])]

    static func dense(_ name: String, seed: UInt64, size: Int = 6) -> Layer {
      var generator = SeededGenerator(seed: seed, "dense")
      let kernel = generator.normals(size * size).map(Float.init)
      let bias = generator.normals(size).map(Float.init)
      return Layer(
        name: name,
        arrays: [(.kernel, "weight", [size, size], kernel), (.bias, "bias", [size], bias)])
    }

    static func normalization(_ name: String, seed: UInt64, size: Int = 24) -> Layer {
      var generator = SeededGenerator(seed: seed, "normalization")
      func values() -> [Float] { generator.normals(size).map { Float(1 + $0 * $0) } }
      return Layer(
        name: name,
        arrays: [
          (.gamma, "weight", [size], values()), (.beta, "bias", [size], values()),
          (.movingMean, "running_mean", [size], values()),
          (.movingVariance, "running_var", [size], values()),
        ])
    }

    func called(_ name: String) -> Layer { Layer(name: name, arrays: arrays) }

    func moved(by scale: Float) -> Layer {
      var moved = self
      for index in arrays.indices {
        moved.arrays[index].values = arrays[index].values.enumerated().map { place, value in
          value + scale * (Float(place % 3) - 1)
        }
      }
      return moved
    }
  }

  /// In the order of the model, kernels with inputs first.
  private func ordered(_ path: String, _ layers: [Layer]) throws -> Checkpoint {
    try Checkpoint.write(
      to: path, architecture: nil,
      parameters: layers.flatMap { layer in
        layer.arrays.map {
          NamedTensor(
            layer: layer.name, role: $0.role, tensor: Tensor(shape: $0.shape, values: $0.values))
        }
      })
    return try Checkpoint.open(path)
  }

  /// By name, kernels with outputs first, with the counts of batches that PyTorch keeps.
  private func stateDictionary(
    _ path: String, _ layers: [Layer], type: String = "F32"
  ) throws -> Checkpoint {
    var arrays: [String: (type: String, shape: [Int], values: [Double])] = [:]
    for layer in layers {
      for array in layer.arrays {
        var values = array.values.map { Double($0) }
        if array.role == .kernel {
          let size = array.shape[0]
          values = (0..<size * size).map { values[$0 % size * size + $0 / size] }
        }
        arrays["\(layer.name).\(array.torch)"] = (type, array.shape, values)
      }
      if layer.arrays.count == 4 {
        arrays["\(layer.name).num_batches_tracked"] = ("I64", [], [Double(layers.count)])
      }
    }
    try SafeTensorsFile(arrays).write(to: path)
    return try Checkpoint.open(path)
  }

  private let network: [Layer] = [
    .dense("dense", seed: 1), .normalization("batch_normalization", seed: 2),
    .dense("dense_1", seed: 3), .normalization("batch_normalization_1", seed: 4),
    .dense("dense_2", seed: 5), .dense("dense_3", seed: 6, size: 4),
  ]
  /// Names whose order is another than the model's.
  private let names = ["stem", "norm", "block.b", "block.norm", "block.a", "head"]

  private var renamed: [Layer] { zip(network, names).map { $0.called($1) } }

  @Test func `values tell which layers of one shape belong together`() throws {
    try withTemporaryFolder { folder in
      let a = try ordered(folder + "/a.h5", network)
      let b = try stateDictionary(folder + "/b.safetensors", renamed)
      for (first, second) in [(a, b), (b, a)] {
        let difference = try CheckpointDifference(from: first, to: second)
        #expect(difference.isSame && difference.pairs.count == 16)
        #expect(difference.summary.contains("2 counts of batches"))
        // The only layer of its shape needs no values.
        let evidence = Dictionary(
          difference.pairs.map { ($0.before.innermostLayer, $0.evidence) }
        ) { one, _ in one }
        #expect(Set(evidence.values) == [.values, .shape])
        #expect(evidence.filter { $0.value == .shape }.count == 1)
      }
    }
  }

  @Test func `they do so after training and in half precision, whichever is first`() throws {
    try withTemporaryFolder { folder in
      let a = try ordered(folder + "/a.h5", network)
      let b = try stateDictionary(
        folder + "/b.safetensors", renamed.map { $0.moved(by: 0.1) }, type: "F16")
      let partners = Dictionary(
        uniqueKeysWithValues: zip(network.map(\.name), names))
      let forward = try CheckpointDifference(from: a, to: b)
      #expect(forward.pairs.count == 16 && forward.onlyBefore.isEmpty)
      #expect(forward.pairs.allSatisfy { partners[$0.before.layer] == $0.after.layer })
      let backward = try CheckpointDifference(from: b, to: a)
      #expect(
        Set(forward.pairs.map { [$0.before.path, $0.after.path] })
          == Set(backward.pairs.map { [$0.after.path, $0.before.path] }))
    }
  }

  @Test func `a layer shared out by the other file has both parts as partners`() throws {
    try withTemporaryFolder { folder in
      let a = try ordered(folder + "/a.h5", network)
      // Statistics in one layer and the scale in another, as Caffe has them.
      let parts = renamed.flatMap { layer -> [Layer] in
        guard layer.arrays.count == 4 else { return [layer] }
        return [
          Layer(name: "scale_" + layer.name, arrays: Array(layer.arrays[..<2])),
          Layer(name: layer.name, arrays: Array(layer.arrays[2...])),
        ]
      }
      let b = try stateDictionary(folder + "/b.safetensors", parts)
      #expect(try CheckpointDifference(from: a, to: b).isSame)
      #expect(try CheckpointDifference(from: b, to: a).isSame)
    }
  }

  @Test func `where values say nothing, names and their order decide`() throws {
    try withTemporaryFolder { folder in
      let other: [Layer] = [
        .dense("layer10", seed: 11), .dense("layer2", seed: 12), .dense("layer1", seed: 13),
      ]
      let a = try stateDictionary(
        folder + "/a.safetensors", [7, 8, 9].map { .dense("dense_\($0)", seed: $0) })
      let b = try stateDictionary(folder + "/b.safetensors", other)
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(difference.pairs.map(\.before.layer).first == "dense_7")
      #expect(
        difference.pairs.map(\.after.layer)
          == ["layer1", "layer1", "layer2", "layer2", "layer10", "layer10"])
      #expect(Set(difference.pairs.map(\.evidence)) == [.shape])
    }
  }

  @Test func `what all names begin with is no part of a name`() throws {
    try withTemporaryFolder { folder in
      let a = try stateDictionary(folder + "/a.safetensors", renamed)
      let b = try stateDictionary(
        folder + "/b.safetensors", renamed.dropLast().map { $0.called("encoder.net." + $0.name) })
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(Set(difference.pairs.map(\.evidence)) == [.unprefixed])
      #expect(difference.pairs.allSatisfy { "encoder.net." + $0.before.layer == $0.after.layer })
      #expect(difference.onlyBefore.map(\.layer) == ["head", "head"])
    }
  }

  @Test func `names that go on after an inserted layer give way to values`() throws {
    try withTemporaryFolder { folder in
      let layers: [Layer] = [1, 3, 5].map { .dense("", seed: $0) }
      let a = try stateDictionary(
        folder + "/a.safetensors", layers.enumerated().map { $1.called("layers.\($0)") })
      let more = [layers[0], .dense("", seed: 9), layers[1], layers[2]]
      let b = try stateDictionary(
        folder + "/b.safetensors", more.enumerated().map { $1.called("layers.\($0)") })
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(difference.pairs.allSatisfy(\.isSame) && difference.pairs.count == 6)
      #expect(difference.onlyAfter.map(\.layer) == ["layers.1", "layers.1"])
      #expect(Set(difference.pairs.map(\.evidence)) == [.values])
    }
  }

  @Test func `counts of batches count where both files have them`() throws {
    try withTemporaryFolder { folder in
      let a = try stateDictionary(folder + "/a.safetensors", network)
      let b = try stateDictionary(
        folder + "/b.safetensors", network + [.dense("last", seed: 20, size: 3)])
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(
        difference.pairs.filter { !$0.isSame }.map(\.before.role.name)
          == ["num_batches_tracked", "num_batches_tracked"])
      #expect(difference.bookkeepingBefore.isEmpty && difference.bookkeepingAfter.isEmpty)
      let fewer = try stateDictionary(
        folder + "/c.safetensors", network.filter { $0.name != "batch_normalization" })
      #expect(try CheckpointDifference(from: a, to: fewer).onlyBefore.count == 5)
      let trajectory = try CheckpointTrajectory([
        a, ordered(folder + "/d.h5", network),
      ])
      #expect(trajectory.isSame && trajectory.steps[0].missing.isEmpty)
    }
  }

  @Test func `a damaged parameter that has to be looked at is an error`() throws {
    try withTemporaryFolder { folder in
      let a = try ordered(folder + "/a.h5", network)
      let path = folder + "/b.safetensors"
      let b = try stateDictionary(path, renamed)
      try SafeTensorsFile([:]).write(to: path)
      // The file was opened before; its values are gone.
      #expect(throws: FileError.self) { try CheckpointDifference(from: a, to: b) }
    }
  }
}
