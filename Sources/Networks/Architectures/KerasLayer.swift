import Checkpoints

/// One layer of a Keras configuration, with the spellings of Keras 1, 2 and 3 read alike.
struct KerasLayer {
  let json: JSON
  let className: String
  let name: String
  /// Whether it is of Keras 3, whose `hard_sigmoid` is another one.
  let isKeras3: Bool

  init(_ json: JSON, isKeras3: Bool = false) {
    self.json = json
    self.isKeras3 = isKeras3
    let whole = json["class_name"]?.string ?? ""
    // A registered class is written `package>Class`.
    className = whole.split(separator: ">").last.map(String.init) ?? whole
    // In functional models, other layers know it by the name beside its settings.
    name = json["name"]?.string ?? json["config"]?["name"]?.string ?? className
  }

  /// The same layer under another name, for messages: that of the layer with the models around it.
  init(_ layer: KerasLayer, named name: String, isKeras3: Bool) {
    json = layer.json
    className = layer.className
    self.name = name
    self.isKeras3 = isKeras3
  }

  /// The same layer with another setting.
  func setting(_ key: String, to value: JSON) -> KerasLayer {
    var settings = json["config"]?.object ?? [:]
    settings[key] = value
    var members = json.object ?? [:]
    members["config"] = .object(settings)
    return KerasLayer(KerasLayer(.object(members)), named: name, isKeras3: isKeras3)
  }

  func error(_ reason: String) -> NetworkError { NetworkError(layer: name, reason: reason) }

  /// Whether it is a model of its own.
  var isModel: Bool { ["Sequential", "Functional", "Model"].contains(className) }

  /// The layer that this one wraps.
  var wrapped: KerasLayer? {
    json["config"]?["layer"].map { KerasLayer($0, isKeras3: isKeras3) }
  }

  /// The setting called by the first of `names` that is there.
  func setting(_ names: [String]) -> JSON? {
    for name in names {
      if let value = json["config"]?[name], !value.isNull { return value }
    }
    return nil
  }

  func setting(_ names: String...) -> JSON? { setting(names) }

  func int(_ names: String...) throws(NetworkError) -> Int {
    guard let value = setting(names)?.int else {
      throw error("'\(names[0])' is missing or not a whole number")
    }
    return value
  }

  func bool(_ names: String..., otherwise: Bool) -> Bool { setting(names)?.bool ?? otherwise }

  func float(_ names: String..., otherwise: Float) -> Float {
    guard let value = setting(names) else { return otherwise }
    let number = value.double ?? value[0]?.double ?? value["value"]?.double
    return number.map { Float($0) } ?? otherwise
  }

  /// Numbers, one or several, with lists in lists taken apart.
  func floats(_ names: String...) -> [Float]? {
    func numbers(_ json: JSON) -> [Float] {
      if let number = json.double { return [Float(number)] }
      return (json.array ?? []).flatMap(numbers)
    }
    return setting(names).map(numbers).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A number for each of `axes` axes, or one that stands for all.
  func extents(
    _ names: String..., axes: Int, otherwise: [Int]? = nil
  ) throws(NetworkError) -> [Int] {
    guard let value = setting(names) else {
      if let otherwise { return otherwise }
      throw error("'\(names[0])' is missing")
    }
    if let all = value.int { return [Int](repeating: all, count: axes) }
    let numbers = (value.array ?? []).compactMap(\.int)
    guard numbers.count == axes, value.array?.count == axes else {
      let many = ["one whole number", "two whole numbers", "three whole numbers"]
      throw error("'\(names[0])' is \(value.text()), not \(many[min(max(axes, 1), 3) - 1])")
    }
    return numbers
  }

  /// What lies before and after along each axis: one number, one for each axis, or two.
  func sides(
    _ names: String..., axes: Int
  ) throws(NetworkError) -> (before: [Int], after: [Int]) {
    guard let value = setting(names) else {
      return ([Int](repeating: 1, count: axes), [Int](repeating: 1, count: axes))
    }
    if let all = value.int {
      return ([Int](repeating: all, count: axes), [Int](repeating: all, count: axes))
    }
    let elements = value.array ?? []
    if axes == 1, elements.count == 2, let before = elements[0].int, let after = elements[1].int {
      return ([before], [after])
    }
    var (before, after): ([Int], [Int]) = ([], [])
    for element in elements {
      if let both = element.int {
        before.append(both)
        after.append(both)
      } else if element.array?.count == 2, let first = element[0]?.int, let last = element[1]?.int {
        before.append(first)
        after.append(last)
      }
    }
    guard before.count == axes, elements.count == axes else {
      throw error("its '\(names[0])' is not made of whole numbers")
    }
    return (before, after)
  }

  /// The shape of an example that an input layer, or the first layer, states; `-1` for an extent that
  /// it leaves open.
  var statedShape: [Int]? {
    let shape = setting("batch_input_shape", "batch_shape", "input_shape", "shape")?.array
    if let shape {
      let whole = setting("batch_input_shape", "batch_shape") != nil
      return shape.dropFirst(whole ? 1 : 0).map { $0.int ?? -1 }
    }
    if let inner = wrapped?.statedShape { return inner }
    if className == "Embedding", let length = setting("input_length") {
      return [length.int ?? length[0]?.int ?? -1]
    }
    if let width = setting("input_dim")?.int, className == "Dense" { return [width] }
    return nil
  }

  /// Whether images have channels before positions.
  func isChannelsFirst() throws(NetworkError) -> Bool {
    let order = setting("data_format", "dim_ordering")?.string ?? "channels_last"
    switch order {
    case "channels_last", "tf", "default", "NHWC": return false
    case "channels_first", "th", "NCHW": return true
    default:
      throw error("its data format is '\(order)'; channels_last and channels_first are known")
    }
  }
}
