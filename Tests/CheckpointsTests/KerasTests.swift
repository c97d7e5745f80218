import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct KerasTests {
  @Test(arguments: [
    ("keras2_conv_adam", "keras2"), ("keras2_conv_head", "keras2"),
    ("keras2_nested_sgd", "keras2"), ("keras3_legacy", "keras3"),
  ])
  func `parameters come in the order, shapes and values that Keras has them`(
    name: String, record: String
  ) throws {
    let json = try JSON(parsing: String(contentsOfFile: fixture(record + ".json"), encoding: .utf8))
    let recorded = try #require(json[name]?.array)
    let checkpoint = try open(name)
    #expect(checkpoint.parameters.map(\.layer) == recorded.map { $0["layer"]?.string })
    for (parameter, expected) in zip(checkpoint.parameters, recorded) {
      #expect(parameter.shape == expected["shape"]?.array?.compactMap(\.int))
      let values = try checkpoint.values(parameter)
      let sum = try #require(expected["sum"]?.double)
      let squares = try #require(expected["squares"]?.double)
      // Both sums are of float32 values in Float64, in another order of addition.
      #expect(abs(values.reduce(0, +) - sum) <= 1e-12 * Double(values.count))
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } - squares) <= 1e-12 * max(1, squares))
      #expect(try checkpoint.tensor(parameter).values.map { Double($0) } == values)
    }
  }

  @Test func `a whole model tells its layers, kinds, architecture and optimizer`() throws {
    let checkpoint = try open("keras2_conv_adam")
    #expect(checkpoint.layout == .kerasLegacyModel)
    #expect(checkpoint.writer == "Keras 2.15.0, tensorflow")
    #expect(checkpoint.layers.map(\.name) == ["conv", "norm", "relu", "flatten", "head"])
    #expect(
      checkpoint.layers.map(\.className)
        == ["Conv2D", "BatchNormalization", "ReLU", "Flatten", "Dense"])
    #expect(
      checkpoint.parameters.map(\.role)
        == [.kernel, .bias, .gamma, .beta, .movingMean, .movingVariance, .kernel, .bias])
    let architecture = try JSON(parsing: #require(checkpoint.architecture))
    #expect(architecture["class_name"] == "Sequential")
    #expect(checkpoint.optimizer?.name == "Adam")
    #expect(checkpoint.optimizer?.source == "training_config")
    #expect(checkpoint.optimizer?.isGradientDescent == false)
    #expect(checkpoint.optimizer?.settings?["learning_rate"]?.double == Double(Float(0.001)))
    #expect((checkpoint.optimizer?.stateCount ?? 0) > 0)
    #expect(checkpoint.trainingConfiguration?["loss"] == "sparse_categorical_crossentropy")
    #expect(checkpoint.conversionNeeded == nil && checkpoint.notes.isEmpty)
  }

  @Test func `weights only have the layers but no architecture or optimizer`() throws {
    let checkpoint = try open("keras2_conv_weights")
    #expect(checkpoint.layout == .kerasLegacyWeights)
    #expect(checkpoint.layers.map(\.name) == ["conv", "norm", "relu", "flatten", "head"])
    #expect(checkpoint.layers.allSatisfy { $0.className == nil })
    #expect(checkpoint.architecture == nil && checkpoint.optimizer == nil)
  }

  @Test func `one network has one digest whatever the layout, another network another`() throws {
    let digest = try open("keras2_conv_adam").digest()
    let json = try JSON(parsing: String(contentsOfFile: fixture("keras2.json"), encoding: .utf8))
    #expect(json["keras2_conv_adam_digest"]?.string == digest)
    #expect(try open("keras2_conv_weights").digest() == digest)
    #expect(try open("keras2_conv_head").digest() != digest)
    #expect(try open("base").digest() == open("session").digest())
    #expect(try open("base").digest() != open("reordered").digest())
  }

  @Test func `nested models and layer names with slashes keep their order`() throws {
    let checkpoint = try open("keras2_nested_sgd")
    #expect(checkpoint.layers.map(\.name) == ["in", "scope/first", "block", "out"])
    #expect(
      checkpoint.layers[2].parameters.map(\.name) == [
        "h1/kernel:0", "h1/bias:0", "n1/gamma:0", "n1/beta:0", "h2/kernel:0", "h2/bias:0",
        "n1/moving_mean:0", "n1/moving_variance:0",
      ])
    #expect(checkpoint.parameters[0].path == "/model_weights/scope/first/scope/first/kernel:0")
    #expect(checkpoint.optimizer?.isGradientDescent == true)
  }

  @Test func `both layouts that Keras 3 writes as HDF5 are read`() throws {
    let checkpoint = try open("keras3_legacy")
    #expect(checkpoint.parameters[0].name == "sequential/dense/kernel")
    #expect(checkpoint.parameters[2].name == "block/h1/kernel")
    #expect(checkpoint.parameters.map(\.role) == [.kernel, .bias, .kernel, .bias, .kernel, .bias])
    #expect(checkpoint.optimizer?.name == "AdamW")
    let weights = try open("keras3.weights")
    #expect(weights.layout == .kerasWeights)
    #expect(
      weights.parameters.map(\.layer) == ["dense", "dense", "block", "block", "head", "head"])
    #expect(weights.parameters.map(\.role) == [.kernel, .bias, .kernel, .bias, .kernel, .bias])
    #expect(weights.optimizer?.name == "adam_w")
    #expect(try weights.digest() == checkpoint.digest())
  }

  @Test func `roles are those of the weight names`() throws {
    #expect(
      try open("keras2_roles_weights").parameters.map(\.role) == [
        .depthwiseKernel, .pointwiseKernel, .bias, .depthwiseKernel, .bias, .kernel,
        .recurrentKernel, .bias,
      ])
  }

  @Test(arguments: [
    ("dense_1_W:0", Role.kernel), ("conv1_b", .bias), ("a/b/running_mean:0", .movingMean),
    ("bn_1_running_std", .movingVariance), ("sepconv_depthwise_kernel:0", .depthwiseKernel),
    ("embedding/embeddings:0", .embeddings), ("lstm_1_U_i", .other("lstm_1_U_i")), ("", .other("")),
  ])
  func `a weight name says its role`(name: String, role: Role) {
    #expect(Role(weightName: name) == role)
  }

  @Test func `lists of names split over attributes are joined in order`() throws {
    let checkpoint = try open("chunked_names")
    #expect(checkpoint.layers.map(\.name) == (0..<12).map { "dense_\($0)" })
    #expect(try checkpoint.values(checkpoint.parameters[11]) == [11, 11])
  }

  @Test func `files from before names are read by number`() throws {
    let checkpoint = try open("keras0")
    #expect(checkpoint.layout == .kerasNumbered)
    #expect(checkpoint.layers.map(\.name) == ["layer_0", "layer_1"])
    #expect(checkpoint.parameters.map(\.role) == [.kernel, .bias])
    #expect(try checkpoint.values(checkpoint.parameters[0]) == [1, 1, 1, 1, 1, 1])
  }

  @Test func `NaN among the values is found and named`() throws {
    try open("base").requireFinite()
    let broken = try open("nan")
    let error = try #require(throws: FileError.self) { try broken.requireFinite() }
    #expect(error.object == "/first/first/kernel:0")
    #expect(error.reason == "holds NaN or infinity in 1 of 20 values")
    #expect(try broken.tensor(broken.parameters[0]).nonFiniteCount == 1)
  }

  @Test func `a file that is HDF5 but no checkpoint says what it holds`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/data.h5"
      try File.create(path) { try $0.write("features", shape: [1], [1] as [Float]) }
      let error = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(error.reason.contains("it holds features"))
    }
  }

  @Test func `other kinds of checkpoint are named`() throws {
    try withTemporaryFolder { folder in
      for (name, words) in [
        ("m.keras", "not a .keras file"), ("m.ckpt", ".ckpt checkpoints are not read"),
        ("m.h5", "not an HDF5 file"),
      ] {
        let path = folder + "/" + name
        try "text".write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: FileError.self) { try Checkpoint.open(path) }
        #expect(error.reason.contains(words))
      }
    }
  }

  @Test func `a layer that is listed but missing is an error that names it`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/broken.h5"
      try File.create(path) { root in
        try root.setAttribute("layer_names", ["gone"])
      }
      let missing = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(missing.object == "/gone")
      try File.create(path) { root in
        try root.setAttribute("layer_names", ["dense"])
        try root.createGroup("dense")
      }
      let unordered = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(unordered.reason.contains("weight_names is missing"))
      try File.create(path) { root in
        try root.setAttribute("layer_names", ["dense"])
        try root.createGroup("dense").setAttribute("weight_names", ["kernel:0"])
        try root.write("dense/kernel:0", ["text"])
      }
      let text = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(text.reason == "holds string, not numbers")
      try File.create(path) { root in try root.setAttribute("layer_names", [1, 2] as [Int64]) }
      #expect(throws: FileError.self) { try Checkpoint.open(path) }
    }
  }

  @Test func `parameters that claim more than the file stores are refused when it is opened`()
    throws
  {
    try withTemporaryFolder { folder in
      let path = folder + "/bomb.h5"
      try File.create(path) { root in
        try root.setAttribute("layer_names", ["dense"])
        let names = (0..<20).map { "w\($0)" }
        let group = try root.createGroup("dense")
        try group.setAttribute("weight_names", names)
        // Nothing is written, so nothing is stored; the sizes would overflow when added up.
        for name in names {
          _ = try group.create(name, shape: [1 << 60], of: Float.self, deflate: 1)
        }
      }
      let error = try #require(throws: FileError.self) { try Checkpoint.open(path) }
      #expect(error.object == "/dense/w0")
      #expect(error.reason.contains("claims 4611686018427387904 bytes of values but stores"))
    }
  }

  @Test func `an optimizer without configuration is named by its state`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state.h5"
      try File.create(path) { root in
        try root.setAttribute("layer_names", [String]())
        try root.createGroup("optimizer_weights")
          .setAttribute("weight_names", ["training/Adam/iter:0", "training/Adam/dense/m:0"])
      }
      let optimizer = try #require(try Checkpoint.open(path).optimizer)
      #expect(optimizer.name == "Adam")
      #expect(optimizer.source == "optimizer_weights")
      #expect(optimizer.stateCount == 2)
    }
  }

  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(fixture(name + ".h5"))
  }
}
