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
      "The size of the images that the network reads, such as 224 or 224x320, where the checkpoint "
        + "leaves it open: a state dictionary's, by default the one it is usually trained with, or a "
        + "Keras model's, by default that of the examples.",
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
  ///   - shapes: The shapes that the examples may be read in, for architectures that leave it open.
  ///   - images: What images are resized to, for the same.
  func network(
    _ checkpoint: Checkpoint, architecture: JSON? = nil, fitting shapes: [[Int]] = [],
    images: ImageOptions? = nil, quiet: Bool
  ) throws -> Network {
    guard architecture == nil,
      let found = try StateDictionaryArchitecture(of: checkpoint, options: options)
    else {
      let known = architecture ?? checkpoint.architecture.flatMap { try? JSON(parsing: $0) }
      let shape = try openShape(known, checkpoint, shapes, images, quiet: quiet)
      let network = try Network(checkpoint, architecture: architecture, inputShape: shape)
      if let inputSize, let input = network.imageInput,
        Extent(input.height, input.width) != inputSize
      {
        throw FileError(
          path: checkpoint.path,
          reason:
            "reads images of \(input.height)×\(input.width); --input-size is for networks that "
            + "leave the size open")
      }
      return network
    }
    StandardError.say(
      "\(checkpoint.path): \(found.title), found by names and shapes; "
        + "reads images of \(found.graph.inputShape.map(String.init).joined(separator: "×"))",
      unless: quiet)
    for kind in found.leftOut { StandardError.say("\(checkpoint.path): \(kind)", unless: quiet) }
    return try Network(checkpoint, options: options)
  }

  /// The shape of an example where a Keras model leaves it open: by --input-size, or what images are
  /// resized to, or what the examples have; `nil` where it leaves nothing open.
  private func openShape(
    _ architecture: JSON?, _ checkpoint: Checkpoint, _ shapes: [[Int]], _ images: ImageOptions?,
    quiet: Bool
  ) throws -> [Int]? {
    guard let architecture, architecture["format"] == nil else { return nil }
    for (size, origin) in [(inputSize, "--input-size"), (images?.imageSize, "--resize or --crop")] {
      if let size,
        let shape = KerasArchitecture.openInputShape(architecture, imageSize: size)
      {
        StandardError.say(
          "\(checkpoint.path): leaves the size of its images open; reads "
            + "\(shape.map(String.init).joined(separator: "×")), by \(origin)", unless: quiet)
        return shape
      }
    }
    for shape in shapes {
      if let open = KerasArchitecture.openInputShape(architecture, examples: shape) { return open }
    }
    if KerasArchitecture.openInputShape(architecture, imageSize: Extent(1)) != nil {
      throw FileError(
        path: checkpoint.path,
        reason: "leaves the size of its images open; give it with --input-size HEIGHTxWIDTH"
          + (images == nil ? "" : ", or --resize HEIGHTxWIDTH"))
    }
    return nil
  }
}
