import Checkpoints
import Datasets
import Files
import Networks
import Training

/// A pretrained checkpoint and sets of examples from files.
public struct FilesTask {
  /// Which files; paths are as seen from the experiment's file.
  public struct Settings: Codable, Equatable, Sendable {
    /// The pretrained checkpoint.
    public var pretrained: String

    /// The number of downstream classes.
    public var classes: Int

    /// What is done to an example, as `--preprocess` takes it; `raw` when absent. The names that also
    /// say how images are resized do so for images in files, and for images of another size than the
    /// network reads.
    public var preprocess: String?

    /// ID examples to learn from.
    public var training: Source

    /// ID examples that choose learning rates, epochs and regularisation.
    public var validation: Source

    /// ID examples that are only tested on.
    public var id: Source

    /// OOD test sets.
    public var ood: [Source]

    /// One set of labelled examples.
    public struct Source: Codable, Equatable, Sendable {
      /// The name in tables; the set's own when absent.
      public var name: String?

      /// The examples, `FILE[::/path]`.
      public var set: String

      /// The labels, `FILE[::/path]`, when they are not beside the examples.
      public var labels: String?

      /// Other classes for its examples: a built-in ``Datasets/ClassMap``, or a file.
      public var classMap: String?
    }
  }

  private let settings: Settings
  private let folder: String

  init(_ settings: Settings, folder: String) {
    self.settings = settings
    self.folder = folder
  }

  /// The pretrained network.
  func network() throws -> Network { try Network(Checkpoint.open(located(settings.pretrained))) }

  /// The data of the downstream task.
  func transfer() throws -> TransferData {
    let input = try network().graph.inputShape
    return TransferData(
      classes: settings.classes, training: try examples(settings.training, for: input),
      validation: try examples(settings.validation, for: input),
      id: try examples(settings.id, for: input),
      ood: try settings.ood.map {
        .init(name: $0.name ?? $0.set, examples: try examples($0, for: input))
      })
  }

  private func examples(_ source: Settings.Source, for input: [Int]) throws -> Examples {
    var set = try ExampleSet.open(
      located(source.set), labels: source.labels.map(located),
      classCount: source.classMap == nil ? settings.classes : nil)
    if let name = source.classMap {
      let map = try ClassMap(builtIn: name) ?? ClassMap(reading: located(name))
      set = try set.mapped(by: map)
      guard map.classCount <= settings.classes else {
        throw FileError(
          path: source.set,
          reason: "\(name) maps to \(map.classCount) classes, and the task has \(settings.classes)")
      }
    }
    let text = settings.preprocess ?? "raw"
    guard let preprocessing = Preprocessing(parsing: text) else {
      throw ExperimentError("preprocess '\(text)' is none of raw, unit, symmetric, scale S shift B")
    }
    if input.count == 3, set.readsImageFiles || set.exampleShape != input,
      let preparation = ImagePreparation(named: text, height: input[0], width: input[1]),
      set.readsImageFiles || text != "raw"
    {
      set = try set.sized(by: preparation.sizing)
    }
    return try Examples(set.preprocessed(by: preprocessing))
  }

  private func located(_ path: String) -> String {
    Experiment.located(path, in: folder)
  }
}
