/// How two checkpoints are compared, where names and layouts leave that open.
public struct ComparisonOptions: Hashable, Sendable {
  /// Names of the first, and what they are in the second.
  public var renames: [Rename]
  /// What to leave off the front of layer names on both sides.
  public var strippedPrefix: String
  /// Patterns of parameters to leave out on both sides: `*` stands for any characters, `?` for one;
  /// a pattern is held against the layer, `layer/role` and the name in the file.
  public var exclusions: [String]

  /// Options, none by default.
  public init(renames: [Rename] = [], strippedPrefix: String = "", exclusions: [String] = []) {
    self.renames = renames
    self.strippedPrefix = strippedPrefix
    self.exclusions = exclusions
  }

  /// Whether some pattern takes `parameter` out.
  public func excludes(_ parameter: Checkpoint.Parameter) -> Bool {
    let layer = parameter.innermostLayer
    let names = [layer, "\(layer)/\(parameter.role)", parameter.name, parameter.role.name]
    return exclusions.contains { pattern in names.contains { Self.matches($0, pattern) } }
  }

  /// Whether the prefix to leave off is at the front of the layer name of `parameter`.
  public func strips(_ parameter: Checkpoint.Parameter) -> Bool {
    Identity.stripped(parameter.innermostLayer, strippedPrefix) != parameter.innermostLayer
      || Identity.stripped(parameter.layer, strippedPrefix) != parameter.layer
  }

  /// Whether `rename` leads from some parameter of `before` to one of `after`.
  public func leads(_ rename: Rename, from before: Checkpoint, to after: Checkpoint) -> Bool {
    let known = Set(
      Identity.all(after.parameters, strippedPrefix, []).flatMap { [$0.key, $0.outer] }.map {
        Identity.Key(layer: $0.layer, role: $0.role)
      })
    return Identity.all(before.parameters, strippedPrefix, [rename]).contains {
      $0.isRenamed && known.contains(Identity.Key(layer: $0.key.layer, role: $0.key.role))
    }
  }

  /// Whether `pattern` covers all of `name`, in time proportional to both lengths multiplied.
  private static func matches(_ name: String, _ pattern: String) -> Bool {
    let (text, pattern) = (Array(name.unicodeScalars), Array(pattern.unicodeScalars))
    var (i, j) = (0, 0)
    var star: (text: Int, pattern: Int)?
    while i < text.count {
      if j < pattern.count, pattern[j] == "*" {
        star = (i, j)
        j += 1
      } else if j < pattern.count, pattern[j] == "?" || pattern[j] == text[i] {
        i += 1
        j += 1
      } else if let last = star {
        star = (last.text + 1, last.pattern)
        (i, j) = (last.text + 1, last.pattern + 1)
      } else {
        return false
      }
    }
    return pattern[j...].allSatisfy { $0 == "*" }
  }
}
