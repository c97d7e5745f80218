import Files
import HDF5

/// What Anamorph writes into the header of a `.safetensors` file, as the format keeps neither the
/// order of parameters nor what they do: a JSON object as text under the key `anamorph`.
enum AnamorphMetadata {
  static let key = "anamorph"

  /// The text for `parameters`, which the file holds under `names`.
  static func text(
    _ parameters: [Checkpoint.Parameter], names: [String], of checkpoint: Checkpoint
  ) -> String {
    var members: [String: JSON] = ["version": 1]
    members["parameters"] = .array(
      zip(parameters, names).map { parameter, name in
        var member: [String: JSON] = [
          "name": .string(name), "layer": .string(parameter.innermostLayer),
          "role": .string(parameter.roleName),
        ]
        if let isTrainable = parameter.isTrainable { member["trainable"] = .bool(isTrainable) }
        return .object(member)
      })
    if let architecture = checkpoint.architecture {
      members["architecture"] = .string(architecture)
    }
    if let training = checkpoint.training { members["training"] = training }
    if let parent = checkpoint.parentDigest { members["parent"] = .string(parent) }
    if !checkpoint.orderIsRecorded { members["order"] = .string(Checkpoint.orderOfNames) }
    return JSON.object(members).text()
  }

  /// Gives `checkpoint` the parameters in `entries` as `text` describes them.
  static func apply(
    _ text: String, to checkpoint: inout Checkpoint, _ entries: [StateDictionary.Entry]
  ) throws(FileError) {
    let path = checkpoint.path
    func wrong(_ reason: String) -> FileError {
      FileError(path: path, object: "metadata \(key)", reason: reason)
    }
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: text) } catch { throw wrong(error.description) }
    guard json["version"]?.int == 1 else {
      throw wrong("of a newer version of Anamorph; read it with that")
    }
    var held = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
    for member in json["parameters"]?.array ?? [] {
      guard let name = member["name"]?.string, let layer = member["layer"]?.string,
        let role = member["role"]?.string
      else { throw wrong("a parameter without name, layer or role") }
      guard let entry = held.removeValue(forKey: name) else {
        throw wrong("names \(name), which the file does not hold")
      }
      var parameter = Checkpoint.Parameter(
        layer: layer, role: Role(exactly: role), name: name, path: name, shape: entry.shape,
        elementType: entry.elementType)
      parameter.isTrainable =
        member["trainable"]?.bool ?? (parameter.role.isStatistic ? false : nil)
      parameter.kernelOrder = parameter.role.isKernel ? .inputsFirst : nil
      parameter.takeOrder(ofRole: role)
      if checkpoint.layers.last?.name == layer {
        checkpoint.layers[checkpoint.layers.count - 1].parameters.append(parameter)
      } else {
        checkpoint.layers.append(
          Checkpoint.Layer(name: layer, className: nil, parameters: [parameter]))
      }
    }
    guard held.isEmpty else { throw wrong("leaves out \(held.keys.min() ?? "")") }
    checkpoint.writer = "Anamorph"
    checkpoint.orderIsRecorded = json["order"]?.string != Checkpoint.orderOfNames
    checkpoint.evidence +=
      checkpoint.orderIsRecorded ? ", order and roles in the metadata" : ", roles in the metadata"
    checkpoint.architecture = json["architecture"]?.string
    checkpoint.training = json["training"]
    checkpoint.parentDigest = json["parent"]?.string
    if let name = checkpoint.training?["optimizer"]?["name"]?.string {
      checkpoint.optimizer = OptimizerRecord(
        name: name, source: "training", settings: checkpoint.training?["optimizer"])
    }
    checkpoint.noteOutputsFirst()
  }
}

extension Checkpoint.Parameter {
  /// The role as Anamorph's layouts write it: `weight` is a kernel with outputs first.
  var roleName: String { role == .kernel && kernelOrder == .outputsFirst ? "weight" : role.name }

  /// Takes role and order of axes from a role as Anamorph's layouts write it.
  mutating func takeOrder(ofRole name: String) {
    if name == "weight" { role = .kernel }
    if shape.count >= 2, name == "weight" || name.hasSuffix("_weight") {
      kernelOrder = .outputsFirst
    }
  }
}
