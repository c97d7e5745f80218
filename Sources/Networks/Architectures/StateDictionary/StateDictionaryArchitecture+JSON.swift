public import Checkpoints

extension StateDictionaryArchitecture {
  /// What the member `format` of the JSON form says.
  public static let format = "anamorph-state-dictionary"

  /// The JSON form, as checkpoints written by Anamorph keep it: the family with the names and shapes
  /// that the network is made of.
  public var json: JSON {
    var settings: [String: JSON] = ["projection": .bool(options.includesProjection)]
    if options.interpolatesPositions { settings["interpolate_positions"] = true }
    return [
      "format": .string(Self.format), "version": 1, "family": .string(family),
      "inputShape": .array(graph.inputShape.map { .number(Double($0)) }),
      "settings": .object(settings),
      "arrays": .array(
        shapes.names.map { name in
          [
            "name": .string(name),
            "shape": .array((shapes[name] ?? []).map { .number(Double($0)) }),
          ]
        }),
    ]
  }

  /// Reads the JSON form.
  ///
  /// - Throws: ``NetworkError`` naming what is missing or does not fit.
  public init(_ json: JSON) throws(NetworkError) {
    guard json["format"]?.string == Self.format, json["version"]?.int == 1 else {
      throw NetworkError(reason: "the architecture is not marked '\(Self.format)', version 1")
    }
    let name = json["family"]?.string ?? ""
    guard let family = StateDictionaryFamily.all.first(where: { $0.name == name }) else {
      throw NetworkError(reason: "the architecture's family '\(name)' is unknown")
    }
    guard let size = json["inputShape"]?.array, size.count == 3, let height = size[0].int,
      let width = size[1].int, let arrays = json["arrays"]?.array
    else { throw NetworkError(reason: "the architecture has no input shape or no arrays") }
    var shapes: [(name: String, shape: [Int])] = []
    for array in arrays {
      guard let name = array["name"]?.string, let extents = array["shape"]?.array,
        case let shape = extents.compactMap(\.int), shape.count == extents.count
      else { throw NetworkError(reason: "an array of the architecture has no name or no shape") }
      shapes.append((name, shape))
    }
    var options = Options()
    options.imageSize = Extent(height, width)
    options.family = name
    options.includesProjection = json["settings"]?["projection"]?.bool ?? true
    options.interpolatesPositions = json["settings"]?["interpolate_positions"]?.bool ?? false
    try self.init(family: family, NamedShapes(shapes), options: options)
    guard let unused = self.shapes.names.first(where: { !network.used.contains($0) }) else {
      return
    }
    throw NetworkError(parameter: unused, reason: "\(title) has no place for it")
  }

  /// The same network with a classifier head for `classes` classes, in place of its own or behind
  /// its features.
  ///
  /// - Throws: ``NetworkError`` when the features are not a vector.
  func settingClasses(_ classes: Int) throws(NetworkError) -> StateDictionaryArchitecture {
    let features = try graph.penultimate
    guard features.shape.count == 1, 1...Operation.limit ~= classes else {
      throw NetworkError(
        layer: features.name,
        reason:
          "its features have the shape \(features.shape), where a head for \(classes) classes "
          + "needs a vector")
    }
    let (weight, bias) = ("\(network.head).weight", "\(network.head).bias")
    let hasBias = !shapes.contains(weight) || shapes.contains(bias)
    var arrays = shapes.names.filter { $0 != weight && $0 != bias }.map { ($0, shapes[$0] ?? []) }
    arrays.append((weight, [classes, features.size]))
    if hasBias { arrays.append((bias, [classes])) }
    var options = options
    options.imageSize = Extent(graph.inputShape[0], graph.inputShape[1])
    guard let family = StateDictionaryFamily.all.first(where: { $0.name == family }) else {
      preconditionFailure("the family \(self.family) is not in the list it came from")
    }
    return try StateDictionaryArchitecture(
      family: family, NamedShapes(arrays.map { (name: $0.0, shape: $0.1) }), options: options)
  }
}
