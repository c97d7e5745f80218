import Checkpoints
import HDF5
import TestSupport
import Testing

@Suite struct KindOfChangeTests {
  /// A file of `type` with a kernel, a bias, a scale, a shift, running statistics and a head.
  private func write(
    _ path: String, changing changed: Set<String> = [], _ change: (Float) -> Float = { $0 + 1 }
  ) throws {
    let layers: [(String, [(Role, [Int])])] = [
      ("conv", [(.kernel, [3, 3, 1, 2]), (.bias, [2])]),
      ("norm", [(.gamma, [2]), (.beta, [2]), (.movingMean, [2]), (.movingVariance, [2])]),
      ("head", [(.kernel, [4, 3]), (.bias, [3])]),
    ]
    var parameters: [NamedTensor] = []
    for (layer, list) in layers {
      for (role, shape) in list {
        let isChanged = changed.contains("\(layer)/\(role.name)")
        let values = (0..<shape.reduce(1, *)).map { Float($0) * 0.37 + 0.1 }
        parameters.append(
          NamedTensor(
            layer: layer, role: role,
            tensor: Tensor(shape: shape, values: isChanged ? values.map(change) : values)))
      }
    }
    try Checkpoint.write(to: path, architecture: nil, parameters: parameters)
  }

  @Test(
    arguments: [
      ([], .identical, "Identical: all 8"),
      (["norm/moving_mean"], .statisticsOnly, "Only batch-normalisation statistics"),
      (["head/kernel", "head/bias"], .headOnly, "Only the head changed, as a linear probe does"),
      (["head/bias"], .headOnly, "Only the head changed"),
      (["conv/bias", "head/bias"], .biasesOnly, "Only biases changed: 2 of 8 parameters"),
      (["conv/bias", "norm/beta"], .biasesOnly, "Only biases changed"),
      (["conv/kernel", "norm/gamma"], .backboneOnly, "Every layer but the head, head, changed"),
      (["conv/kernel"], .someLayers, "Changed: conv (1 of 3 layers)"),
      (["conv/kernel", "norm/beta", "head/bias"], .allLayers, "All layers changed"),
    ] as [(Set<String>, CheckpointDifference.Extent, String)])
  func `the kind of change is said in words`(
    changed: Set<String>, extent: CheckpointDifference.Extent, words: String
  ) throws {
    try withTemporaryFolder { folder in
      try write(folder + "/a.h5")
      try write(folder + "/b.h5", changing: changed)
      let difference = try CheckpointDifference(
        from: .open(folder + "/a.h5"), to: .open(folder + "/b.h5"))
      #expect(difference.extent == extent)
      #expect(difference.summary.hasPrefix(words), "\(difference.summary)")
    }
  }

  @Test func `rounding to another element type is told from training`() throws {
    // keras3_half holds float16 and bfloat16; a state dictionary is written here in both types.
    try withTemporaryFolder { folder in
      let values: [Double] = [0.1, -1.2345, 3e-6, 70, 0]
      let half = try #require(Rounding(to: .float16))
      func write(_ name: String, _ values: [Double], _ type: String) throws -> Checkpoint {
        let path = folder + "/" + name
        try SafeTensorsFile(["fc.weight": (type, [5, 1], values)]).write(to: path)
        return try Checkpoint.open(path)
      }
      let single = values.map { Double(Float($0)) }
      let a = try write("a.safetensors", single, "F32")
      let b = try write("b.safetensors", single.map(half.rounded), "F16")
      for (first, second, words) in [(a, b, "float32 → float16"), (b, a, "float16 → float32")] {
        let difference = try CheckpointDifference(from: first, to: second)
        #expect(difference.extent == .typeConversion)
        #expect(difference.summary.hasPrefix("Only the element type changed, \(words): "))
        #expect(!difference.isSame)
      }
      let moved = try write("c.safetensors", single.map { half.rounded($0 + 0.01) }, "F16")
      #expect(try CheckpointDifference(from: a, to: moved).extent != .typeConversion)
      let brain = try #require(Rounding(to: .bfloat16))
      let c = try write("d.safetensors", single.map(brain.rounded), "BF16")
      #expect(try CheckpointDifference(from: a, to: c).extent == .typeConversion)
    }
  }

  @Test func `layers are the sums of their parameters`() throws {
    try withTemporaryFolder { folder in
      try write(folder + "/a.h5")
      try write(folder + "/b.h5", changing: ["head/kernel", "head/bias"]) { $0 * 2 }
      let difference = try CheckpointDifference(
        from: .open(folder + "/a.h5"), to: .open(folder + "/b.h5"))
      let layers = difference.layers
      #expect(layers.map(\.layer) == ["conv", "norm", "head"])
      #expect(layers.map(\.isSame) == [true, true, false])
      #expect(layers.map(\.parameterCount) == [2, 4, 2])
      let head = layers[2]
      // b = 2a, so the change is as long as a and points the same way.
      #expect(try abs(#require(head.relativeNorm) - 1) < 1e-12)
      #expect(try abs(#require(head.cosine) - 1) < 1e-12)
      #expect(head.changedShare == 1 && head.count == 15)
      #expect(head.largestIn?.role == .kernel && head.largestIndex == [3, 2])
      #expect(layers[0].relativeNorm == 0 && layers[0].cosine == 1 && layers[0].largest == nil)
      #expect(
        try abs(#require(difference.total.relativeNorm) - (try #require(difference.relativeNorm)))
          < 1e-15)
    }
  }

  @Test(
    arguments: [
      (1 + 0x1p-11, 1.0), (1 + 0x1p-11 + 0x1p-20, 1 + 0x1p-10), (1 + 3 * 0x1p-11, 1 + 0x1p-9),
      (65519, 65504), (65520, .infinity), (-65520, -.infinity), (0x1p-24, 0x1p-24),
      (0x1p-25, 0), (0x1.8p-24, 0x1p-23), (0, 0),
    ] as [(Double, Double)])
  func `half precision rounds to the nearest, ties to even`(value: Double, expected: Double) throws
  {
    #expect(try #require(Rounding(to: .float16)).rounded(value) == expected)
  }

  @Test func `rounding to single precision is the machine's`() throws {
    let single = try #require(Rounding(to: .float32))
    for value in [0.1, -3e38, 1e-40, 1 / 3.0, 4e38, 123456789.0] {
      #expect(single.rounded(value) == Double(Float(value)))
    }
    #expect(single.rounded(.nan).isNaN && single.rounded(-.infinity) == -.infinity)
    #expect(Rounding(to: .integer(bits: 8, signed: true)) == nil)
    // Errors uniform over one spacing have a standard deviation of that over √12.
    #expect(abs(single.error(in: [1, -1.5]) - 0x1p-23 / 12.0.squareRoot()) < 1e-22)
  }
}
