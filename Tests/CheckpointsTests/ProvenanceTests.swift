import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ProvenanceTests {
  /// One network as Keras 2, Keras 3 and PyTorch wrote it.
  private static let files = [
    "keras2.h5", "keras2_weights.h5", "keras2.weights.h5", "keras3.h5", "keras3.keras",
    "keras3.weights.h5", "pytorch.h5", "pytorch.safetensors", "pytorch.npz",
  ]

  @Test(arguments: files)
  func `one network has one digest, whoever wrote it and however`(name: String) throws {
    let digest = try open("provenance_keras2.h5").digest()
    let checkpoint = try open("provenance_" + name)
    #expect(try checkpoint.digest() == digest)
    try withTemporaryFolder { folder in
      for layout in WrittenLayout.allCases {
        let path = "\(folder)/out.\(layout.rawValue)"
        try checkpoint.write(to: path, as: layout)
        let written = try Checkpoint.open(path)
        #expect(try written.digest() == digest)
        if layout == .anamorph { #expect(written.recordedDigest == digest) }
      }
    }
  }

  @Test(arguments: files)
  func `and differs from itself in nothing`(name: String) throws {
    let difference = try CheckpointDifference(
      from: open("provenance_keras3.keras"), to: open("provenance_" + name))
    #expect(difference.isSame && difference.pairs.count == 13)
    #expect(difference.bookkeepingAfter.count == (name.hasPrefix("pytorch") ? 1 : 0))
  }

  @Test(arguments: [
    ["parts_keras2.h5", "parts_keras2.weights.h5"],
    ["parts_keras3.h5", "parts_keras3.weights.h5", "parts_keras3.keras"],
  ])
  func `parts of a layer have one order in every layout`(names: [String]) throws {
    let digests = try names.map { try open($0).digest() }
    #expect(Set(digests).count == 1)
    let weights = try open(names[1])
    let both = try #require(weights.layers.first { $0.parameters.count == 6 })
    #expect(both.parameters[0].innerLayer?.hasPrefix("forward") == true)
  }

  @Test func `names of Keras give the order that they give without the numbers of outputs`() throws
  {
    try withTemporaryFolder { folder in
      let roles: [(layer: String, role: String, shape: [Int])] = [
        ("a", "depthwise_kernel", [3, 3, 2, 1]), ("a", "pointwise_kernel", [1, 1, 2, 4]),
        ("a", "bias", [4]), ("b", "gamma", [4]), ("b", "beta", [4]), ("b", "moving_mean", [4]),
        ("b", "moving_variance", [4]), ("c", "kernel", [4, 8]), ("c", "recurrent_kernel", [2, 8]),
        ("c", "bias", [8]), ("d", "embeddings", [5, 2]),
      ]
      var digests: Set<String> = []
      for form in [".%", "/%:0", ".%:0"] {
        var arrays: [String: (type: String, shape: [Int], values: [Double])] = [:]
        for (place, entry) in roles.enumerated() {
          let name = entry.layer + form.replacing("%", with: entry.role)
          let count = entry.shape.reduce(1, *)
          arrays[name] = ("F32", entry.shape, (0..<count).map { Double($0 + place) })
        }
        let path = "\(folder)/\(digests.count).safetensors"
        try SafeTensorsFile(arrays).write(to: path)
        let checkpoint = try Checkpoint.open(path)
        #expect(checkpoint.parameters.map(\.role.name) == roles.map(\.role))
        digests.insert(try checkpoint.digest())
      }
      let path = folder + "/ordered.h5"
      try Checkpoint.write(
        to: path, architecture: nil,
        parameters: roles.enumerated().map { place, entry in
          let count = entry.shape.reduce(1, *)
          return NamedTensor(
            layer: entry.layer, role: Role(exactly: entry.role),
            tensor: Tensor(shape: entry.shape, values: (0..<count).map { Float($0 + place) }))
        })
      digests.insert(try Checkpoint.open(path).digest())
      #expect(digests.count == 1)
    }
  }

  @Test func `rows after flattening are put in one order, and that is said`() throws {
    let (keras, torch) = (try open("flat_keras2.h5"), try open("flat_pytorch.safetensors"))
    for (a, b) in [(keras, torch), (torch, keras)] {
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(difference.isSame && difference.pairs.count == 4)
      let dense = try #require(
        difference.pairs.first { $0.before.layer == "dense" && $0.before.role == .kernel })
      #expect(dense.transposition?.contains(", rows ") == true)
      let matrices = try difference.matrices(of: dense, a, b)
      #expect(matrices.before == matrices.after)
      #expect(difference.summary.contains(", rows "))
    }
    // The digest cannot know what was flattened.
    #expect(try keras.digest() != torch.digest())
  }

  @Test func `weights of Keras as NumPy pickles are refused by name`() throws {
    // A stored entry of each name is all that is looked at.
    let error = try #require(throws: FileError.self) { try open("pickled.keras") }
    #expect(error.object == "model.weights.npz")
    #expect(error.reason.hasPrefix("holds Python pickles, which can hold code"))
  }

  private func open(_ name: String) throws -> Checkpoint { try Checkpoint.open(fixture(name)) }
}
