public import Files
import HDF5

/// A parameter to be written.
public struct NamedTensor: Equatable, Sendable {
  /// The name of its layer.
  public var layer: String
  /// What it does in its layer.
  public var role: Role
  /// Its shape and values.
  public var tensor: Tensor
  /// Whether gradients change it.
  public var isTrainable: Bool

  /// A parameter; running statistics are not trainable unless said otherwise.
  public init(layer: String, role: Role, tensor: Tensor, isTrainable: Bool? = nil) {
    self.layer = layer
    self.role = role
    self.tensor = tensor
    self.isTrainable = isTrainable ?? !role.isStatistic
  }
}

extension Checkpoint {
  /// Writes a checkpoint in Anamorph's own layout (`Documentation/layouts/anamorph.md`), whole or
  /// not at all.
  ///
  /// - Parameters:
  ///   - architecture: The description of the network, from which it can be built again.
  ///   - parameters: The parameters in model order.
  ///   - training: How it was trained: `method`, `optimizer` with `name`, `schedule`, `seed` and
  ///     so on. Readers look for `optimizer.name`.
  ///   - parentDigest: The digest of the checkpoint that training began from.
  ///   - orderIsRecorded: Whether the order is that of the model; where it is only that of names, as
  ///     after a conversion, readers must know.
  ///   - deflate: A level from 1 to 9 to compress with; `nil` for none.
  /// - Throws: `FileError` when the system does not take the file.
  public static func write(
    to path: String, architecture: JSON?, parameters: [NamedTensor], training: JSON? = nil,
    parentDigest: String? = nil, orderIsRecorded: Bool = true, deflate: Int? = nil
  ) throws(FileError) {
    do {
      try File.create(path) { root in
        try root.setAttribute("anamorph_layout", 1)
        if let architecture { try root.setAttribute("architecture", architecture.text()) }
        if let training { try root.setAttribute("training", training.text()) }
        if let parentDigest { try root.setAttribute("parent", parentDigest) }
        if !orderIsRecorded { try root.setAttribute("order", orderOfNames) }
        try root.setAttribute("digest", ParameterDigest.of(parameters))
        let paths = paths(of: parameters)
        let group = try root.createGroup("parameters")
        for (path, parameter) in zip(paths, parameters) {
          let dataset = try group.write(
            path, shape: parameter.tensor.shape, parameter.tensor.values, deflate: deflate)
          try dataset.setAttribute("layer", parameter.layer)
          try dataset.setAttribute("role", parameter.role.name)
          try dataset.setAttribute("trainable", UInt8(parameter.isTrainable ? 1 : 0))
        }
        try root.write("parameter_order", paths)
      }
    } catch let error as HDF5Error {
      throw error.fileError
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(path: path, reason: "\(error)")
    }
  }

  /// What Anamorph's layouts say of an order that is that of names; files of models say nothing.
  static let orderOfNames = "names"

  /// `layer/role` for each parameter, unlike each other: what could be taken for a path is
  /// escaped, and a name that comes again is numbered.
  private static func paths(of parameters: [NamedTensor]) -> [String] {
    var taken: Set<String> = []
    // Where numbering goes on for a path that comes again.
    var numbers: [String: Int] = [:]
    return parameters.map { parameter in
      let path = escaped(parameter.layer) + "/" + escaped(parameter.role.name)
      var candidate = path
      var number = numbers[path] ?? 1
      while !taken.insert(candidate).inserted {
        candidate = "\(path)_\(number)"
        number += 1
      }
      numbers[path] = number
      return candidate
    }
  }

  private static func escaped(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
      switch character {
      case "%": text += "%25"
      case "/": text += "%2F"
      case "\0": text += "%00"
      default: text.unicodeScalars.append(character)
      }
    }
    return text == "." ? "%2E" : text.isEmpty ? "%" : text
  }

  static func anamorph(_ file: File, _ root: Group) throws(HDF5Error) -> Checkpoint {
    guard try root.attribute("anamorph_layout")?.integer == 1 else {
      throw HDF5Error(
        kind: .unsupported, path: file.path,
        reason: "an Anamorph checkpoint of a newer layout; read it with a newer version")
    }
    var checkpoint = Checkpoint(
      file, layout: .anamorph, evidence: "the attribute anamorph_layout at the top")
    checkpoint.writer = "Anamorph"
    checkpoint.architecture = try root.attribute("architecture")?.string
    checkpoint.parentDigest = try root.attribute("parent")?.string
    checkpoint.recordedDigest = try root.attribute("digest")?.string
    checkpoint.orderIsRecorded = try root.attribute("order")?.string != orderOfNames
    if let text = try root.attribute("training")?.string {
      checkpoint.training = try json(text, "training", file)
      let optimizer = checkpoint.training?["optimizer"]
      if let name = optimizer?["name"]?.string ?? optimizer?.string {
        checkpoint.optimizer = OptimizerRecord(name: name, source: "training", settings: optimizer)
      }
    }
    let group = try root.group("parameters")
    for name in try root.dataset("parameter_order").readStrings() {
      let dataset = try group.dataset(name)
      guard let layer = try dataset.attribute("layer")?.string,
        let role = try dataset.attribute("role")?.string
      else {
        throw HDF5Error(
          kind: .objectNotFound, path: file.path, object: dataset.path,
          reason: "its attributes layer and role are missing")
      }
      var parameter = try parameter(name, in: group, layer: layer, role: Role(exactly: role))
      parameter.takeOrder(ofRole: role)
      if let trainable = try dataset.attribute("trainable")?.integer {
        parameter.isTrainable = trainable != 0
      }
      if checkpoint.layers.last?.name == layer {
        checkpoint.layers[checkpoint.layers.count - 1].parameters.append(parameter)
      } else {
        checkpoint.layers.append(Layer(name: layer, className: nil, parameters: [parameter]))
      }
    }
    checkpoint.noteOutputsFirst()
    return checkpoint
  }

  static func json(_ text: String, _ name: String, _ file: File) throws(HDF5Error) -> JSON {
    do throws(JSONError) { return try JSON(parsing: text) } catch {
      throw HDF5Error(
        kind: .damaged, path: file.path, object: "attribute \(name)", reason: error.description)
    }
  }
}
