public import Files

/// What differs between two checkpoints, parameter by parameter and as a whole.
public struct CheckpointDifference: Sendable {
  /// A parameter of each checkpoint that belong together.
  public struct Pair: Sendable {
    /// The parameter of the first.
    public var before: Checkpoint.Parameter
    /// The parameter of the second.
    public var after: Checkpoint.Parameter
    /// What makes them a pair.
    public var evidence: ParameterAlignment.Evidence
    /// How the values changed; `nil` when the shapes differ, so that nothing can be compared.
    public var change: ParameterChange?

    /// Whether shape and values are the same.
    public var isSame: Bool { change?.isSame ?? false }
  }

  /// How far the differences reach.
  public enum Extent: String, Sendable {
    /// Every parameter has a partner with the same values.
    case identical
    /// Nothing but running means and variances of batch normalisation.
    case statisticsOnly
    /// Nothing but the parameters of the head: the last layer with a kernel.
    case headOnly
    /// Everything but the head.
    case backboneOnly
    /// Some layers.
    case someLayers
    /// Every layer with parameters.
    case allLayers
    /// No parameter has a partner.
    case nothingShared
  }

  /// The pairs, in the model order of the first.
  public let pairs: [Pair]
  /// Parameters of the first without a partner.
  public let onlyBefore: [Checkpoint.Parameter]
  /// Parameters of the second without a partner.
  public let onlyAfter: [Checkpoint.Parameter]
  /// How much a value may change and still count as the same.
  public let tolerance: Double
  /// The name of the head in the first: the innermost layer of its last kernel.
  public let head: String?

  /// Compares `before` and `after`, reading every value once.
  ///
  /// - Throws: `FileError` when values cannot be read.
  public init(
    from before: Checkpoint, to after: Checkpoint, tolerance: Double = 0
  ) throws(FileError) {
    let (a, b) = (before.parameters, after.parameters)
    let alignment = ParameterAlignment(a, b)
    var pairs: [Pair] = []
    for match in alignment.pairs {
      var pair = Pair(before: a[match.before], after: b[match.after], evidence: match.evidence)
      if pair.before.shape == pair.after.shape {
        pair.change = try before.change(
          pair.before, to: pair.after, of: after, tolerance: tolerance)
      }
      pairs.append(pair)
    }
    self.pairs = pairs
    onlyBefore = alignment.onlyBefore.map { a[$0] }
    onlyAfter = alignment.onlyAfter.map { b[$0] }
    self.tolerance = tolerance
    head = a.last { $0.role == .kernel }?.innermostLayer
  }

  /// Whether every parameter has a partner with the same shape and values.
  public var isSame: Bool { onlyBefore.isEmpty && onlyAfter.isEmpty && pairs.allSatisfy(\.isSame) }

  /// ‖b − a‖ / ‖a‖ over all values of the pairs that were compared; `nil` when that is undefined.
  public var relativeNorm: Double? {
    var (distance, norm) = (0.0, 0.0)
    for change in pairs.compactMap(\.change) {
      distance += change.distance * change.distance
      norm += change.normBefore * change.normBefore
    }
    guard norm > 0, norm.isFinite, distance.isFinite else { return nil }
    return (distance / norm).squareRoot()
  }

  /// How far the differences reach.
  public var extent: Extent {
    if isSame { return .identical }
    if pairs.isEmpty { return .nothingShared }
    let changed = pairs.filter { !$0.isSame }
    if onlyBefore.isEmpty, onlyAfter.isEmpty {
      if changed.allSatisfy({ $0.before.role.isStatistic }) { return .statisticsOnly }
      if changed.allSatisfy({ $0.before.innermostLayer == head }) { return .headOnly }
    }
    let layers = Set(pairs.map(\.before.innermostLayer) + onlyBefore.map(\.innermostLayer))
    let changedLayers = Set(changed.map(\.before.innermostLayer) + onlyBefore.map(\.innermostLayer))
    if changedLayers == layers { return .allLayers }
    if layers.count > 2, let head, changedLayers == layers.subtracting([head]) {
      return .backboneOnly
    }
    return .someLayers
  }
}

extension CheckpointDifference {
  /// The difference in a sentence or two.
  public var summary: String {
    let changed = pairs.filter { !$0.isSame }
    let reshaped = changed.filter { $0.change == nil }
    var sentence: String
    switch extent {
    case .identical:
      sentence = "Identical: all \(pairs.count) parameters hold the same values"
      if tolerance > 0 { sentence += " within \(tolerance)" }
    case .statisticsOnly:
      sentence =
        "Only batch-normalisation statistics changed: \(changed.count) of \(pairs.count) parameters"
    case .headOnly: sentence = "Only the head changed: layer \(head ?? "")"
    case .backboneOnly: sentence = "Every layer but the head, \(head ?? ""), changed"
    case .allLayers:
      sentence =
        "All layers changed: \(changed.count) of \(pairs.count) pairs of parameters"
    case .someLayers:
      var layers: [String] = []
      for pair in changed where !layers.contains(pair.before.innermostLayer) {
        layers.append(pair.before.innermostLayer)
      }
      sentence = layers.isEmpty ? "What both hold is identical" : "Changed: \(shown(layers))"
      let all = Set(pairs.map(\.before.innermostLayer)).count
      if !layers.isEmpty { sentence += " (\(layers.count) of \(all) layers)" }
    case .nothingShared: sentence = "No parameter of one has a partner in the other"
    }
    var parts = [sentence]
    for pair in reshaped.prefix(3) {
      parts.append(
        "\(pair.before.innermostLayer) \(pair.before.role) has another shape, "
          + "\(text(pair.before.shape)) and \(text(pair.after.shape))")
    }
    if reshaped.count > 3 { parts.append("\(reshaped.count - 3) more have another shape") }
    if !onlyBefore.isEmpty { parts.append("\(onlyBefore.count) only in the first") }
    if !onlyAfter.isEmpty { parts.append("\(onlyAfter.count) only in the second") }
    let damaged = pairs.filter { ($0.change?.nonFiniteAfter ?? 0) > 0 }.count
    if damaged > 0 { parts.append("\(damaged) hold NaN or infinity in the second") }
    let retyped = pairs.filter { $0.before.elementType != $0.after.elementType }.count
    if retyped > 0 { parts.append("\(retyped) are stored in another element type") }
    return parts.joined(separator: "; ") + "."
  }

  private func shown(_ names: [String]) -> String {
    names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
  }

  private func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }
}
