extension Spelling {
  /// ResNets as other libraries than torchvision name their modules.
  static let residual: [Spelling] = [shortcuts, children, childrenWithoutPooling]

  /// As many repositories for CIFAR do, and SupCon's.
  private static let shortcuts = Spelling(
    ["layer1.0.conv1.weight", "conv1.weight", "bn1.weight", "layer2.0.shortcut.0.weight"],
    note: "'shortcut' is read as 'downsample', 'linear' as 'fc'"
  ) { name, _ in
    name.replacing(".shortcut.", with: ".downsample.").replacingFirstComponent(["linear": "fc"])
  }

  /// The children of a ResNet in `torch.nn.Sequential`: convolution, normalisation, activation,
  /// pooling, four stages, as lightly and others keep the network without its head.
  private static let children = Spelling(
    ["4.0.conv1.weight", "0.weight", "1.running_mean", "4.0.bn1.weight", "7.0.conv1.weight"],
    note: "numbered modules are read as the children of a ResNet in order: 0 conv1, 1 bn1, 4 to 7 "
      + "layer1 to layer4"
  ) { name, _ in
    name.replacingFirstComponent([
      "0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4",
    ])
  }

  /// The same without the pooling, as SimCLR for small images has it; a large first convolution
  /// without pooling after it is no network that is known.
  private static let childrenWithoutPooling = Spelling(
    ["3.0.conv1.weight", "0.weight", "1.running_mean", "3.0.bn1.weight", "6.0.conv1.weight"],
    note:
      "numbered modules are read as the children of a ResNet without pooling in order: 0 conv1, "
      + "1 bn1, 3 to 6 layer1 to layer4",
    accepts: { $0["0.weight"]?.last == 3 }
  ) { name, _ in
    name.replacingFirstComponent([
      "0": "conv1", "1": "bn1", "3": "layer1", "4": "layer2", "5": "layer3", "6": "layer4",
    ])
  }

  /// ConvNeXt as timm names its modules.
  static let timmConvNeXt = Spelling(
    [
      "stem.0.weight", "stem.1.bias", "stages.0.blocks.0.gamma", "stages.0.blocks.0.conv_dw.weight",
    ],
    note: "names are timm's; layers are called as in torchvision"
  ) { name, _ in
    let parts = name.split(separator: ".").map(String.init)
    if parts.count > 4, parts[0] == "stages", parts[2] == "blocks", let stage = Int(parts[1]),
      0..<64 ~= stage
    {
      let members = ["conv_dw": "block.0", "norm": "block.2", "gamma": "layer_scale"]
      let inner = ["fc1": "block.3", "fc2": "block.5"]
      var rest = Array(parts[4...])
      if rest[0] == "mlp", rest.count > 1, let member = inner[rest[1]] {
        rest.replaceSubrange(0...1, with: [member])
      } else if let member = members[rest[0]] {
        rest[0] = member
      }
      return (["features.\(2 * stage + 1)", parts[3]] + rest).joined(separator: ".")
    }
    if parts.count > 3, parts[0] == "stages", parts[2] == "downsample", let stage = Int(parts[1]),
      0..<64 ~= stage
    {
      return (["features.\(2 * stage)"] + parts[3...]).joined(separator: ".")
    }
    for (timm, torchvision) in [
      ("stem.", "features.0."), ("head.norm.", "classifier.0."), ("head.fc.", "classifier.2."),
    ] where name.hasPrefix(timm) {
      return torchvision + name.dropFirst(timm.count)
    }
    return name
  }

  /// MobileNetV2 as timm names its modules; EfficientNets have the same names, other depths, and
  /// squeezes.
  static let timmMobileNetV2 = Spelling(
    ["conv_stem.weight", "bn1.running_mean", "blocks.0.0.conv_dw.weight", "conv_head.weight"],
    note: "names are timm's; layers are called as in torchvision",
    accepts: { shapes in
      (0...7).map { shapes.count(of: "blocks.\($0)") } == mobileNetDepths + [0]
        && !shapes.names.contains { $0.contains(".se.") }
    }
  ) { name, _ in
    let parts = name.split(separator: ".").map(String.init)
    if parts.count > 4, parts[0] == "blocks", let stage = Int(parts[1]), let block = Int(parts[2]),
      mobileNetDepths.indices.contains(stage), 0..<64 ~= block
    {
      let number = mobileNetDepths[..<stage].reduce(1, +) + block
      let first = ["conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"]
      let others = [
        "conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1", "conv_pwl": "2",
        "bn3": "3",
      ]
      guard let member = (stage == 0 ? first : others)[parts[3]] else { return name }
      return "features.\(number).conv.\(member)." + parts[4...].joined(separator: ".")
    }
    return name.replacingFirstComponent([
      "conv_stem": "features.0.0", "bn1": "features.0.1", "conv_head": "features.18.0",
      "bn2": "features.18.1", "classifier": "classifier.1",
    ])
  }

  /// How many blocks each stage of MobileNetV2 has.
  private static let mobileNetDepths = [1, 2, 3, 4, 3, 3, 1]
}
