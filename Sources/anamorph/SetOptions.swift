public import ArgumentParser
public import Datasets
import Files
import Networks

extension Interpolation: ExpressibleByArgument {}

/// Options that every command that runs a network on examples has.
struct RunningOptions: ParsableArguments {
  @OptionGroup var images: ImageOptions

  @Option(
    help: """
      How many threads run the network, and as many decode images meanwhile; results do not depend \
      on it.
      """)
  var threads = Processors.count

  @Option(
    name: [.customLong("batch-size"), .customLong("batch")],
    help: "How many examples are computed at a time.")
  var batchSize = 64

  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("There must be at least one thread.") }
    guard (1...65536).contains(batchSize) else {
      throw ValidationError("A batch has 1 to 65536 examples.")
    }
  }

  /// Opens a set and prepares its examples for `network`, and says how.
  ///
  /// - Throws: `FileError`.
  func open(
    _ name: String, labels: String? = nil, classCount: Int? = nil, for network: Network? = nil
  ) throws -> PreparedSet {
    try prepared(opened(name, labels: labels, classCount: classCount), for: network)
  }

  /// Opens a set, with other classes where that is asked for; its examples are as they are stored.
  ///
  /// - Throws: `FileError`.
  func opened(_ name: String, labels: String? = nil, classCount: Int? = nil) throws -> ExampleSet {
    let map = try images.classMap(for: name)
    var set = try ExampleSet.open(
      name, labels: labels, classCount: map == nil ? classCount : nil,
      reading: ImageReading(skipsCorrupt: images.skipCorrupt, threads: threads))
    if let map { set = try set.mapped(by: map) }
    if let classCount, let largest = set.labels?.max(), largest >= classCount {
      throw FileError(
        path: name, reason: "label \(largest) is outside the classes 0…\(classCount - 1)")
    }
    if !set.skipped.isEmpty {
      for failure in set.skipped { StandardError.say("skipped: \(oneLine("\(failure)"))") }
      StandardError.say(
        "\(name): \(set.skipped.count) of \(set.skipped.count + set.count) images skipped as corrupt"
      )
    }
    return set
  }

  /// Prepares the examples of a set for `network`, and says how.
  ///
  /// - Throws: `FileError`.
  func prepared(_ set: ExampleSet, for network: Network?) throws -> PreparedSet {
    let input = network?.imageInput
    var set = set
    if let network, let input, !input.isChannelsFirst {
      set = set.arranged(as: network.graph.inputShape, channelsFirst: false)
    }
    let preparation = images.preparation(of: set, for: network)
    let sized = try set.sized(by: preparation.sizing)
    if let channels = preparation.numbers.channelCount, channels != sized.channelCount {
      throw FileError(
        path: set.name,
        reason:
          "has \(sized.channelCount) channels, and the preprocessing (\(preparation.reason)) is "
          + "for \(channels)")
    }
    // Numbers taken as they are stored need no words before the results, which say it too.
    if !preparation.isNothing {
      StandardError.say("\(set.name): preprocessing: \(preparation)", unless: quiet)
    }
    var examples = sized.preprocessed(by: preparation.numbers)
    if let network, let input, input.isChannelsFirst {
      let turned = examples.arranged(as: network.graph.inputShape, channelsFirst: true)
      if turned.exampleShape != set.storedShape, turned.exampleShape != examples.exampleShape {
        StandardError.say("\(set.name): channels first, as the network reads them", unless: quiet)
      }
      examples = turned
    }
    return PreparedSet(examples: examples, preprocessing: preparation.recorded)
  }
}

/// A set with its examples prepared, and what was done to them.
struct PreparedSet {
  var examples: ExampleSet
  /// What was done, as it is recorded.
  var preprocessing: String
}

/// Options that say how examples become what a network reads.
struct ImageOptions: ParsableArguments {
  @Option(
    name: .customLong("preprocess"),
    help: ArgumentHelp(
      "What is done to an example: torchvision, clip, timm, keras-tf, keras-caffe, keras-torch, "
        + "keras-raw (resizing and numbers as those have them); raw, unit (x/255), symmetric (x/127.5 − 1), "
        + "or '[bgr] scale S shift B' with one number or one per channel. Recognised from the "
        + "network where possible, else raw.",
      valueName: "how"))
  var preprocess: String?

  @Option(
    help: ArgumentHelp(
      "What images are resized to: the shorter side's pixels, HEIGHTxWIDTH, or none.",
      valueName: "size"))
  var resize: String?

  @Option(
    help: ArgumentHelp(
      "What is cut out of the centre then: pixels, HEIGHTxWIDTH, or none.", valueName: "size"))
  var crop: String?

  @Option(help: "How pixels are made up when resizing, as Pillow does.")
  var interpolation: Interpolation?

  @Option(
    help: ArgumentHelp(
      "What is taken away from each channel of bytes divided by 255, with commas between.",
      valueName: "numbers"))
  var mean: String?

  @Option(
    help: ArgumentHelp("What each channel is divided by after --mean.", valueName: "numbers"))
  var std: String?

  @Flag(help: "Leave out images that cannot be decoded, and name them.")
  var skipCorrupt = false

  @Option(
    help: ArgumentHelp(
      "Other classes for the examples of SET, or of every set: a built-in map (cifar10, imagenet, "
        + "domainnet-40, living-17, entity-30) or a file with a class, a tab and a new class's number in each line. "
        + "Classes without a place are left out. May be given several times.",
      valueName: "[SET=]map"))
  var classMap: [String] = []

