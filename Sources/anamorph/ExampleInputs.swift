import Checkpoints
import Datasets
import Files
import Hypothesis
import Networks
import Training

/// The examples that a network is run on: one set, or one for each of its inputs.
struct ExampleInputs {
  private var sets: [(input: String?, set: ExampleSet)]

  /// Opens what `--data` names: SET, or INPUT=SET again and again.
  init(_ names: [String], labels: String?, _ running: RunningOptions) throws {
    sets = []
    for name in names {
      var input: String?
      var set = name
      if names.count > 1 {
        guard let sign = name.firstIndex(of: "=") else {
          throw FileError(
            path: name, reason: "which input is it for? several sets are given as INPUT=SET")
        }
        input = String(name[..<sign])
        set = String(name[name.index(after: sign)...])
      }
      sets.append((input, try running.open(set, labels: sets.isEmpty ? labels : nil)))
    }
    if let other = sets.first(where: { $0.set.count != count }) {
      throw FileError(
        path: other.set.name,
        reason: "has \(other.set.count) examples, and \(sets[0].set.name) has \(count)")
    }
  }

  var count: Int { sets[0].set.count }

  var labels: [Int]? { sets[0].set.labels }

  var identifiers: ExampleIdentifiers { sets[0].set.identifiers }

  /// The shape of an example, when there is one set.
  var exampleShape: [Int]? { sets.count == 1 ? sets[0].set.exampleShape : nil }

  /// Checks that there is a set for each input, in any order, and that their shapes fit.
  mutating func order(for graph: Graph) throws {
    guard sets.count > 1 else { return }
    var ordered: [(input: String?, set: ExampleSet)] = []
    for input in graph.inputs {
      guard let found = sets.first(where: { $0.input == input.name }) else {
        throw FileError(
          path: sets[0].set.name,
          reason: "no examples are given for the input '\(input.name)'; the network's inputs are "
            + graph.inputs.map { "'\($0.name)'" }.joined(separator: ", "))
      }
      guard found.set.valuesPerExample == input.size else {
        throw FileError(
          path: found.set.name,
          reason: "its examples are \(found.set.exampleShape) and the input '\(input.name)' is "
            + "\(input.shape)")
      }
      ordered.append(found)
    }
    guard ordered.count == sets.count else {
      throw FileError(
        path: sets[0].set.name,
        reason: "\(sets.count) sets are given for \(graph.inputs.count) inputs")
    }
    sets = ordered
  }

  /// The numbers of the examples asked for, those of all inputs side by side.
  func finiteValues(_ rows: Range<Int>) throws -> [Float] {
    if sets.count == 1 { return try sets[0].set.finiteValues(rows) }
    let parts = try sets.map { try $0.set.finiteValues(rows) }
    var values: [Float] = []
    for row in 0..<rows.count {
      for (part, entry) in zip(parts, sets) {
        let size = entry.set.valuesPerExample
        values += part[row * size..<(row + 1) * size]
      }
    }
    return values
  }

  /// Checks that the network reads the examples, and puts several sets in the order of its inputs.
  mutating func check(fits network: Network) throws {
    guard sets.count == 1 else { return try order(for: network.graph) }
    guard
      network.graph.inputs.count == 1
        || sets[0].set.valuesPerExample == network.graph.inputShape[0]
    else {
      throw FileError(
        path: sets[0].set.name,
        reason: "the network has several inputs; give --data INPUT=SET for each of "
          + network.graph.inputs.map { "'\($0.name)'" }.joined(separator: ", "))
    }
    try sets[0].set.check(fits: network)
  }
}

/// An architecture in a file of its own.
enum ArchitectureFile {
  /// Reads `model.to_json()` or Anamorph's description; `nil` for no file.
  static func read(_ path: String?) throws -> JSON? {
    guard let path else { return nil }
    do {
      return try JSON(parsing: try TextFile.text(of: path))
    } catch let error as JSONError {
      throw FileError(path: path, reason: error.description)
    }
  }
}

extension Network {
  /// The network in a checkpoint; where its architecture leaves the shape of an example open, the
  /// examples say it.
  init(_ checkpoint: Checkpoint, architecture: JSON? = nil, fitting shape: [Int]?) throws {
    let known = architecture ?? checkpoint.architecture.flatMap { try? JSON(parsing: $0) }
    let open = shape.flatMap { shape in
      known.flatMap { KerasArchitecture.openInputShape($0, examples: shape) }
    }
    try self.init(checkpoint, architecture: architecture, inputShape: open)
  }
}
