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
    /// How the second was transposed to compare it, such as `OIHW → HWIO`; `nil` when it was not.
    public var transposition: String?

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
  /// How many parameters of the first were left out because the caller said so.
  public let excludedBefore: Int
  /// How many parameters of the second were left out because the caller said so.
  public let excludedAfter: Int
  /// How much a value may change and still count as the same.
  public let tolerance: Double
  /// The name of the head in the first: the innermost layer of its last kernel.
  public let head: String?

  /// Compares `before` and `after`, reading every value once.
  ///
  /// - Throws: `FileError` when values cannot be read.
  public init(
    from before: Checkpoint, to after: Checkpoint, tolerance: Double = 0,
    options: ComparisonOptions = ComparisonOptions()
  ) throws(FileError) {
    let a = before.parametersInDigestOrder.filter { !options.excludes($0) }
    let b = after.parametersInDigestOrder.filter { !options.excludes($0) }
    let alignment = options.alignment(a, b, of: before, after)
    var pairs: [Pair] = []
    for match in alignment.pairs {
      var pair = Pair(before: a[match.before], after: b[match.after], evidence: match.evidence)
      if let turned = Transposition(of: pair.after, to: pair.before), turned.title == nil {
        pair.change = try before.change(
          pair.before, to: pair.after, of: after, tolerance: tolerance)
      } else if let turned = Transposition(of: pair.after, to: pair.before) {
        let (first, second) = (try before.values(pair.before), try after.values(pair.after))
        func change(to values: [Double]) -> ParameterChange {
          ParameterChange(
            from: first, to: values, shape: pair.before.shape, tolerance: tolerance,
            elementType: pair.before.elementType)
        }
        pair.transposition = turned.title
        let compared = change(to: turned.applied(to: second))
        pair.change = compared
        // Theano turns kernels by 180 degrees; files do not always say whether theirs are.
        if !compared.isSame, pair.before.shape.count > 2 {
          let flipped = change(to: turned.flipped(second))
          if flipped.isSame {
            pair.change = flipped
            pair.transposition = turned.title.map { $0 + Transposition.turn }
          }
        }
      }
      pairs.append(pair)
    }
    self.pairs = pairs
    onlyBefore = alignment.onlyBefore.map { a[$0] }
    onlyAfter = alignment.onlyAfter.map { b[$0] }
    excludedBefore = before.parameters.count - a.count
    excludedAfter = after.parameters.count - b.count
    self.tolerance = tolerance
    head = before.head
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
    if !reshaped.isEmpty {
      parts.append("\(pairs.count - reshaped.count) of \(pairs.count) pairs can be compared")
    }
    for pair in reshaped.prefix(6) {
      parts.append(
        "\(pair.before.innermostLayer) \(pair.before.role) has another shape, "
          + "\(text(pair.before.shape)) and \(text(pair.after.shape))")
    }
    if reshaped.count > 6 { parts.append("\(reshaped.count - 6) more have another shape") }
    if !onlyBefore.isEmpty { parts.append("\(onlyBefore.count) only in the first") }
    if !onlyAfter.isEmpty { parts.append("\(onlyAfter.count) only in the second") }
    let damaged = pairs.filter { ($0.change?.nonFiniteAfter ?? 0) > 0 }.count
    if damaged > 0 { parts.append("\(damaged) hold NaN or infinity in the second") }
    let turned = Set(pairs.compactMap(\.transposition)).sorted()
    if !turned.isEmpty {
      let count = pairs.filter { $0.transposition != nil }.count
      parts.append(
        "\(count) kernels of the second were transposed to compare them, "
          + turned.joined(separator: " and "))
    }
    if excludedBefore > 0 || excludedAfter > 0 {
      parts.append("\(excludedBefore) and \(excludedAfter) parameters were excluded")
    }
    let retyped = pairs.filter { $0.before.elementType != $0.after.elementType }.count
    if retyped > 0 { parts.append("\(retyped) are stored in another element type") }
    return parts.joined(separator: "; ") + "."
  }

  private func shown(_ names: [String]) -> String {
    names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
  }

  private func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }
}

extension CheckpointDifference.Pair {
  /// The kernel as a matrix: one row for each input (of a convolution, each place and channel),
  /// one column for each output; `nil` for what is no kernel.
  public var matrixShape: (rows: Int, columns: Int)? {
    let shape = before.shapeInputsFirst
    guard shape.count >= 2, before.role != .depthwiseKernel,
      before.role.isKernel || before.kernelOrder != nil, let columns = shape.last
    else { return nil }
    return (shape.dropLast().reduce(1, *), columns)
  }
}

extension CheckpointDifference {
  /// The values of a pair as two matrices of its ``Pair/matrixShape``, row by row.
  ///
  /// - Precondition: the pair has a matrix shape, and its shapes agree.
  /// - Throws: `FileError` when values cannot be read.
  public func matrices(
    of pair: Pair, _ first: Checkpoint, _ second: Checkpoint
  ) throws(FileError) -> (before: [Double], after: [Double]) {
    guard pair.matrixShape != nil, let turned = Transposition(of: pair.after, to: pair.before)
    else {
      preconditionFailure(
        "\(pair.before.path) and \(pair.after.path) are not matrices of one shape")
    }
    let a = try first.values(pair.before)
    let raw = try second.values(pair.after)
    let isFlipped = pair.transposition?.hasSuffix(Transposition.turn) ?? false
    let b = isFlipped ? turned.flipped(raw) : turned.applied(to: raw)
    guard pair.before.kernelOrder == .outputsFirst else { return (a, b) }
    let shape = pair.before.shape
    let axes = KernelOrder.outputsFirst.axesInOtherOrder(rank: shape.count)
    return (permuted(a, shape: shape, axes: axes), permuted(b, shape: shape, axes: axes))
  }
}
