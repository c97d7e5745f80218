import Checkpoints
import Files
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Experiment {
  /// Reads an experiment from JSON.
  ///
  /// - Throws: ``Files/FileError`` with the member that is missing or wrong.
  package init(json text: String, path: String) throws {
    do {
      let data = Data(text.utf8)
      self = try JSONDecoder().decode(Experiment.self, from: data)
      let known = try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(self))
      if let place = try JSONDecoder().decode(JSON.self, from: data).firstUnknown(known) {
        throw FileError(
          path: path, object: place.joined(separator: "."),
          reason: "there is no such member; look at its spelling")
      }
    } catch let error as DecodingError {
      throw FileError(path: path, object: error.place, reason: error.explanation)
    }
    try check(path)
  }

  /// Checks what the types of the fields do not.
  private func check(_ path: String) throws {
    func wrong(_ object: String, _ reason: String) -> FileError {
      FileError(path: path, object: object, reason: reason)
    }
    let isPlain = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0))
    }
    guard !name.isEmpty, isPlain else {
      throw wrong("name", "'\(name)' must be letters, digits, '-' and '_', for it names files")
    }
    guard seeds > 0 else { throw wrong("seeds", "\(seeds) seeds; at least one is needed") }
    guard seeds <= Self.mostSeeds else {
      throw wrong("seeds", "\(seeds) seeds are too many; at most \(Self.mostSeeds) are run")
    }
    for (object, rates) in [
      ("fineTuning.learningRates", fineTuning.learningRates),
      ("linearProbeFineTuningRates", ratesAfterLinearProbe),
    ] {
      guard !rates.isEmpty, rates.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw wrong(object, "learning rates must be positive, and there must be one")
      }
    }
    guard fineTuning.epochs > 0, fineTuning.batchSize > 0 else {
      throw wrong("fineTuning", "epochs and batchSize must be positive")
    }
    try check(fineTuning.optimizer, "fineTuning.optimizer", wrong)
    let strengths = linearProbe.regularisation
    guard !strengths.isEmpty, strengths.allSatisfy({ $0 >= 0 }) else {
      throw wrong(
        "linearProbe.regularisation", "strengths must not be negative, and there must be one")
    }
    if case .files = task, pretraining != nil {
      throw wrong("pretraining", "has no use, for the task names a checkpoint; leave it out")
    }
    if case .files = task {
    } else if pretraining == nil {
      throw wrong("pretraining", "is missing, and the task names no checkpoint")
    }
    if let training = pretraining?.training {
      guard training.steps > 0, training.batchSize > 0, training.learningRate > 0 else {
        throw wrong(
          "pretraining.training", "steps, batchSize and learningRate must be positive")
      }
      try check(training.optimizer, "pretraining.training.optimizer", wrong)
    }
    try checkTask(wrong)
  }

  private func check(
    _ optimizer: OptimizerSettings, _ object: String, _ wrong: (String, String) -> FileError
  ) throws {
    let decays = [optimizer.momentum, optimizer.firstDecay, optimizer.secondDecay]
    guard decays.allSatisfy({ (0..<1).contains($0) }) else {
      throw wrong(object, "momentum, firstDecay and secondDecay must be in 0..<1")
    }
    guard optimizer.weightDecay >= 0, optimizer.stability > 0 else {
      throw wrong(object, "weightDecay must not be negative, and stability must be positive")
    }
  }

  /// Checks that the task can be one, and that every test set has a name of its own.
  private func checkTask(_ wrong: (String, String) -> FileError) throws {
    let names: [String]
    switch task {
    case .subspace(let settings):
      do { try settings.check() } catch let error as ExperimentError {
        throw wrong("task.subspace", error.description)
      }
      names = settings.oodNames
    case .styles(let settings): names = settings.ood.map(\.name)
    case .files(let settings):
      names = settings.ood.map { $0.name ?? $0.set }
      guard (2...1 << 20).contains(settings.classes) else {
        throw wrong("task.files.classes", "\(settings.classes) classes; two or more are needed")
      }
    }
    let all = [TransferData.idName] + names
    if let twice = names.first(where: { name in all.filter { $0 == name }.count > 1 }) {
      throw wrong("task", "two of its test sets are called '\(twice)'")
    }
    guard names.contains(primaryOOD) else {
      let known = names.map { "'\($0)'" }.joined(separator: ", ")
      throw wrong(
        "primaryOOD",
        "'\(primaryOOD)' is none of the OOD sets, \(known.isEmpty ? "of which there are none" : known)"
      )
    }
  }

  /// More seeds than anybody runs.
  public static let mostSeeds = 1_000_000
}

extension JSON {
  /// The place of the first member of this text that `known`, the same read and written again, does
  /// not have: a slip in the name of something that may be left out.
  fileprivate func firstUnknown(_ known: JSON, at place: [String] = []) -> [String]? {
    switch (self, known) {
    case (.object(let members), .object(let others)):
      for (name, value) in members.sorted(by: { $0.key < $1.key }) where !value.isNull {
        guard let other = others[name] else { return place + [name] }
        if let found = value.firstUnknown(other, at: place + [name]) { return found }
      }
    case (.array(let elements), .array(let others)):
      for (index, (element, other)) in zip(elements, others).enumerated() {
        if let found = element.firstUnknown(other, at: place + ["\(index)"]) { return found }
      }
    default: break
    }
    return nil
  }
}

extension DecodingError {
  /// Where in the JSON text decoding stopped.
  fileprivate var place: String? {
    let path: [any CodingKey] =
      switch self {
      case .keyNotFound(let key, let context): context.codingPath + [key]
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .dataCorrupted(let context):
        context.codingPath
      @unknown default: []
      }
    let text = path.map(\.stringValue).joined(separator: ".")
    return text.isEmpty ? nil : text
  }

  fileprivate var explanation: String {
    switch self {
    case .keyNotFound: "is missing"
    case .typeMismatch(let type, _): "must be \(Self.name(of: type))"
    case .valueNotFound(let type, _): "is null; it must be \(Self.name(of: type))"
    case .dataCorrupted(let context):
      context.debugDescription.isEmpty ? "cannot be read" : context.debugDescription
    @unknown default: "cannot be read"
    }
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "text"
    case is Int.Type: "a whole number"
    case is Double.Type: "a number"
    case is Bool.Type: "true or false"
    default: "of another kind"
    }
  }
}
