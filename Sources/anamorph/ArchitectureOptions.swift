public import ArgumentParser
import Checkpoints
import Files
public import Networks

extension Extent: ExpressibleByArgument {
  /// Reads `224` or `224x320`, height first.
  public init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let height = parts[0], let width = parts[parts.count - 1],
      1...65536 ~= height, 1...65536 ~= width
    else { return nil }
    self.init(height, width)
  }
}

/// What a checkpoint's names and shapes may leave open, for checkpoints that hold no architecture.
struct ArchitectureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The network that a state dictionary is taken for, instead of the first that fits its names: "
        + "\(StateDictionaryArchitecture.familyNames.joined(separator: ", ")).",
      valueName: "name"))
  var family: String?

  @Option(
    help: ArgumentHelp(
      "The size of the images that a state dictionary's network reads, such as 224 or 224x320; by "
        + "default the one it is usually trained with.",
      valueName: "height[xwidth]"))
  var inputSize: Extent?

  @Flag(
    help: """
      Leave out the projection with which a network of CLIP ends; its features are then those \
      before it.
      """)
  var withoutProjection = false

  @Flag(
    help: """
      Interpolate (bicubically) the position embeddings of a vision transformer to another \
      --input-size than theirs, instead of refusing it.
      """)
  var interpolatePositions = false

  @Option(
    help: ArgumentHelp(
      "Arrays of a state dictionary that are no part of the network, by what their names begin with: "
        + "'module.head' for module.head.0.weight. May be given several times.",
      valueName: "prefix"))
  var leaveOut: [String] = []

  var options: StateDictionaryArchitecture.Options {
    var options = StateDictionaryArchitecture.Options()
    options.family = family
    options.imageSize = inputSize
    options.includesProjection = !withoutProjection
    options.interpolatesPositions = interpolatePositions
    options.leavesOut = leaveOut
    return options
  }

  /// The network in `checkpoint`; what a state dictionary was taken for is said on standard error.
  ///
  /// - Parameters:
  ///   - architecture: An architecture to use instead of what the checkpoint says.
  ///   - shape: The shape of the examples, for architectures that leave it open.
  func network(
    _ checkpoint: Checkpoint, architecture: JSON? = nil, fitting shape: [Int]? = nil, quiet: Bool
  ) throws -> Network {
    guard architecture == nil,
      let found = try StateDictionaryArchitecture(of: checkpoint, options: options)
    else {
      guard let shape else { return try Network(checkpoint, architecture: architecture) }
      return try Network(checkpoint, architecture: architecture, fitting: shape)
    }
    StandardError.say(
      "\(checkpoint.path): \(found.title), found by names and shapes; "
        + "reads images of \(found.graph.inputShape.map(String.init).joined(separator: "×"))",
      unless: quiet)
    for kind in found.leftOut { StandardError.say("\(checkpoint.path): \(kind)", unless: quiet) }
    return try Network(checkpoint, options: options)
  }
}
