import Checkpoints
import Reports

extension Inspect {
  /// The optimizer with its settings, the loss and the metrics, as far as the file records them.
  static func trainingLines(_ checkpoint: Checkpoint) -> [String] {
    var lines: [String] = []
    if let optimizer = checkpoint.optimizer {
      var line = "optimizer: \(optimizer.name ?? "not named")"
      let settings = optimizer.settings.map(shown) ?? ""
      if !settings.isEmpty { line += ", \(settings)" }
      line += " (from \(optimizer.source)"
      if optimizer.stateCount > 0 {
        line += ", \(optimizer.stateCount) array\(optimizer.stateCount == 1 ? "" : "s") of state"
      }
      lines.append(line + ")")
    } else {
      lines.append("optimizer: not recorded")
    }
    let configuration = checkpoint.trainingConfiguration
    var parts: [String] = []
    for key in ["loss", "metrics"] {
      let shown = configuration?[key].map { names($0, isMetric: key == "metrics") } ?? ""
      if !shown.isEmpty { parts.append("\(key): \(shown)") }
    }
    if !parts.isEmpty { lines.append(parts.joined(separator: "; ")) }
    return lines
  }

  /// Settings that say little to people: they are in JSON.
  private static let leftOut: Set<String> = [
    "name", "jit_compile", "is_legacy_optimizer", "loss_scale_factor", "use_ema", "ema_momentum",
    "ema_overwrite_frequency", "gradient_accumulation_steps",
  ]

  /// `learning_rate 0.001, momentum 0.9`: rates first, then by name; without what is not set.
  private static func shown(_ settings: JSON) -> String {
    guard let members = settings.object else { return "" }
    let usesAverages = members["use_ema"]?.bool ?? false
    let first = ["learning_rate", "lr", "momentum", "weight_decay", "decay"]
    let order = first + members.keys.filter { !first.contains($0) }.sorted()
    return order.compactMap { name in
      guard let value = members[name], !value.isNull else { return nil }
      if leftOut.contains(name), !(usesAverages && name.contains("ema")) { return nil }
      switch value {
      case .number(let number): return "\(name) \(decimal(number))"
      case .bool(let flag): return flag ? name : nil
      case .string(let text): return "\(name) \(text)"
      default: return "\(name) \(names(value))"
      }
    }.joined(separator: ", ")
  }

  /// A number as it was written before it was rounded to single precision: 0.001 for
  /// 0.0010000000474974513.
  private static func decimal(_ number: Double) -> String {
    let single = Float(number)
    return Double(single) == number && number != number.rounded()
      ? JSON.number(Double("\(single)") ?? number).text() : JSON.number(number).text()
  }

  /// The names in what Keras records of a loss, of metrics, or of a schedule.
  private static func names(_ value: JSON, isMetric: Bool = false) -> String {
    let names = { (value: JSON) in Self.names(value, isMetric: isMetric) }
    switch value {
    case .null: return ""
    case .string(let text): return text
    case .array(let values): return values.map(names).filter { !$0.isEmpty }.joined(separator: ", ")
    case .object(let members):
      // Metrics are wrapped in classes that say less than their names.
      let given = isMetric ? members["config"]?["name"]?.string : nil
      guard let name = given ?? members["class_name"]?.string else {
        return members.sorted { $0.key < $1.key }.map { "\($0.key): \(names($0.value))" }
          .joined(separator: ", ")
      }
      let settings = members["config"].map(scalars) ?? ""
      return settings.isEmpty ? name : "\(name) (\(settings))"
    case .number, .bool: return value.text()
    }
  }

  /// The numbers among the settings of a loss, a metric or a schedule.
  private static func scalars(_ settings: JSON) -> String {
    (settings.object ?? [:]).sorted { $0.key < $1.key }.compactMap { name, value in
      value.double.map { "\(name) \(decimal($0))" }
    }.joined(separator: ", ")
  }
}
