import Checkpoints
import Files
import Networks
import Reports

/// What `inspect` says of the network that a state dictionary's names and shapes make, if any.
struct FoundArchitecture {
  private let found: StateDictionaryArchitecture?
  private let problem: String?
  /// Why the names of a state dictionary are no network that is known.
  let refusal: String?

  init(_ checkpoint: Checkpoint, _ options: StateDictionaryArchitecture.Options) {
    do {
      let found = try StateDictionaryArchitecture(of: checkpoint, options: options)
      let refusal = try StateDictionaryArchitecture.refusal(of: checkpoint, options: options)
      (self.found, self.refusal, problem) = (found, refusal?.reason, nil)
    } catch {
      let problem = [error.object, error.reason].compactMap(\.self).joined(separator: ": ")
      (found, refusal, self.problem) = (nil, nil, problem)
    }
  }

  /// Whether networks can be run from the file.
  var isUsable: Bool { found != nil }

  /// `architecture: torchvision ResNet-50, found by names and shapes; …`.
  var summary: String? {
    if let problem { return "architecture: not understood: \(problem)" }
    guard let found else { return nil }
    var line =
      "architecture: \(found.title), found by names and shapes; reads images of "
      + shapeText(found.graph.inputShape)
    if let tap = try? found.graph.penultimate {
      line += ", gives \(tap.featureCount) features at '\(tap.name)'"
    }
    return line
  }

  /// How examples are prepared for it, and how it was understood.
  var notes: [String] {
    guard let found else { return [] }
    return (found.preprocessing.map { ["usual preprocessing: \($0)"] } ?? []) + found.notes
  }

  var json: JSONText {
    if let problem = problem ?? refusal { return ["problem": .text(problem)] }
    guard let found else { return .null }
    let tap = try? found.graph.penultimate
    return [
      "title": .text(found.title), "family": .text(found.family), "prefix": .text(found.prefix),
      "input_shape": .array(found.graph.inputShape.map { .integer($0) }),
      "features": tap.map { .integer($0.featureCount) } ?? .null,
      "features_at": tap.map { .text($0.name) } ?? .null,
      "preprocessing": found.preprocessing.map { .text("\($0)") } ?? .null,
    ]
  }
}
