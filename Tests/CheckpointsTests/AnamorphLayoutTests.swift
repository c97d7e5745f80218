import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct AnamorphLayoutTests {
  static let parameters = [
    NamedTensor(
      layer: "block/conv", role: .kernel, tensor: Tensor(shape: [2, 2], values: [1, 2, 3, 4])),
    NamedTensor(layer: "block/conv", role: .bias, tensor: Tensor(shape: [2], values: [-0.0, 0.1])),
    NamedTensor(layer: "norm%", role: .movingMean, tensor: Tensor(shape: [], values: [7])),
    NamedTensor(layer: "norm%", role: .other("a/b"), tensor: Tensor(shape: [0, 3])),
    NamedTensor(
      layer: "norm%", role: .other("a/b"), tensor: Tensor(shape: [1]), isTrainable: false),
    NamedTensor(layer: "block", role: .kernel, tensor: Tensor(shape: [1], values: [.nan])),
    NamedTensor(layer: "", role: .kernel, tensor: Tensor(shape: [1])),
  ]

  @Test(arguments: [nil, 4])
  func `what is written is read back, names, order and values`(deflate: Int?) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/own.h5"
      let architecture: JSON = ["layers": [["name": "block/conv"]]]
      let training: JSON = ["method": "LP-FT", "optimizer": ["name": "sgd", "momentum": 0.9]]
      try Checkpoint.write(
        to: path, architecture: architecture, parameters: Self.parameters, training: training,
        parentDigest: "abc", deflate: deflate)
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.layout == .anamorph)
      #expect(try JSON(parsing: #require(checkpoint.architecture)) == architecture)
      #expect(checkpoint.training == training)
      #expect(checkpoint.parentDigest == "abc")
      #expect(checkpoint.optimizer?.name == "sgd")
      #expect(checkpoint.optimizer?.isGradientDescent == true)
      #expect(checkpoint.layers.map(\.name) == ["block/conv", "norm%", "block", ""])
      #expect(checkpoint.parameters.map(\.role) == Self.parameters.map(\.role))
      #expect(checkpoint.parameters.map(\.isTrainable) == Self.parameters.map(\.isTrainable))
      for (parameter, written) in zip(checkpoint.parameters, Self.parameters) {
        let tensor = try checkpoint.tensor(parameter)
        #expect(tensor.shape == written.tensor.shape)
        #expect(tensor.values.map(\.bitPattern) == written.tensor.values.map(\.bitPattern))
      }
      #expect(try checkpoint.digest() == checkpoint.recordedDigest)
    }
  }

  @Test func `a Keras checkpoint written as our own has the same digest`() throws {
    try withTemporaryFolder { folder in
      let keras = try Checkpoint.open(fixture("keras2_conv_adam.h5"))
      let path = folder + "/own.h5"
      try Checkpoint.write(
        to: path, architecture: nil,
        parameters: keras.parameters.map {
          NamedTensor(layer: $0.layer, role: $0.role, tensor: try keras.tensor($0))
        })
      let own = try Checkpoint.open(path)
      #expect(try own.digest() == keras.digest())
      let difference = try CheckpointDifference(from: keras, to: own)
      #expect(difference.isSame && difference.pairs.allSatisfy { $0.evidence == .layerAndRole })
    }
  }

  @Test func `equal checkpoints are equal files`() throws {
    try withTemporaryFolder { folder in
      for name in ["/a.h5", "/b.h5"] {
        try Checkpoint.write(
          to: folder + name, architecture: ["a": 1], parameters: Self.parameters,
          training: ["seed": 7])
      }
      let a = FileManager.default.contents(atPath: folder + "/a.h5")
      #expect(a != nil && a == FileManager.default.contents(atPath: folder + "/b.h5"))
    }
  }

  @Test func `a newer layout and a damaged one are errors`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/future.h5"
      try File.create(path) { try $0.setAttribute("anamorph_layout", 2) }
      let newer = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(newer.reason.contains("newer layout"))
      try File.create(path) { root in
        try root.setAttribute("anamorph_layout", 1)
        try root.setAttribute("training", "{")
      }
      let damaged = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(damaged.object == "attribute training")
      try File.create(path) { root in
        try root.setAttribute("anamorph_layout", 1)
        try root.write("parameters/x", shape: [1], [1] as [Float])
        try root.write("parameter_order", ["x"])
      }
      let unnamed = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(unnamed.object == "/parameters/x")
    }
  }

  @Test func `a folder that is missing is an error with the path`() throws {
    let error = try #require(throws: FileError.self) {
      try Checkpoint.write(to: "/nowhere/at/all.h5", architecture: nil, parameters: [])
    }
    #expect(error.description == "/nowhere/at/all.h5: no such file or folder")
  }

  @Test func `no parameters at all have the digest of nothing`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/empty.h5"
      try Checkpoint.write(to: path, architecture: nil, parameters: [])
      // SHA-256 of no bytes, FIPS 180-4.
      #expect(
        try Checkpoint.open(path).digest()
          == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
  }
}