  func validate() throws {
    if let preprocess {
      guard Preprocessing(parsing: preprocess) != nil else {
        throw ValidationError("'\(preprocess)' is no way of preprocessing; see --help.")
      }
    }
    if let resize, resize != "none", Self.extents(resize) == nil {
      throw ValidationError("'\(resize)' is no size: say 256, 224x224 or none.")
    }
    if let crop, crop != "none", Self.extents(crop) == nil {
      throw ValidationError("'\(crop)' is no size: say 224, 224x192 or none.")
    }
    guard (mean == nil) == (std == nil) else {
      throw ValidationError("--mean and --std are given together.")
    }
    guard mean == nil || standardization != nil else {
      throw ValidationError("--mean and --std are as many numbers each; --std has no zero.")
    }
  }

  /// The map for the set called `name`, when one was given.
  ///
  /// - Throws: `FileError`.
  fileprivate func classMap(for name: String) throws -> ClassMap? {
    var wanted: String?
    for given in classMap {
      if given.hasPrefix("\(name)=") {
        wanted = String(given.dropFirst(name.count + 1))
      } else if !given.contains("="), wanted == nil {
        wanted = given
      }
    }
    guard let wanted else { return nil }
    return try ClassMap(builtIn: wanted) ?? ClassMap(reading: wanted)
  }

  /// What is done to the examples of `set` for `network`.
  fileprivate func preparation(of set: ExampleSet, for network: Network?) -> SetPreparation {
    let input = network?.imageInput.map { [$0.height, $0.width] }
    let isImage = set.exampleShape.count == 3
    let isBytes = set.elementKind == .uint8 && isImage
    let recognised = network.flatMap { NetworkPreparation(of: $0) }

    var result = SetPreparation(sizing: .asStored, numbers: .raw, reason: "not recognised")
    var named: ImagePreparation?
    if let preprocess {
      result.reason = "--preprocess"
      result.numbers = Preprocessing(parsing: preprocess) ?? .raw
      named = input.flatMap { ImagePreparation(named: preprocess, height: $0[0], width: $0[1]) }
    } else if let recognised, isBytes, set.channelCount == 3 {
      result.reason = recognised.evidence
      result.numbers = recognised.preparation.numbers
      named = recognised.preparation
    } else if !set.readsImageFiles {
      result.reason = "as stored"
    }
    let isSizedAlready =
      input.map { Array(set.exampleShape.prefix(2)) == $0 } ?? true
      || set.exampleShape == network?.graph.inputShape
    if set.readsImageFiles {
      let plain = input.flatMap { ImagePreparation(named: "raw", height: $0[0], width: $0[1]) }
      result.sizing = (named ?? plain)?.sizing ?? .asStored
    } else if isBytes, !isSizedAlready, let named {
      result.sizing = named.sizing
    }
    override(&result)
    return result
  }

  /// The size that --resize and --crop give every image, when they say one.
  var imageSize: Extent? {
    if let crop, let extents = Self.extents(crop) { return Extent(extents.height, extents.width) }
    guard let resize, resize.contains("x"), let extents = Self.extents(resize) else { return nil }
    return Extent(extents.height, extents.width)
  }

  /// Changes what the options name one by one.
  private func override(_ result: inout SetPreparation) {
    if let resize {
      if resize == "none" {
        result.sizing.resize = .none
      } else if let extents = Self.extents(resize) {
        let exact = ImageSizing.Resize.exact(height: extents.height, width: extents.width)
        result.sizing.resize = resize.contains("x") ? exact : .shorterSide(extents.height)
        // A size said in full needs no cropping, unless that is said too.
        if resize.contains("x") { result.sizing.crop = nil }
      }
    }
    if let crop { result.sizing.crop = Self.extents(crop) }
    if let interpolation { result.sizing.interpolation = interpolation }
    if let standardization { result.numbers = standardization }
  }

  /// What --mean and --std say.
  private var standardization: Preprocessing? {
    func numbers(_ text: String?) -> [Double] {
      let parts = text.map { $0.split(separator: ",", omittingEmptySubsequences: false) } ?? []
      let numbers = parts.compactMap { Double($0) }
      return numbers.count == parts.count && numbers.allSatisfy(\.isFinite) ? numbers : []
    }
    let (means, deviations) = (numbers(mean), numbers(std))
    guard !means.isEmpty, means.count == deviations.count, !deviations.contains(0) else {
      return nil
    }
    return .standardized(means: means, deviations: deviations)
  }

  /// The most pixels along a side that is asked for.
  private static let mostPixels = 16384

  private static func extents(_ text: String) -> ImageSizing.Crop? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, (1...2).contains(numbers.count),
      numbers.allSatisfy({ (1...mostPixels).contains($0) })
    else { return nil }
    return ImageSizing.Crop(height: numbers[0], width: numbers[numbers.count - 1])
  }
}

/// What is done to the examples of a set, and why.
struct SetPreparation: CustomStringConvertible {
  var sizing: ImageSizing
  var numbers: Preprocessing
  /// Where it was learned from.
  var reason: String

  /// Whether nothing is done, for lack of a reason.
  var isNothing: Bool { sizing.isNone && numbers.isRaw && reason == "as stored" }

  /// What is recorded with results.
  var recorded: String { sizing.isNone ? "\(numbers)" : "\(sizing), \(numbers)" }

  var description: String { "\(recorded) (\(reason))" }
}
