import Checkpoints
import Files
import Networks
import TestSupport
import Testing

/// What stands beside a network in checkpoints of self-supervised training and of training loops.
@Suite struct StateDictionaryHeadTests {
  /// A checkpoint: what stands before the names of a ResNet, other arrays, and what is said of them.
  struct Layout: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var prefix: String
    var others: [String]
    var leftOut: [String]

    init(_ name: String, _ prefix: String, _ others: [String], _ leftOut: [String]) {
      testDescription = name
      self.prefix = prefix
      self.others = others
      self.leftOut = leftOut
    }
  }

  static let layouts = [
    Layout(
      "MoCo v3", "module.base_encoder.",
      [
        "module.base_encoder.fc.0.weight", "module.base_encoder.fc.1.weight",
        "module.base_encoder.fc.1.running_mean", "module.base_encoder.fc.3.weight",
        "module.predictor.0.weight", "module.predictor.1.running_var",
      ],
      [
        "the head of several layers is left out: module.base_encoder.fc.0.weight … (4 arrays)",
        "the prediction head is left out: module.predictor.0.weight … (2 arrays)",
      ]),
    Layout(
      "SimSiam", "module.encoder.",
      [
        "module.encoder.fc.4.running_mean", "module.encoder.fc.6.bias",
        "module.predictor.3.weight",
      ],
      [
        "the head of several layers is left out: module.encoder.fc.4.running_mean … (2 arrays)",
        "the prediction head is left out: module.predictor.3.weight",
      ]),
    Layout(
      "SimCLR of Lightning Bolts", "encoder.",
      [
        "projection.model.0.bias", "projection.model.1.running_mean", "non_linear_evaluator.x.bias",
      ],
      [
        "the classifier head beside the network is left out: non_linear_evaluator.x.bias",
        "the projection head is left out: projection.model.0.bias … (2 arrays)",
      ]),
    Layout(
      "SupCon", "module.encoder.", ["module.head.0.bias", "module.head.2.weight"],
      ["the classifier head beside the network is left out: module.head.0.bias … (2 arrays)"]),
    Layout(
      "mmpretrain", "backbone.", ["head.fc.weight", "head.fc.bias"],
      ["the classifier head beside the network is left out: head.fc.bias … (2 arrays)"]),
    Layout(
      "solo-learn", "backbone.",
      ["classifier.weight", "momentum_classifier.bias", "momentum_projector.0.weight"],
      [
        "the classifier head beside the network is left out: classifier.weight … (2 arrays)",
        "the projection head is left out: momentum_projector.0.weight",
      ]),
    Layout(
      "Barlow Twins", "module.backbone.",
      ["module.bn.running_mean", "module.bn.running_var", "module.projector.0.weight"],
      [
        "the normalisation behind the projection head is left out: module.bn.running_mean … "
          + "(2 arrays)",
        "the projection head is left out: module.projector.0.weight",
      ]),
    Layout(
      "BYOL", "online_network.encoder.",
      ["online_network.projetion.net.0.weight", "target_network.projetion.net.1.bias"],
      ["the projection head is left out: online_network.projetion.net.0.weight … (2 arrays)"]),
    Layout(
      "a training loop", "", ["epoch", "optimizer.state.0.momentum_buffer", "lr_scheduler.x"],
      ["the state of the training loop is left out: epoch … (3 arrays)"]),
    Layout(
      "SimCLR", "f.", ["g.0.weight", "g.1.running_mean"],
      ["the projection head is left out: g.0.weight … (2 arrays)"]),
  ]

  private func arrays(_ prefix: String) throws -> [(name: String, shape: [Int])] {
    try StateDictionaryFixture("resnet18").arrays.filter { !$0.name.hasPrefix("fc.") }.map {
      (prefix + $0.name, $0.shape)
    }
  }

  @Test(arguments: layouts)
  func `heads and what training keeps are left out and said`(layout: Layout) throws {
    var all = try arrays(layout.prefix) + layout.others.map { (name: $0, shape: [3]) }
    if layout.testDescription == "BYOL" { all += try arrays("target_network.encoder.") }
    let found = try #require(try StateDictionaryArchitecture(all))
    #expect(found.prefix == layout.prefix)
    #expect(found.title == "torchvision ResNet-18")
    #expect(found.leftOut.filter { !$0.contains("other network") } == layout.leftOut)
    #expect(found.notes.suffix(found.leftOut.count) == found.leftOut[...])
  }

  @Test(arguments: [
    ("backbone.", "neck.0.weight"), ("backbone.", "normalizer.mean"), ("", "bn.weight"),
    ("", "head.weight"), ("", "projection.weight"), ("backbone.", "backbone.bn2.weight"),
    ("backbone.", "backbone.fc.norm.weight"), ("backbone.", "layer5.0.conv1.weight"),
    ("backbone.", "stem.weight"),
  ])
  func `what could be part of the network is never left out unless asked`(
    prefix: String, other: String
  ) throws {
    let all = try arrays(prefix) + [(name: other, shape: [3])]
    let error = try #require(throws: NetworkError.self) { try StateDictionaryArchitecture(all) }
    let module = other.split(separator: ".").dropLast().joined(separator: ".")
    #expect(
      error.description
        == "\(other): torchvision ResNet-18 has no place for it; --leave-out \(module) if it is no "
        + "part of the network")
    var options = StateDictionaryArchitecture.Options()
    options.leavesOut = [module]
    let found = try #require(try StateDictionaryArchitecture(all, options: options))
    #expect(found.leftOut == ["what was asked for is left out: \(other)"])
    // A beginning is whole components.
    options.leavesOut = [String(module.dropLast(module.hasSuffix(".0") ? 3 : 1))]
    #expect(throws: NetworkError.self) { try StateDictionaryArchitecture(all, options: options) }
  }

  @Test func `of two networks the one that is not left out is taken`() throws {
    let all = try arrays("attacker.model.") + arrays("model.")
    let error = try #require(throws: NetworkError.self) { try StateDictionaryArchitecture(all) }
    #expect(error.reason.contains("--leave-out the others"))
    var options = StateDictionaryArchitecture.Options()
    options.leavesOut = ["attacker"]
    let found = try #require(try StateDictionaryArchitecture(all, options: options))
    #expect(found.prefix == "model.")
  }

  @Test func `the head of MoCo v3's transformer is left out`() throws {
    let vit = try StateDictionaryFixture("timm_vit_token").arrays
      .filter { !$0.name.hasPrefix("head.") }
    let all =
      vit.map { (name: "module.base_encoder." + $0.name, shape: $0.shape) }
      + ["head.0.weight", "head.1.running_mean", "head.1.num_batches_tracked", "head.3.weight"]
      .map { (name: "module.base_encoder." + $0, shape: [3]) }
    let found = try #require(try StateDictionaryArchitecture(all))
    #expect(
      found.leftOut == [
        "the head of several layers is left out: module.base_encoder.head.0.weight … (3 arrays)"
      ])
  }

  @Test func `a head in place of a list of modules is left out where the list is missing`() throws {
    let net = try StateDictionaryFixture("efficientnet_b0").arrays
    let replaced =
      net.filter { !$0.name.hasPrefix("classifier.") } + [("classifier.weight", [5, 160])]
    let found = try #require(try StateDictionaryArchitecture(replaced))
    #expect(found.leftOut == ["the head of several layers is left out: classifier.weight"])
    // Beside another head, nothing tells which is the one.
    let both = net + [(name: "classifier.3.weight", shape: [5, 3])]
    #expect(throws: NetworkError.self) { try StateDictionaryArchitecture(both) }
  }

  @Test func `what is wrong with numbered children is said by the file's names`() throws {
    let fixture = try StateDictionaryFixture("resnet18_children")
    let missing = fixture.arrays.filter { $0.name != "online_network.encoder.5.0.bn1.running_var" }
    let error = try #require(throws: NetworkError.self) { try StateDictionaryArchitecture(missing) }
    #expect(error.parameter == "online_network.encoder.5.0.bn1.running_var")
    let more = fixture.arrays + [(name: "online_network.encoder.8.weight", shape: [3])]
    let other = try #require(throws: NetworkError.self) { try StateDictionaryArchitecture(more) }
    #expect(other.parameter == "online_network.encoder.8.weight")
  }
}
