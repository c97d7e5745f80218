import Checkpoints
import Files
import Networks
import TestSupport
import Testing

/// What is said of state dictionaries that are not quite those of a known network.
@Suite struct StateDictionaryRefusalTests {
  private func arrays(_ name: String) throws -> [(name: String, shape: [Int])] {
    try StateDictionaryFixture(name).arrays
  }

  private func refusal(
    _ arrays: [(name: String, shape: [Int])],
    options: StateDictionaryArchitecture.Options = StateDictionaryArchitecture.Options()
  ) -> String {
    do throws(NetworkError) {
      let found = try StateDictionaryArchitecture(arrays, options: options)
      return "taken for \(found?.title ?? "nothing")"
    } catch { return error.description }
  }

  @Test func `squeeze-and-excitation in a ResNet is named with where it is`() throws {
    let more = try arrays("resnet50") + [("layer4.2.se.fc1.weight", [8, 256, 1, 1])]
    #expect(
      refusal(more)
        == "layer4.2.se.fc1.weight: squeeze-and-excite in a ResNet is not supported")
  }

  @Test func `arrays without a place are named, the first ones by name`() throws {
    let more =
      try arrays("resnet18") + (1...6).map { ("extra.\($0).weight", [3, 3]) }
      + [("layer1.0.bn1.num_batches_tracked", [])]
    #expect(
      refusal(more)
        == "extra.1.weight: torchvision ResNet-18 has no place for it; nor for extra.2.weight, "
        + "extra.3.weight, extra.4.weight, … (6 in all); --leave-out extra.1 if it is no part of the "
        + "network")
  }

  @Test func `a missing array is named with the shape it needs`() throws {
    let fewer = try arrays("resnet18").filter { $0.name != "layer2.0.bn1.running_var" }
    #expect(
      refusal(fewer)
        == "layer2.0.bn1.running_var: is missing; torchvision ResNet-18 needs it for the shape [16]"
    )
  }

  @Test func `distilled transformers are refused by the name of their token`() throws {
    let more = try arrays("timm_vit_token") + [("dist_token", [1, 1, 128])]
    #expect(
      refusal(more)
        == "dist_token: the distillation token of a distilled vision transformer is not supported")
  }

  @Test func `another image size needs interpolated positions`() throws {
    var options = StateDictionaryArchitecture.Options()
    options.imageSize = Extent(40)
    #expect(
      refusal(try arrays("clip_vit"), options: options)
        == "visual.positional_embedding: has positions for 4×4 patches, and images of 40×40 have 5×5; ask "
        + "for interpolation, or give images of 32×32")
    options.interpolatesPositions = true
    #expect(refusal(try arrays("clip_vit"), options: options).hasPrefix("taken for OpenAI CLIP"))
  }

  @Test func `names of no family are left alone`() throws {
    let arrays = [(name: "fc1.weight", shape: [8, 4]), (name: "fc1.bias", shape: [8])]
    #expect(refusal(arrays) == "taken for nothing")
    var options = StateDictionaryArchitecture.Options()
    options.family = "torchvision-resnet"
    #expect(
      refusal(arrays, options: options).hasPrefix(
        "not a network of the kind torchvision-resnet: that has arrays named layer1.0.conv1.weight")
    )
    options.family = "resnet"
    #expect(refusal(arrays, options: options).hasPrefix("there is no family 'resnet'; there"))
  }

  @Test func `shapes that overflow or are empty are refused`() throws {
    for shape in [
      [], [0, 0, 0, 0], [Int.max, Int.max, 7, 7], [8, 3, 1 << 40, 1 << 40], [8, 0, 3, 3],
      [-8, 3, 7, 7],
    ] {
      for name in ["resnet50", "vgg11", "clip_vit", "efficientnet_b0", "convnext_tiny"] {
        let changed = try arrays(name).map { array in
          (name: array.name, shape: array.shape.count == 4 ? shape : array.shape)
        }
        #expect(!refusal(changed).hasPrefix("taken"), "\(name) with \(shape)")
      }
    }
  }

  @Test func `the text tower, queues and projection heads are left out and said`() throws {
    let clip = try #require(try StateDictionaryArchitecture(try arrays("clip_vit")))
    #expect(clip.prefix == "visual.")
    #expect(clip.notes.contains { $0.hasPrefix("the text tower is left out: ln_final.bias …") })
    let moco = try arrays("moco_resnet50").filter { !$0.name.contains(".fc.") }
    let trained =
      moco + moco.map { (name: $0.name.replacing("encoder_q", with: "encoder_k"), shape: $0.shape) }
      + [
        (name: "module.encoder_q.fc.0.weight", shape: [256, 256]),
        (name: "module.encoder_q.fc.2.weight", shape: [16, 256]),
        (name: "module.queue", shape: [16, 64]), (name: "module.queue_ptr", shape: [1]),
      ]
    let found = try #require(try StateDictionaryArchitecture(trained))
    #expect(found.prefix == "module.encoder_q.")
    #expect(try found.graph.penultimate.name == "avgpool")
    #expect(found.notes.contains { $0.hasPrefix("the head of several layers is left out:") })
    #expect(found.notes.contains { $0.hasPrefix("the queue of keys is left out:") })
    #expect(
      found.notes.contains { $0.hasPrefix("the other network 'module.encoder_k.' is left out:") })
  }

  @Test func `the JSON form makes the same graph`() throws {
    for name in [
      "resnet50", "clip_vit_unprojected", "timm_vit_interpolated", "vgg11", "resnet18_children",
      "timm_resnet50d", "timm_convnext",
    ] {
      let fixture = try StateDictionaryFixture(name)
      let found = try #require(
        try StateDictionaryArchitecture(fixture.arrays, options: fixture.options))
      let read = try JSON(parsing: found.json.text())
      #expect(try Graph(architecture: read) == found.graph, "\(name)")
    }
  }

  @Test func `a network without a head gets one, and is written and read again`() throws {
    for name in ["resnet50_without_head", "clip_vit", "resnet18", "resnet18_children"] {
      let fixture = try StateDictionaryFixture(name)
      try withTemporaryFolder { folder in
        try fixture.write(to: folder + "/network.safetensors")
        let network = try Network(
          Checkpoint.open(folder + "/network.safetensors"), options: fixture.options)
        let headed = try network.replacingHead(classes: 5, seed: 1)
        #expect(headed.graph.outputShape == [5])
        #expect(try headed.graph.penultimate.size == fixture.width)
        try headed.write(to: folder + "/headed.h5")
        let read = try Network(Checkpoint.open(folder + "/headed.h5"))
        #expect(read.graph == headed.graph)
        #expect(read.parameters == headed.parameters)
        let taps = (try network.graph.penultimate, try read.graph.penultimate)
        let before = try InferenceExecutor(network, taps: [taps.0]).run(fixture.images)[0]
        let after = try InferenceExecutor(read, taps: [taps.1]).run(fixture.images)[0]
        #expect(before == after)
      }
    }
  }

  @Test func `modules are taps by their names`() throws {
    let found = try #require(try StateDictionaryArchitecture(try arrays("resnet50")))
    #expect(try found.graph.tap(named: "layer2").shape == [28, 28, 64])
    #expect(try found.graph.tap(named: "layer2").name == "layer2.3")
    #expect(try found.graph.tap(named: "layer1.0.bn2").shape == [56, 56, 8])
  }
}
