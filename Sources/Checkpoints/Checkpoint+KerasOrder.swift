public import Files
import HDF5

/// Files of Keras 3 that hold variables by number say which layer is which only together with the
/// model's configuration.
extension Checkpoint {
  /// The same parameters in the order and under the names of a Keras configuration, such as
  /// `model.to_json()`, exactly as if the file had brought it.
  ///
  /// Groups of a `.weights.h5` file are numbered within their class in the order of the model:
  /// `dense_1` is its second dense layer, whatever that is called. Checkpoints of other layouts are
  /// returned as they are.
  ///
  /// - Throws: `FileError` naming the group that no layer of the configuration stands for, or whose
  ///   recorded name is that of another layer.
  public func ordered(by configuration: JSON) throws(FileError) -> Checkpoint {
    guard var model = kerasModel else { return self }
    model.order(by: configuration)
    if let problem = model.disagreement() {
      throw FileError(path: path, object: problem.group, reason: problem.reason)
    }
    var result = self
    result.layers = []
    _ = try naming(path) { () throws(HDF5Error) in try result.appendLayers(of: model) }
    result.kerasModel = model
    return result
  }

  /// Whether a name in the file is that of a layer: `false` for files that number layers within their
  /// class, unless they were ordered by a configuration or record every name.
  public var namesAreThoseOfLayers: Bool {
    guard let kerasModel else { return true }
    return kerasModel.configuration != nil || kerasModel.recordsNames
  }
}

extension KerasNode {
  /// Whether every layer with variables says its own name; those that hold only others do not.
  fileprivate var recordsNames: Bool {
    children.allSatisfy { $0.variableCount == 0 || $0.isGenerator || $0.label != nil }
  }

  /// The first group that the configuration which ordered it has no layer for, or another one.
  fileprivate func disagreement(path: String = "") -> (group: String, reason: String)? {
    guard let layers = configuration?["config"]?["layers"]?.array else { return nil }
    let names = Set(layers.compactMap { $0["config"]?["name"]?.string })
    for child in children where child.variableCount > 0 && !child.isGenerator {
      let group = path.isEmpty ? child.component : "\(path)/\(child.component)"
      guard child.configuration != nil else {
        return (
          group,
          "the architecture has no layer for this group; groups are numbered within the class, in "
            + "the order of the model: is it that of another network?"
        )
      }
      if let label = child.label, label != child.name, names.contains(label) {
        return (
          group,
          "holds the layer '\(label)', which in the architecture is another one than the layer "
            + "'\(child.name)' in this place"
        )
      }
      if let problem = child.disagreement(path: group) { return problem }
    }
    return nil
  }
}
