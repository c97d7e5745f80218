import HDF5

extension Checkpoint {
  /// An array of the file that could be a parameter and is not among them.
  public struct Omission: Hashable, Sendable {
    /// Its name as the file gives it, parts joined by dots.
    public var name: String
    /// Why, as what follows "which": `holds compound, not numbers`.
    public var reason: String

    /// Whether `options` take it out of comparisons, by its name or what that says of its layer.
    func isExcluded(by options: ComparisonOptions) -> Bool {
      let parts = name.split(separator: ".")
      return options.excludes(
        Parameter(
          layer: parts.dropLast().joined(separator: "."),
          role: .other(parts.last.map(String.init) ?? name), name: name, path: name, shape: [],
          elementType: .other("")))
    }
  }

  /// What a comparison with `options` leaves out because it is not read.
  public func omissions(of options: ComparisonOptions) -> [Omission] {
    omissions.filter { !$0.isExcluded(by: options) }
  }

  /// Takes note of `members`, which are not among the parameters: those that could be, and how many are
  /// none.
  mutating func leaveOut(_ members: [Members.Member], because outside: String? = nil) {
    var count = 0
    for member in members {
      let (dataset, name) = (member.dataset, member.components.joined(separator: "."))
      let isState = outside != nil && Self.isTrainingState(member)
      if isState || !Self.couldBeParameter(dataset) {
        count += 1
      } else {
        let reason =
          dataset.elementType.isNumeric ? outside : "holds \(dataset.elementType), not numbers"
        omissions.append(Omission(name: name, reason: reason ?? "is not looked at"))
      }
    }
    if count > 0 {
      notes.append(
        outside == nil
          ? Self.counted(
            count, "object that is no array of numbers", "objects that are no arrays of numbers")
          : Self.counted(count, "array of training state", "arrays of training state"))
    }
  }

  /// Says which arrays are not among the parameters.
  mutating func noteOmissions() {
    guard !omissions.isEmpty else { return }
    let shown = omissions.prefix(5).map { "\($0.name), which \($0.reason)" }
    notes.append(
      Self.counted(
        omissions.count, "array that could be a parameter", "arrays that could be parameters")
        + ": " + shown.joined(separator: "; ") + (omissions.count > 5 ? "; …" : ""))
  }

  static func counted(_ count: Int, _ one: String, _ many: String) -> String {
    "left out: \(count) \(count == 1 ? one : many)"
  }

  /// Texts, references and what has no values are no parameters, whatever they are called.
  private static func couldBeParameter(_ dataset: Dataset) -> Bool {
    !dataset.isNull && dataset.count > 0 && !dataset.elementType.isString
      && dataset.elementType != .other("reference")
  }

  /// Whether a member is what training keeps beside parameters, by its name, or a single number.
  private static func isTrainingState(_ member: Members.Member) -> Bool {
    if member.dataset.count == 1, member.dataset.elementType.isNumeric { return true }
    return member.components.contains { component in
      let name = component.lowercased()
      return ["optim", "schedul", "scaler", "rng", "random", "loss", "metric", "history"]
        .contains { name.contains($0) }
    }
  }
}
