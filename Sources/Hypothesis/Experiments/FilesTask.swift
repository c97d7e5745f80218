import Checkpoints
import Datasets
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

    /// What is done to the numbers of an example, as `--preprocess` takes it; `raw` when absent.
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
    TransferData(
      classes: settings.classes, training: try examples(settings.training),
      validation: try examples(settings.validation), id: try examples(settings.id),
      ood: try settings.ood.map { .init(name: $0.name ?? $0.set, examples: try examples($0)) })
  }

  private func examples(_ source: Settings.Source) throws -> Examples {
    let set = try ExampleSet.open(
      located(source.set), labels: source.labels.map(located), classCount: settings.classes)
    let text = settings.preprocess ?? "raw"
    guard let preprocessing = Preprocessing(parsing: text) else {
      throw ExperimentError("preprocess '\(text)' is none of raw, unit, symmetric, scale S shift B")
    }
    return try Examples(set.preprocessed(by: preprocessing))
  }

  private func located(_ path: String) -> String {
    Experiment.located(path, in: folder)
  }
}
