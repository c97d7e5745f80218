import Checkpoints
import Files
import Networks
import TestSupport
import Testing

/// What is said of state dictionaries whose names are of no family.
@Suite struct UnknownNetworkTests {
  private func refusal(_ names: [String]) -> String {
    let arrays = names.map { (name: $0, shape: [8, 3, 3, 3]) }
    do throws(NetworkError) {
      if let found = try StateDictionaryArchitecture(arrays) { return "taken for \(found.title)" }
    } catch { return "refused: \(error)" }
    return StateDictionaryArchitecture.refusal(arrays).description
  }

  /// Names as the libraries write them.
  @Test(arguments: [
    (
      "SqueezeNet",
      [
        "features.0.weight", "features.0.bias", "features.3.squeeze.weight",
        "features.3.squeeze.bias", "features.3.expand1x1.weight",
      ]
    ),
    ("Inception V3", ["Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch1x1.conv.weight"]),
    ("GoogLeNet", ["conv1.conv.weight", "inception3a.branch1.conv.weight"]),
    ("torchvision's MNASNet", ["layers.0.weight", "layers.1.bias", "layers.8.0.layers.0.weight"]),
    (
      "torchvision's Swin transformer",
      ["features.0.0.weight", "features.1.0.attn.relative_position_bias_table"]
    ),
    (
      "a Swin transformer",
      ["patch_embed.proj.weight", "layers.0.blocks.0.attn.relative_position_bias_table"]
    ),
    ("timm's RegNet", ["stem.conv.weight", "s1.b1.conv1.conv.weight"]),
    (
      "timm's EfficientNet or kin",
      ["conv_stem.weight", "bn1.weight", "blocks.0.0.conv_dw.weight", "blocks.0.0.bn1.weight"]
    ),
  ])
  func `known networks that are not supported are called by their names`(
    title: String, names: [String]
  ) {
    let text = refusal(names)
    #expect(text.hasPrefix("its names are of no known family (\(names.sorted()[0])"), "\(text)")
    #expect(text.hasSuffix("they are those of \(title), which is not supported"), "\(text)")
  }

  @Test func `of others the nearest family is named with the first name that is different`() throws
  {
    let names = try StateDictionaryFixture("resnet18").arrays.map(\.name)
      .filter { !$0.hasPrefix("conv1.") }
    #expect(
      refusal((names + ["conv1.conv.weight"]).map { "module." + $0 })
        == "its names are of no known family (module.bn1.bias, module.bn1.num_batches_tracked, "
        + "module.bn1.running_mean, …); nearest is torchvision-resnet, where the first name without "
        + "a place is module.conv1.conv.weight and module.conv1.weight is missing; --family "
        + "torchvision-resnet lists what it needs")
  }

  @Test func `names that are near to nothing get the list of families`() {
    let text = refusal(["fc1.weight", "fc2.weight", "fc3.weight", "fc4.weight"])
    #expect(
      text.hasPrefix(
        "its names are of no known family (fc1.weight, fc2.weight, fc3.weight, …); --family NAME "
          + "takes one of clip-vit, "))
  }

  @Test func `AlexNet is not taken for VGG`() {
    let names = [0, 3, 6, 8, 10].flatMap { ["features.\($0).weight", "features.\($0).bias"] }
    let arrays = names.map { (name: $0, shape: [64, 3, 11, 11]) }
    let error = #expect(throws: NetworkError.self) { try StateDictionaryArchitecture(arrays) }
    #expect(error?.reason.hasSuffix("AlexNet is not supported") == true)
  }

  @Test func `a network is refused by its names, and not by the order of its kernels`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/network.safetensors"
      let fixture = try StateDictionaryFixture("vgg11")
      try fixture.write(to: path) { $0.replacing("features", with: "trunk") }
      let error = try #require(throws: FileError.self) { try Network(Checkpoint.open(path)) }
      #expect(error.reason.hasPrefix("its names are of no known family (classifier.0.bias, "))
      #expect(!error.reason.contains("outputs first"))
    }
  }
}
