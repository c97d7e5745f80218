import Datasets
import Randomness
package import Training

/// Small images in several styles: the network is pretrained on all of them, adapted to a new task on
/// one, and tested on the others.
///
/// Images are divided at random into those for pretraining, for training, for validation and for
/// testing; the same test images appear in every style. Pretraining learns the images' own labels,
/// the downstream task groups of them.
public struct StylesTask {
  /// The data and how they are used.
  public struct Settings: Codable, Equatable, Sendable {
    /// The images, `FILE[::/path]` as seen from the experiment's file, with labels beside them.
    public var images: String

    /// What a pixel is multiplied by, so that values lie in 0…1.
    public var scale: Double

    /// What is added after the style has been applied.
    public var shift: Double

    /// The styles that pretraining sees.
    public var styles: [String]

    /// The style of in-distribution images.
    public var idStyle: String

    /// The OOD sets, each an image in several styles after the other.
    public var ood: [Group]

    /// The downstream class of each label.
    public var groups: [Int]

    /// How many images pretraining may use.
    public var pretraining: Int

    /// How many ID training images there are.
    public var training: Int

    /// How many ID validation images there are; the rest are for testing.
    public var validation: Int

    /// An OOD set: some styles under one name.
    public struct Group: Codable, Equatable, Sendable {
      /// The name in tables.
      public var name: String

      /// The styles, by their names.
      public var styles: [String]
    }
  }

  private let settings: Settings
  private let images: [ExampleSet]
  private let seed: UInt64

  /// - Parameter folder: What the path of the images is relative to.
  package init(_ settings: Settings, folder: String, seed: UInt64) throws {
    self.settings = settings
    self.seed = seed
    let path = Experiment.located(settings.images, in: folder)
    let all = try ExampleSet.open(path, classCount: settings.groups.count).loaded()
    guard all.labels != nil else {
      throw ExperimentError("\(path): the images have no labels beside them")
    }
    guard all.exampleShape.count == 3, all.exampleShape[0] == all.exampleShape[1] else {
      throw ExperimentError("\(path): styles need square images, not \(all.exampleShape)")
    }
    let parts = [settings.pretraining, settings.training, settings.validation]
    let rest = all.count - parts.reduce(0, +)
    guard parts.allSatisfy({ $0 > 0 }), rest > 0 else {
      throw ExperimentError(
        "\(path): \(all.count) images cannot be divided into \(parts) and some for testing")
    }
    let groups = Set(settings.groups)
    guard groups.count > 1, groups == Set(0..<groups.count) else {
      throw ExperimentError("groups must be two or more classes numbered from 0 without gaps")
    }
    var generator = SeededGenerator(seed: seed, "styles task: division")
    images = all.preprocessed(by: Preprocessing(scale: settings.scale))
      .split(parts + [rest], using: &generator)
  }

  /// The number of values of an image.
  var width: Int { images[0].valuesPerExample }

  /// The number of labels that pretraining tells apart.
  var pretrainingClasses: Int { settings.groups.count }

  /// Pretraining images in all styles, an image in each style after the other.
  package func pretrainingExamples() throws -> Examples {
    try examples(images[0], styles: settings.styles, classes: Array(settings.groups.indices))
  }

  /// The data of the downstream task.
  package func transfer() throws -> TransferData {
    func id(_ set: ExampleSet) throws -> Examples {
      try examples(set, styles: [settings.idStyle], classes: settings.groups)
    }
    return TransferData(
      classes: (settings.groups.max() ?? 0) + 1, training: try id(images[1]),
      validation: try id(images[2]), id: try id(images[3]),
      ood: try settings.ood.map {
        .init(
          name: $0.name,
          examples: try examples(images[3], styles: $0.styles, classes: settings.groups))
      })
  }

  /// Every image in each of the styles, so that any leading part holds whole images.
  private func examples(
    _ set: ExampleSet, styles names: [String], classes: [Int]
  ) throws -> Examples {
    let styled = try names.map { name in
      guard let style = ImageStyle(rawValue: name) else {
        let known = ImageStyle.allCases.map(\.rawValue).joined(separator: ", ")
        throw ExperimentError("there is no style '\(name)'; there are \(known)")
      }
      let set = set.styled(style, seed: seed)
      return try set.values(0..<set.count)
    }
    let width = set.valuesPerExample
    var inputs: [Float] = []
    var labels: [Int] = []
    for (row, label) in (set.labels ?? []).enumerated() {
      for values in styled {
        inputs += values[row * width..<(row + 1) * width].map { $0 + Float(settings.shift) }
        labels.append(classes[label])
      }
    }
    return Examples(shape: [width], inputs: inputs, labels: labels)
  }
}
