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

    /// How the rows of a dense kernel after flattened images were put in the order of the first.
    var rows: Rearrangement?
    /// The change of element type whose rounding is the whole difference, such as
    /// `float32 → float16`; `nil` when there is no difference or more than that.
    public var conversion: String?

    /// Whether shape and values are the same.
    public var isSame: Bool { change?.isSame ?? false }
  }

  /// How far the differences reach.
  public enum Extent: String, Sendable {
    /// Every parameter has a partner with the same values.
    case identical
    /// The same, but for arrays that could be parameters and are not read.
    case identicalAsRead
    /// The values of one are those of the other rounded to another element type.
    case typeConversion
    /// Nothing but running means and variances of batch normalisation.
    case statisticsOnly
    /// Nothing but the parameters of the head, the last layer with a kernel: a linear probe.
    case headOnly
    /// Nothing but biases, those of normalisations included.
    case biasesOnly
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
  /// Parameters of the first without a partner that are no difference: counts of batches that PyTorch
  /// keeps, factors of 1 that Caffe keeps, where the second has none at all.
  public let bookkeepingBefore: [Checkpoint.Parameter]
  /// The same of the second.
  public let bookkeepingAfter: [Checkpoint.Parameter]
  /// How many parameters of the first were left out because the caller said so.
  public let excludedBefore: Int
  /// How many parameters of the second were left out because the caller said so.
  public let excludedAfter: Int
  /// Arrays of the first that could be parameters and were not compared, as they are not read.
  public let omittedBefore: [Checkpoint.Omission]
  /// Arrays of the second that could be parameters and were not compared, as they are not read.
  public let omittedAfter: [Checkpoint.Omission]
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
    let alignment = try options.alignment(a, b, reading: before, after)
    let comparison = PairComparison(
      before: before, after: after, tolerance: tolerance,
      flattened: FlattenedRows(before.orderIsRecorded ? a : b))
    pairs = try comparison.compared(
      alignment.pairs.map {
        Pair(before: a[$0.before], after: b[$0.after], evidence: $0.evidence)
      })
    (onlyBefore, bookkeepingBefore) = try Bookkeeping(of: before, besides: after).split(
      alignment.onlyBefore.map { a[$0] })
    (onlyAfter, bookkeepingAfter) = try Bookkeeping(of: after, besides: before).split(
      alignment.onlyAfter.map { b[$0] })
    excludedBefore = before.parameters.count - a.count
    excludedAfter = after.parameters.count - b.count
    omittedBefore = before.omissions(of: options)
    omittedAfter = after.omissions(of: options)
    self.tolerance = tolerance
    head = before.head
  }

  /// Whether every parameter has a partner with the same shape and values.
  public var isSame: Bool { onlyBefore.isEmpty && onlyAfter.isEmpty && pairs.allSatisfy(\.isSame) }

  /// Whether nothing that could be a parameter was left out.
  public var isComplete: Bool { omittedBefore.isEmpty && omittedAfter.isEmpty }

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
    if isSame { return isComplete ? .identical : .identicalAsRead }
    if pairs.isEmpty { return .nothingShared }
    let changed = pairs.filter { !$0.isSame }
    if onlyBefore.isEmpty, onlyAfter.isEmpty {
      if changed.allSatisfy({ $0.conversion != nil }) { return .typeConversion }
      if changed.allSatisfy({ $0.before.role.isStatistic }) { return .statisticsOnly }
      if changed.allSatisfy({ $0.before.innermostLayer == head }) { return .headOnly }
      if changed.allSatisfy({ [.bias, .beta].contains($0.before.role) }) { return .biasesOnly }
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
