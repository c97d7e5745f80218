public import Training

/// A transfer experiment: where a pretrained network comes from, what it is adapted to, and how.
///
/// Read from JSON; `samples/` holds three, and its README describes the fields. Every field is part
/// of the experiment's identity: a run made from another description is not continued.
public struct Experiment: Codable, Equatable, Sendable {
  /// A short name, used for folders and in tables.
  public var name: String

  /// One line that says what the experiment is.
  public var title: String

  /// Where examples come from, and where the pretrained network does.
  public var task: Task

  /// How the network is made and pretrained; absent when the task names a checkpoint.
  public var pretraining: FromScratch?

  /// How a linear probe is fitted.
  public var linearProbe: LinearProbe.Settings

  /// How fine-tuning is done.
  public var fineTuning: FineTuning.Settings

  /// The learning rates of LP-FT's second phase; those of `fineTuning` when absent.
  public var linearProbeFineTuningRates: [Double]?

  /// The OOD set on which heads are re-fitted and fine-tuning is stopped by an oracle.
  public var primaryOOD: String

  /// How many seeds the verdicts rest on.
  public var seeds: Int

  /// The source of examples.
  public enum Task: Equatable, Sendable {
    /// Synthetic inputs in a random subspace.
    case subspace(SubspaceTask.Settings)

    /// Small images in several styles, one of them in-distribution.
    case styles(StylesTask.Settings)

    /// A checkpoint and sets from files.
    case files(FilesTask.Settings)
  }

  /// A perceptron and its pretraining.
  public struct FromScratch: Codable, Equatable, Sendable {
    /// The widths of the hidden layers (ReLU), the last being the penultimate features.
    public var hidden: [Int]

    /// Whether hidden layers have biases.
    public var bias: Bool

    /// How it is trained.
    public var training: Pretraining.Settings
  }
}

extension Experiment {
  /// The learning rates of LP-FT's second phase.
  var ratesAfterLinearProbe: [Double] { linearProbeFineTuningRates ?? fineTuning.learningRates }
}

extension Experiment.Task: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case subspace, styles, files }

  /// Reads an object with one member, named after the kind of task.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.subspace) {
      self = .subspace(try container.decode(SubspaceTask.Settings.self, forKey: .subspace))
    } else if container.contains(.styles) {
      self = .styles(try container.decode(StylesTask.Settings.self, forKey: .styles))
    } else if container.contains(.files) {
      self = .files(try container.decode(FilesTask.Settings.self, forKey: .files))
    } else {
      let kinds = CodingKeys.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "must hold one of \(kinds)"))
    }
  }

  /// Writes an object with one member, named after the kind of task.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .subspace(let settings): try container.encode(settings, forKey: .subspace)
    case .styles(let settings): try container.encode(settings, forKey: .styles)
    case .files(let settings): try container.encode(settings, forKey: .files)
    }
  }
}
