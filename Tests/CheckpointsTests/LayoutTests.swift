import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct LayoutTests {
  @Test(arguments: [
    ("keras3_three_ways.keras", Layout.kerasArchive),
    ("keras3_three_ways.weights.h5", .kerasWeights),
    ("keras2_three_ways.keras", .kerasArchive), ("keras2_three_ways.weights.h5", .kerasWeights),
    ("keras3_odd.weights.h5", .kerasWeights), ("tensorflow213.weights.h5", .kerasWeights),
    ("torch_flat.h5", .stateDictionary), ("torch_groups.h5", .stateDictionary),
    ("torch_prefixed.h5", .stateDictionary), ("torch.safetensors", .safeTensors),
    ("keras3_sharded.weights.json", .kerasWeights),
    ("torch.safetensors.index.json", .safeTensors), ("torch.npz", .numPyArchive),
    ("torch_deflated.npz", .numPyArchive), ("caffe.caffemodel.h5", .caffe),
    ("tf_model.h5", .huggingFaceTensorFlow), ("base.h5", .kerasLegacyWeights),
  ])
  func `a layout is told from the content, whatever the file is called`(
    name: String, layout: Layout
  ) throws {
    let checkpoint = try Checkpoint.open(fixture(name))
    #expect(checkpoint.layout == layout)
    #expect(!checkpoint.evidence.isEmpty)
    // A sharded index names files beside it; every other file may go by any name.
    guard !name.hasSuffix(".json") else { return }
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(atPath: fixture(name), toPath: folder + "/anything.pt")
      let renamed = try Checkpoint.open(folder + "/anything.pt")
      #expect(renamed.layout == layout)
      #expect(renamed.parameters == checkpoint.parameters)
    }
  }

  @Test(arguments: [("keras2_three_ways", "layouts2"), ("keras3_three_ways", "layouts3")])
  func `one Keras network in three layouts has one digest, that of its arrays in model order`(
    name: String, record: String
  ) throws {
    let digest = try #require(try recorded(record)["digest"]?.string)
    for ending in ["h5", "keras", "weights.h5"] {
      let checkpoint = try Checkpoint.open(fixture("\(name).\(ending)"))
      #expect(try checkpoint.digest() == digest, "\(ending)")
      #expect(checkpoint.parameters.count == 20)
    }
  }

  @Test func `shards of Keras are one checkpoint, a layer may be in two`() throws {
    let checkpoint = try Checkpoint.open(fixture("keras3_sharded.weights.json"))
    #expect(checkpoint.layers.map(\.name) == ["z", "b", "a", "head"])
    #expect(try checkpoint.digest() == recorded("layouts3")["sharded"]?.string)
    #expect(checkpoint.evidence.hasPrefix("weight_map of"))
  }

  @Test func `an archive tells names, kinds, architecture, optimizer and writer`() throws {
    let checkpoint = try Checkpoint.open(fixture("keras3_three_ways.keras"))
    #expect(
      checkpoint.layers.map(\.name).dropFirst()
        == ["second_name", "b", "a", "flat", "drop", "z", "block", "head"])
    #expect(checkpoint.layers[1].className == "Conv2D")
    #expect(checkpoint.writer?.hasPrefix("Keras 3.") == true)
    #expect(checkpoint.optimizer?.name == "sgd")
    #expect(checkpoint.optimizer?.stateCount == 2)
    let architecture = try JSON(parsing: #require(checkpoint.architecture))
    #expect(architecture["class_name"] == "Sequential")
    let block = try #require(checkpoint.layers.first { $0.name == "block" })
    #expect(block.parameters.map(\.innerLayer) == ["h1", "h1", "n1", "n1", "n1", "n1", "h2", "h2"])
    #expect(
      block.parameters.map(\.role.name).suffix(4) == [
        "moving_mean", "moving_variance", "kernel", "bias",
      ])
  }

  @Test func `numbered variables, lists and dictionaries come in numeric order`() throws {
    let checkpoint = try Checkpoint.open(fixture("keras3_odd.weights.h5"))
    let many = try #require(checkpoint.layers.first { $0.name == "many" })
    #expect(
      try many.parameters.map { try checkpoint.values($0) } == (0..<11).map { [Double($0)] })
    let list = try #require(checkpoint.layers.first { $0.name == "enc" })
    let kernels = list.parameters.filter { $0.role == .kernel }
    #expect(kernels.map(\.innerLayer) == (0..<11).map { "enc\($0)" })
    #expect(try kernels.map { try checkpoint.values($0)[0] } == (0..<11).map(Double.init))
    #expect(checkpoint.layers.contains { $0.name == "top" })
    #expect(Set(checkpoint.layers.map(\.name)).isSuperset(of: ["l0", "r"]))
  }

  @Test func `half precision and bfloat16 are read exactly`() throws {
    let checkpoint = try Checkpoint.open(fixture("keras3_half.weights.h5"))
    #expect(
      checkpoint.parameters.map { "\($0.elementType)" }
        == ["bfloat16", "bfloat16", "float16", "float16"])
    let sums = try recorded("layouts3")["half"]?.array?.map(\.double)
    #expect(try checkpoint.parameters.map { try checkpoint.values($0).reduce(0, +) } == sums)
    for parameter in checkpoint.parameters {
      #expect(
        try checkpoint.tensor(parameter).values.map(Double.init) == checkpoint.values(parameter))
    }
  }

  @Test func `a recurrent layer has its cell's roles, and no state of random generators`() throws {
    let checkpoint = try Checkpoint.open(fixture("keras3_recurrent.weights.h5"))
    #expect(checkpoint.parameters.map(\.role) == [.kernel, .recurrentKernel, .bias])
    #expect(checkpoint.parameters.map(\.layer) == ["l", "l", "l"])
    #expect(
      checkpoint.parameters.map { JSON.array($0.shape.map { .number(Double($0)) }) }
        == (try recorded("layouts3")["recurrent"]?.array))
    try withTemporaryFolder { folder in
      let path = folder + "/dropout.weights.h5"
      try File.create(path) { root in
        try root.write("layers/dense/vars/0", shape: [2, 1], [1, 2] as [Float])
        try root.write("layers/dropout/seed_generator/vars/0", shape: [2], [3, 4] as [Float])
      }
      let dropout = try Checkpoint.open(path)
      #expect(dropout.parameters.map(\.name) == ["dense/kernel"])
      #expect(dropout.notes.contains("1 states of random generators left out"))
    }
  }

  @Test func `a state dictionary is the same in every file`() throws {
    let sums = try #require(try recorded("pytorch")["sums"]?.object)
    var digests: Set<String> = []
    for name in [
      "torch_flat.h5", "torch_groups.h5", "torch_prefixed.h5", "torch.safetensors",
      "torch.safetensors.index.json", "torch.npz", "torch_deflated.npz",
    ] {
      let checkpoint = try Checkpoint.open(fixture(name))
      digests.insert(try checkpoint.digest())
      #expect(checkpoint.parameters.count == sums.count)
      for parameter in checkpoint.parameters {
        let key = "\(parameter.layer).\(Self.torchName(parameter.role))"
        let sum = try checkpoint.values(parameter).reduce(0, +)
        #expect(abs(sum - (sums[key]?.double ?? .nan)) < 1e-9, "\(name) \(key)")
      }
      #expect(checkpoint.layers.map(\.name).firstIndex(of: "layers.2") == 6)
      #expect(checkpoint.layers.last?.name == "layers.10")
      #expect(checkpoint.conversionNeeded?.contains("outputs first") == true)
    }
    #expect(digests.count == 1)
  }

  private static func torchName(_ role: Role) -> String {
    switch role {
    case .kernel, .gamma, .embeddings: "weight"
    case .bias, .beta: "bias"
    case .movingMean: "running_mean"
    case .movingVariance: "running_var"
    default: role.name
    }
  }

  @Test func `every element type of safetensors is read exactly`() throws {
    let checkpoint = try Checkpoint.open(fixture("types.safetensors"))
    let types = try #require(try recorded("pytorch")["types"]?.object)
    #expect(checkpoint.parameters.count == types.count)
    for parameter in checkpoint.parameters {
      let expected = types[parameter.name]?.array?.compactMap(\.double)
      #expect(try checkpoint.values(parameter) == expected, "\(parameter.name)")
      #expect(
        try checkpoint.tensor(parameter).values.map(Double.init)
          == expected?.map { Double(Float($0)) })
    }
  }

  @Test func `Caffe's blobs have roles, and layers may have slashes in their names`() throws {
    let checkpoint = try Checkpoint.open(fixture("caffe.caffemodel.h5"))
    #expect(checkpoint.layers.map(\.name) == ["bn1", "conv1", "inception_3a/1x1", "scale1"])
    #expect(
      checkpoint.parameters.map(\.role) == [
        .movingMean, .movingVariance, .other("moving_factor"), .kernel, .bias, .kernel, .bias,
        .gamma, .beta,
      ])
    #expect(checkpoint.parameters[3].kernelOrder == .outputsFirst)
  }

  @Test func `scopes tell the layers of a Transformers file apart`() throws {
    let checkpoint = try Checkpoint.open(fixture("tf_model.h5"))
    #expect(Set(checkpoint.parameters.map(\.innermostLayer)).count == 4)
    #expect(checkpoint.parameters.allSatisfy { $0.role == .kernel || $0.role == .bias })
  }

  @Test(arguments: [WrittenLayout.anamorph, .safetensors])
  func `conversion keeps digest, shapes, roles and architecture`(layout: WrittenLayout) throws {
    try withTemporaryFolder { folder in
      for name in [
        "keras3_three_ways.keras", "keras2_three_ways.h5", "torch.safetensors", "torch_groups.h5",
        "keras3_half.weights.h5", "caffe.caffemodel.h5", "nan.h5", "types.safetensors",
      ] {
        let source = try Checkpoint.open(fixture(name))
        if name == "types.safetensors", layout == .anamorph {
          // 1e-7 in double precision is no number of single precision.
          #expect(throws: FileError.self) { try source.write(to: folder + "/out", as: layout) }
          continue
        }
        try source.write(to: folder + "/out", as: layout)
        let written = try Checkpoint.open(folder + "/out")
        #expect(written.layout == (layout == .anamorph ? .anamorph : .safeTensors))
        #expect(try written.digest() == source.digest(), "\(name)")
        #expect(written.parameters.count == source.parameters.count)
        #expect(Set(written.parameters.map(\.role)) == Set(source.parameters.map(\.role)))
        #expect(
          Set(written.parameters.map(\.kernelOrder)) == Set(source.parameters.map(\.kernelOrder)))
        let text = try source.architecture.map { try JSON(parsing: $0) }
        #expect(try written.architecture.map { try JSON(parsing: $0) } == text)
        if layout == .safetensors {
          let types = source.parameters.map { "\($0.elementType)" }.sorted()
          #expect(written.parameters.map { "\($0.elementType)" }.sorted() == types)
        }
      }
      #expect(try Folder.files(in: folder) == ["out"])
    }
  }

  private func recorded(_ name: String) throws -> JSON {
    try JSON(parsing: String(contentsOfFile: fixture(name + ".json"), encoding: .utf8))
  }

  private func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(components: "Fixtures", name).path(percentEncoded: false)
  }
}
