/// The optimizer that a checkpoint says it was trained with.
public struct OptimizerRecord: Hashable, Sendable {
  /// Its name as the file writes it, such as `Adam` or `sgd`, if the file tells.
  public var name: String?
  /// Where the file tells it: an attribute or a group.
  public var source: String
  /// Its settings, as the file writes them.
  public var settings: JSON?
  /// How many arrays of its state the file holds.
  public var stateCount: Int

  /// A record.
  public init(name: String?, source: String, settings: JSON? = nil, stateCount: Int = 0) {
    self.name = name
    self.source = source
    self.settings = settings
    self.stateCount = stateCount
  }

  /// Whether it is gradient descent, with or without momentum; `nil` when the name is not known.
  public var isGradientDescent: Bool? {
    name.map { ["sgd", "gradient descent", "momentum"].contains($0.lowercased()) }
  }

  /// The record in Keras's `training_config` and the names in `optimizer_weights`.
  init?(trainingConfiguration: JSON?, stateNames: [String]?) {
    let recorded = trainingConfiguration?["optimizer_config"] ?? trainingConfiguration?["optimizer"]
    if let name = recorded?["class_name"]?.string ?? recorded?.string {
      self.init(
        // Registered objects carry their package in front, as in `Custom>AdamW`.
        name: name.split(separator: ">").last.map(String.init) ?? name, source: "training_config",
        settings: recorded?["config"], stateCount: stateNames?.count ?? 0)
    } else if let stateNames, !stateNames.isEmpty {
      self.init(
        name: Self.name(in: stateNames), source: "optimizer_weights", stateCount: stateNames.count)
    } else {
      return nil
    }
  }

  /// The optimizer whose name is a component of the names of its state, as in
  /// `training/Adam/conv1/kernel/m:0`.
  private static func name(in names: [String]) -> String? {
    let known = [
      "AdamW", "Adam", "Adamax", "Nadam", "Adagrad", "Adadelta", "Adafactor", "RMSprop", "SGD",
      "Ftrl", "Lion", "Lamb",
    ]
    for name in names {
      for component in name.split(separator: "/") {
        if let match = known.first(where: { $0.lowercased() == component.lowercased() }) {
          return match
        }
      }
    }
    return nil
  }
}
