import Checkpoints
import Datasets
import Files
import Hypothesis
import Networks
import Training

/// The examples that a network is run on: one set, or one for each of its inputs.
struct ExampleInputs {
  private var sets: [(input: String?, set: ExampleSet)]

  /// What was done to the examples, once they were prepared.
  private(set) var preprocessing = ""

  /// Opens what `--data` names: SET, or INPUT=SET again and again.
  init(_ names: [String], labels: String?, _ running: RunningOptions) throws {
    sets = []
    for name in names {
      var input: String?
      var set = name
      let sign = name.firstIndex(of: "=")
      // One set alone may have the sign in its own name.
      let isAlone = names.count == 1 && (sign == nil || Folder.isThere(SetName(parsing: name).file))
      if !isAlone {
        guard let sign else {
          throw FileError(
            path: name, reason: "which input is it for? several sets are given as INPUT=SET")
        }
        input = String(name[..<sign])
        set = String(name[name.index(after: sign)...])
      }
      sets.append((input, try running.opened(set, labels: sets.isEmpty ? labels : nil)))
    }
    if let other = sets.first(where: { $0.set.count != count }) {
      throw FileError(
        path: other.set.name,
        reason: "has \(other.set.count) examples, and \(sets[0].set.name) has \(count)")
    }
  }

  var count: Int { sets[0].set.count }

  /// The shapes that an example may be read in, when there is one set, whose examples have one before
  /// they are prepared: as it is, and with its channels first.
  var exampleShapes: [[Int]] {
    guard sets.count == 1, !sets[0].set.readsImageFiles else { return [] }
    let shape = sets[0].set.exampleShape
    return shape.count == 3 ? [shape, [shape[2], shape[0], shape[1]]] : [shape]
  }

  /// Prepares the examples for `network`, and says how.
  mutating func prepare(for network: Network, _ running: RunningOptions) throws {
    var done: [String] = []
    for index in sets.indices {
      if sets.count > 1,
        let input = network.graph.inputs.first(where: { $0.name == sets[index].input })
      {
        sets[index].set = sets[index].set.arranged(
          as: input.shape,
          channelsFirst: KerasArchitecture.readsChannelsFirst(network.architecture))
      }
      let prepared = try running.prepared(sets[index].set, for: sets.count == 1 ? network : nil)
      sets[index].set = prepared.examples
      done.append(prepared.preprocessing)
    }
    preprocessing = Set(done).count == 1 ? done[0] : done.joined(separator: "; ")
  }

  /// Checks that there is a set for each input, in any order, and that their shapes fit.
  private mutating func order(for graph: Graph) throws {
    if let other = sets.first(where: { set in !graph.inputs.contains { $0.name == set.input } }) {
      throw FileError(
        path: other.set.name,
        reason:
          "it is given for the input '\(other.input ?? "")', which the network does not have; "
          + "its inputs are " + graph.inputs.map { "'\($0.name)'" }.joined(separator: ", "))
    }
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

  /// The examples, those of several sets side by side in the order of the network's inputs.
  ///
  /// - Throws: `FileError` when the network does not read them.
  mutating func set(fitting network: Network) throws -> ExampleSet {
    if sets.count > 1 || sets[0].input != nil { try order(for: network.graph) }
    if sets.count > 1 { return sets[0].set.joined(with: sets.dropFirst().map(\.set)) }
    guard
      network.graph.inputs.count == 1 || sets[0].input != nil
        || sets[0].set.valuesPerExample == network.graph.inputShape[0]
    else {
      throw FileError(
        path: sets[0].set.name,
        reason: "the network has several inputs; give --data INPUT=SET for each of "
          + network.graph.inputs.map { "'\($0.name)'" }.joined(separator: ", "))
    }
    try sets[0].set.check(fits: network)
    return sets[0].set
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

  /// The architecture in a file that holds nothing else; `nil` for any other file, such as an index of
  /// shards, which is JSON too.
  static func configuration(_ path: String) throws -> JSON? {
    let start = try ByteFile(path: path).bytes(0..<64)
    guard start.first(where: { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }) == 0x7B else { return nil }
    let json = try read(path)
    return json?["class_name"] != nil || json?["format"] != nil ? json : nil
  }
}
