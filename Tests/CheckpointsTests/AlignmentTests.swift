import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct AlignmentTests {
  private let unmoved = ComparisonOptions(exclusions: ["num_batches_tracked"])

  @Test(arguments: [
    "torch_flat.h5", "torch_groups.h5", "torch_prefixed.h5", "torch.safetensors",
    "torch.safetensors.index.json", "torch_deflated.npz",
  ])
  func `a network of PyTorch is the same network in Keras, kernels transposed`(name: String) throws
  {
    let (torch, keras) = (try open(name), try open("torch_as_keras.h5"))
    for (a, b) in [(torch, keras), (keras, torch)] {
      let difference = try CheckpointDifference(from: a, to: b, options: unmoved)
      #expect(difference.isSame)
      #expect(difference.pairs.count == 22)
      #expect(difference.pairs.filter { $0.transposition != nil }.count == 13)
      let fc = try #require(
        difference.pairs.first { $0.before.role == .kernel && $0.before.layer == "fc" })
      let isForward = a.layout != .kerasLegacyWeights
      #expect(fc.transposition == (isForward ? "(in,out) → (out,in)" : "(out,in) → (in,out)"))
      #expect(fc.evidence == .layerAndRole)
      #expect(difference.excludedBefore + difference.excludedAfter == 1)
      #expect(difference.summary.contains("13 kernels of the second were transposed"))
    }
    #expect(torch.head == "fc" && keras.head == "fc")
  }

  @Test func `square kernels are not compared as they lie`() throws {
    // fc is 3 × 3: shapes agree without transposition, values do not.
    let (torch, keras) = (try open("torch.safetensors"), try open("torch_as_keras.h5"))
    let a = try #require(torch.parameters.first { $0.name == "fc.weight" })
    let b = try #require(keras.parameters.first { $0.name == "fc/kernel:0" })
    #expect(a.shape == b.shape)
    #expect(try torch.values(a) != keras.values(b))
  }

  @Test func `kernels in Theano's order are read as those in TensorFlow's`() throws {
    let difference = try CheckpointDifference(
      from: open("keras1_theano.h5"), to: open("keras1_tensorflow.h5"))
    #expect(difference.isSame)
    #expect(difference.pairs.map(\.transposition) == [nil, nil])
  }

  @Test func `kernels that Theano turned are told from kernels that changed`() throws {
    try withTemporaryFolder { folder in
      let kernel = (0..<2 * 3 * 2 * 2).map { Float($0) }  // 2 × 3 places, 2 inputs, 2 outputs
      // Of 2 outputs × 2 inputs × 2 × 3 places, turned: [o][i][1 − y][2 − x].
      var turned = [Float](repeating: 0, count: kernel.count)
      for (y, x, i, o) in Self.places {
        turned[((o * 2 + i) * 2 + 1 - y) * 3 + 2 - x] = kernel[((y * 3 + x) * 2 + i) * 2 + o]
      }
      // 2 × 3 × 2 × 2 tells nothing of its order by itself, so Anamorph's layout says it.
      func ours(_ name: String, _ role: Role, _ shape: [Int], _ values: [Float]) throws
        -> Checkpoint
      {
        let path = "\(folder)/\(name).h5"
        try Checkpoint.write(
          to: path, architecture: nil,
          parameters: [
            NamedTensor(layer: "c", role: role, tensor: Tensor(shape: shape, values: values))
          ])
        return try Checkpoint.open(path)
      }
      let a = try ours("a", .kernel, [2, 3, 2, 2], kernel)
      let b = try ours("b", .other("weight"), [2, 2, 2, 3], turned)
      #expect(b.parameters[0].kernelOrder == .outputsFirst)
      for (first, second) in [(a, b), (b, a)] {
        let difference = try CheckpointDifference(from: first, to: second)
        #expect(difference.isSame)
        #expect(difference.pairs[0].transposition?.hasSuffix("turned by 180 degrees") == true)
      }
      turned[0] += 1
      let c = try ours("c", .other("weight"), [2, 2, 2, 3], turned)
      #expect(try CheckpointDifference(from: a, to: c).isSame == false)
    }
  }

  private static let places = (0..<2).flatMap { y in
    (0..<3).flatMap { x in (0..<2).flatMap { i in (0..<2).map { o in (y, x, i, o) } } }
  }

  @Test func `renamed scopes and wrappers align by the last part of names`() throws {
    let difference = try CheckpointDifference(
      from: network("a", ["x.first", "x.second"]), to: network("b", ["y.first", "y.second"]))
    #expect(difference.isSame)
    #expect(difference.pairs.map(\.evidence) == [.scope, .scope])
    let stripped = try CheckpointDifference(
      from: network("a", ["x.first", "x.second"]), to: network("b", ["second", "first"]),
      options: ComparisonOptions(strippedPrefix: "x."))
    #expect(stripped.pairs.map(\.after.layer) == ["first", "second"])
    #expect(stripped.pairs.map(\.evidence).contains(.moved))
    #expect(!stripped.isSame)
  }

  @Test func `a map says what order and names cannot`() throws {
    let (a, b) = (try network("a", ["p", "q"]), try network("b", ["r", "s"]))
    let byOrder = try CheckpointDifference(from: a, to: b)
    #expect(byOrder.isSame)
    let mapped = try CheckpointDifference(
      from: a, to: b, options: ComparisonOptions(renames: [Rename(from: "p", to: "s")]))
    #expect(mapped.pairs[0].after.layer == "s" && mapped.pairs[0].evidence == .map)
    #expect(!mapped.isSame)
    let single = try CheckpointDifference(
      from: a, to: b,
      options: ComparisonOptions(renames: [Rename(from: "q/kernel", to: "r/kernel")]))
    #expect(
      single.pairs.contains {
        $0.before.layer == "q" && $0.after.layer == "r" && $0.evidence == .map
      })
  }

  @Test func `patterns take parameters out on both sides`() throws {
    let base = try open("base.h5")
    #expect(!ComparisonOptions().excludes(base.parameters[0]))
    let counts = [
      "first": 2, "*/bias": 3, "moving_*": 2, "?orm/*": 4, "*": 10, "first/b*s": 1, "irst": 0,
    ]
    for (pattern, count) in counts {
      let options = ComparisonOptions(exclusions: [pattern])
      #expect(base.parameters.filter(options.excludes).count == count, "\(pattern)")
    }
    let statistics = try CheckpointDifference(
      from: base, to: open("statistics.h5"), options: ComparisonOptions(exclusions: ["moving_*"]))
    #expect(statistics.isSame && statistics.excludedBefore == 2)
  }

  @Test func `units in the last place are counted in the first's type`() {
    func ulps(_ a: Double, _ b: Double, _ type: ElementType?) -> UInt64? {
      ParameterChange(from: [0, a], to: [0, b], shape: [2], elementType: type).largestUlps
    }
    #expect(ulps(1, Double(Float(1).nextUp), .float32) == 1)
    #expect(ulps(1, 1.0.nextDown.nextDown, .float64) == 2)
    #expect(
      ulps(-Double(Float.leastNonzeroMagnitude), Double(Float.leastNonzeroMagnitude), .float32) == 2
    )
    #expect(ulps(0, -0.0, .float32) == 0)
    #expect(ulps(1, 1 + 0x1p-10, .float16) == 1 && ulps(1, 1 + 0x1p-7, .bfloat16) == 1)
    #expect(ulps(1, 2, .integer(bits: 8, signed: true)) == nil && ulps(1, 2, nil) == nil)
    #expect(ulps(1, .nan, .float32) == 0)
  }

  @Test func `a trajectory keeps each parameter's identity and adds up`() throws {
    let checkpoints = try [Float(0), 1, 3, 3].enumerated().map { index, value in
      try network("n\(index)", index % 2 == 0 ? ["p", "q"] : ["p_1", "q_1"], plus: value)
    }
    let trajectory = try CheckpointTrajectory(checkpoints)
    #expect(trajectory.commonCount == 2 && trajectory.points.count == 6)
    #expect(!trajectory.isSame)
    // Two parameters of two values each move by 1, by 2, and not at all.
    #expect(trajectory.steps.map(\.stepLength) == [2, 4, 0])
    #expect(trajectory.steps.map(\.pathLength) == [2, 6, 6])
    #expect(zip(trajectory.steps.map(\.distance), [2, 6, 6]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(trajectory.points.map(\.first.layer) == ["p", "q", "p", "q", "p", "q"])
    #expect(trajectory.points[4].sincePrevious?.isSame == true)
    #expect(try CheckpointTrajectory([checkpoints[2], checkpoints[3]]).isSame)
    let partial = try CheckpointTrajectory([
      open("base.h5"), open("replaced_head.h5"), open("base.h5"),
    ])
    #expect(partial.commonCount == 8)
    #expect(partial.steps.map(\.missing.count) == [2, 0])
    #expect(partial.steps.map(\.isSame) == [false, true])
    #expect(partial.points.filter { $0.step == 2 }.filter { $0.sincePrevious == nil }.count == 2)
  }

  /// Layers with kernels of one shape: 1, 2 in the first, 3, 4 in the second, and so on.
  private func network(_ name: String, _ layers: [String], plus value: Float = 0) throws
    -> Checkpoint
  {
    try withTemporaryFolder { folder in
      let path = "\(folder)/\(name).h5"
      try Checkpoint.write(
        to: path, architecture: nil,
        parameters: layers.enumerated().map { index, layer in
          let first = Float(2 * index + 1) + value
          return NamedTensor(
            layer: layer, role: .kernel, tensor: Tensor(shape: [2, 1], values: [first, first + 1]))
        })
      return try Checkpoint.open(path)
    }
  }

  private func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(fixture(name)) }

  private func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(components: "Fixtures", name).path(percentEncoded: false)
  }
}
