import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct KerasOneTests {
  @Test(arguments: ["keras1_th", "keras1_tf", "keras1_recurrent", "keras1_flattened"])
  func `files of Keras 1 become what Keras 2 makes of them`(name: String) throws {
    let json = try JSON(parsing: String(contentsOfFile: fixture("keras1.json"), encoding: .utf8))
    let checkpoint = try open(name)
    #expect(try checkpoint.digest() == json["digests"]?[name + ".h5"]?.string)
    #expect(checkpoint.conversionNeeded == nil)
    for parameter in checkpoint.parameters {
      let values = try checkpoint.values(parameter)
      #expect(values.count == parameter.count)
      #expect(try checkpoint.tensor(parameter).values.map { Double($0) } == values)
      #expect(parameter.kernelOrder != .outputsFirst)
    }
  }

  @Test func `gates become one kernel, one recurrent kernel and one bias`() throws {
    let checkpoint = try open("keras1_recurrent")
    #expect(checkpoint.layers.map(\.parameters.count) == [3, 3, 6, 2])
    #expect(
      checkpoint.parameters.prefix(6).map(\.shape)
        == [[3, 8], [2, 8], [8], [2, 6], [2, 6], [6]])
    #expect(checkpoint.parameters.prefix(3).map(\.role) == [.kernel, .recurrentKernel, .bias])
    #expect(checkpoint.layers[3].parameters[0].shape == [3, 4, 5])
    #expect(
      checkpoint.notes.filter { $0.contains("gates of recurrent layers joined") }.count == 2)
  }

  @Test func `a network is the same in both orders of kernels, rows after flattening too`() throws {
    let difference = try CheckpointDifference(
      from: open("keras1_flattened"), to: open("keras1_flattened_tf"))
    #expect(difference.isSame && difference.pairs.count == 4)
    #expect(try open("keras1_flattened").digest() == open("keras1_flattened_tf").digest())
    #expect(try open("keras1_theano").digest() == open("keras1_tensorflow").digest())
    let notes = try open("keras1_flattened").notes.joined()
    for words in [
      "transposed from Theano's order", "turned by 180 degrees", "rows after flattened",
    ] {
      #expect(notes.contains(words))
    }
  }

  @Test func `what is converted is written converted`() throws {
    try withTemporaryFolder { folder in
      let source = try open("keras1_flattened")
      for layout in WrittenLayout.allCases {
        try source.write(to: folder + "/out", as: layout)
        #expect(try Checkpoint.open(folder + "/out").digest() == source.digest())
      }
    }
  }

  @Test func `weights alone in TensorFlow's order say that Theano may have computed them`() throws {
    let checkpoint = try open("keras1_tensorflow")
    #expect(checkpoint.conversionNeeded == nil)
    #expect(checkpoint.notes.count == 1)
    #expect(checkpoint.layers[1].name == "fire/conv")
    #expect(checkpoint.parameters.map(\.role) == [.kernel, .bias])
    #expect(checkpoint.parameters.map(\.innerLayer) == [nil, nil])
  }

  @Test(
    arguments: [
      (nil, nil, "conv_W", true), (nil, nil, "conv_W:0", false), ("1.2.2", nil, "conv_W", true),
      ("2.1.3", nil, "conv_W", false), ("2.1.3", "theano", "conv/kernel:0", true),
      ("2.1.3", "tensorflow", "conv/kernel:0", false),
    ] as [(String?, String?, String, Bool)])
  func `a whole model that Theano computed is told by its names or its backend`(
    version: String?, backend: String?, kernel: String, isTurned: Bool
  ) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.h5"
      try File.create(path) { root in
        try root.setAttribute("model_config", #"{"class_name": "Sequential", "config": []}"#)
        if let version { try root.setAttribute("keras_version", version) }
        if let backend { try root.setAttribute("backend", backend) }
        try root.setAttribute("layer_names", ["conv"])
        let group = try root.createGroup("conv")
        let bias = kernel.replacing("W", with: "b").replacing("kernel", with: "bias")
        try group.setAttribute("weight_names", [kernel, bias])
        try group.write(kernel, shape: [1, 2, 1, 3], [1, 2, 3, 4, 5, 6] as [Float])
        try group.write(bias, shape: [3], [0, 0, 0] as [Float])
      }
      let checkpoint = try Checkpoint.open(path)
      #expect(
        try checkpoint.values(checkpoint.parameters[0])
          == (isTurned ? [4, 5, 6, 1, 2, 3] : [1, 2, 3, 4, 5, 6]))
      #expect(checkpoint.notes.contains { $0.contains("turned by 180 degrees") } == isTurned)
    }
  }

  @Test func `kernels of unknown order are refused for networks and not written`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/unknown.h5"
      try File.create(path) { root in
        try root.setAttribute("layer_names", ["conv"])
        let group = try root.createGroup("conv")
        try group.setAttribute("weight_names", ["conv_W:0", "conv_b:0"])
        try group.write("conv_W:0", shape: [2, 2, 2, 2], [Float](repeating: 1, count: 16))
        try group.write("conv_b:0", shape: [2], [0, 0] as [Float])
      }
      let source = try Checkpoint.open(path)
      #expect(source.conversionNeeded?.contains("is not recorded (layer conv)") == true)
      #expect(throws: FileError.self) { try source.write(to: folder + "/out.h5", as: .anamorph) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["unknown.h5"])
    }
  }

  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(fixture(name + ".h5"))
  }
}
