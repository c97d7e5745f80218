/// What a parameter is recognised by in another checkpoint.
struct Identity {
  /// Layer and role, and for a role that a layer has several times, which of them.
  struct Key: Hashable {
    var layer: String
    var role: Role
    var ordinal = 0
  }

  /// By the innermost layer.
  var key: Key
  /// By the layer that is a model around it.
  var outer: Key
  /// The extents with inputs first.
  var shape: [Int]
  /// The last part of the name of the innermost layer.
  var lastPart: Substring
  /// Whether the caller gave the name.
  var isRenamed = false

  /// The identities of `parameters`, names changed as the caller says.
  static func all(
    _ parameters: [Checkpoint.Parameter], _ strippedPrefix: String, _ renames: [Rename]
  ) -> [Identity] {
    // A name that the caller gives may be that of another layer, with which it is not counted.
    var counts: [[Key: Int]] = [[:], [:], [:], [:]]
    func numbered(_ key: Key, _ list: Int) -> Key {
      let ordinal = counts[list][key, default: 0]
      counts[list][key] = ordinal + 1
      return Key(layer: key.layer, role: key.role, ordinal: ordinal)
    }
    return parameters.map { parameter in
      var role = parameter.role == .depthwiseKernel ? .kernel : parameter.role
      var layer = stripped(parameter.innermostLayer, strippedPrefix)
      let rename = renames.lazy.compactMap { $0.applied(to: parameter, layer: layer) }.first
      if let rename {
        layer = rename.layer
        role = rename.role ?? role
      }
      layer = unified(layer)
      let outer =
        rename == nil ? unified(stripped(parameter.layer, strippedPrefix)) : layer
      return Identity(
        key: numbered(Key(layer: layer, role: role), rename == nil ? 0 : 2),
        outer: numbered(Key(layer: outer, role: role), rename == nil ? 1 : 3),
        shape: parameter.shapeInputsFirst,
        lastPart: layer.split(separator: ".").last ?? "", isRenamed: rename != nil)
    }
  }

  /// Whether the names in `a`, and then its shapes, come before those in `b`.
  static func precede(_ a: [Identity], _ b: [Identity]) -> Bool {
    for (x, y) in zip(a, b) {
      if x.key.layer != y.key.layer { return x.key.layer < y.key.layer }
      if x.key.role != y.key.role { return x.key.role.name < y.key.role.name }
      if x.shape != y.shape { return x.shape.lexicographicallyPrecedes(y.shape) }
    }
    return a.count < b.count
  }

  /// Layouts separate the parts of a name by slashes or by dots.
  static func unified(_ name: String) -> String { String(name.map { $0 == "/" ? "." : $0 }) }

  static func stripped(_ name: String, _ prefix: String) -> String {
    guard !prefix.isEmpty, name.hasPrefix(prefix), name.count > prefix.count else { return name }
    let rest = name.dropFirst(prefix.count)
    return String(rest.drop { $0 == "/" || $0 == "." })
  }
}

/// A name in the first checkpoint and what it is in the second.
public struct Rename: Hashable, Sendable {
  /// A layer, the front of the names of several layers, a parameter's name, or `layer/role`.
  public var from: String
  /// The same in the second checkpoint.
  public var to: String

  /// A rename.
  public init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// The layer, and the role if that is named too, that `parameter` is to be looked for under;
  /// `nil` when this is about others.
  func applied(
    to parameter: Checkpoint.Parameter, layer: String
  ) -> (layer: String, role: Role?)? {
    let names = [layer + "/" + parameter.role.name, layer + "." + parameter.role.name]
    if from == parameter.name || names.contains(from) {
      let parts = to.split { $0 == "/" || $0 == "." }
      guard parts.count > 1, let last = parts.last else { return (to, nil) }
      var role = Role(weightName: String(last))
      // `weight` is a scale or a table where the parameter itself is one.
      if last == "weight" || last == "bias" { role = parameter.role }
      return (parts.dropLast().joined(separator: "."), role)
    }
    if layer == from { return (to, nil) }
    for separator in ["/", "."] where layer.hasPrefix(from + separator) {
      return (to + layer.dropFirst(from.count), nil)
    }
    return nil
  }

  /// Whether this is about `parameter` of the first checkpoint.
  public func concerns(_ parameter: Checkpoint.Parameter) -> Bool {
    applied(to: parameter, layer: parameter.innermostLayer) != nil
  }
}
