import Checkpoints
import Reports

extension JSONText {
  /// The same value, members sorted by name.
  init(_ json: JSON) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let value):
      if let whole = json.int { self = .integer(whole) } else { self = .number(value) }
    case .string(let value): self = .text(value)
    case .array(let elements): self = .array(elements.map(JSONText.init))
    case .object(let members):
      self = .object(
        members.sorted { $0.key < $1.key }.map { Member($0.key, JSONText($0.value)) })
    }
  }
}
