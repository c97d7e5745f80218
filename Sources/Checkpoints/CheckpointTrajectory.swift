public import Files

/// How parameters moved through several checkpoints of one training, each compared with the first
/// and with the one before it.
///
/// Every checkpoint is aligned with the first, so a parameter keeps its identity all the way.
public struct CheckpointTrajectory: Sendable {
  /// How one parameter of the first is in a later checkpoint.
  public struct Point: Sendable {
    /// The number of the checkpoint, 1 for the second.
    public var step: Int
    /// The parameter of the first.
    public var first: Checkpoint.Parameter
    /// Its partner; `nil` when there is none.
    public var partner: Checkpoint.Parameter?
    /// What makes them a pair.
    public var evidence: ParameterAlignment.Evidence?
    /// How it changed since the first; `nil` without a partner of its shape.
    public var sinceFirst: ParameterChange?
    /// How it changed since the checkpoint before; `nil` when either has no partner of its shape.
    public var sincePrevious: ParameterChange?
  }

  /// A checkpoint as a whole.
  public struct Step: Sendable {
    /// The file.
    public var path: String
    /// How many parameters of the first have a partner of the same shape here.
    public var comparedCount: Int
    /// Parameters here without a partner in the first.
    public var unmatched: [Checkpoint.Parameter]
    /// Parameters of the first without a partner of the same shape here.
    public var missing: [Checkpoint.Parameter]
    /// ‖w − w₀‖ over the parameters that every checkpoint has.
    public var distance: Double
    /// ‖w − w₀‖ / ‖w₀‖ over those; `nil` when undefined.
    public var relativeNorm: Double?
    /// The cosine of w and w₀ over those; `nil` when undefined.
    public var cosine: Double?
    /// ‖w − w₋₁‖ over those, w₋₁ the checkpoint before.
    public var stepLength: Double
    /// The sum of the steps up to here.
    public var pathLength: Double
    /// Whether it is the same as the first in every parameter.
    public var isSame: Bool
  }

  /// The parameters of the first, in its order.
  public let parameters: [Checkpoint.Parameter]
  /// How many parameters every checkpoint has in the same shape, over which totals are taken.
  public let commonCount: Int
  /// The later checkpoints in order, each as a whole.
  public let steps: [Step]
  /// One for each parameter of the first and later checkpoint: checkpoint by checkpoint, in each in
  /// the order of the first.
  public let points: [Point]

  /// Whether all checkpoints hold the same.
  public var isSame: Bool { steps.allSatisfy(\.isSame) }

  /// Follows every parameter of the first checkpoint through the others.
  ///
  /// Memory grows neither with the number of checkpoints nor, where values are stored as they are,
  /// with the values; of kernels whose axes have to be reordered, two are in memory at a time.
  ///
  /// - Precondition: there are at least two checkpoints.
  /// - Throws: `FileError` when values cannot be read.
  public init(
    _ checkpoints: [Checkpoint], tolerance: Double = 0,
    options: ComparisonOptions = ComparisonOptions()
  ) throws(FileError) {
    precondition(checkpoints.count >= 2, "a trajectory of \(checkpoints.count) checkpoints")
    let first = checkpoints[0]
    let parameters = first.parametersInDigestOrder.filter { !options.excludes($0) }
    var partners: [[(parameter: Checkpoint.Parameter, evidence: ParameterAlignment.Evidence)?]] = []
    var unmatched: [[Checkpoint.Parameter]] = []
    var kept: [Set<Checkpoint.Parameter>] = []
    for checkpoint in checkpoints.dropFirst() {
      let others = checkpoint.parametersInDigestOrder.filter { !options.excludes($0) }
      let alignment = try options.alignment(parameters, others, reading: first, checkpoint)
      var row = [(parameter: Checkpoint.Parameter, evidence: ParameterAlignment.Evidence)?](
        repeating: nil, count: parameters.count)
      for pair in alignment.pairs { row[pair.before] = (others[pair.after], pair.evidence) }
      partners.append(row)
      unmatched.append(
        try Bookkeeping(of: checkpoint, besides: first).split(
          alignment.onlyAfter.map { others[$0] }
        ).network)
      kept.append(
        Set(
          try Bookkeeping(of: first, besides: checkpoint).split(
            alignment.onlyBefore.map { parameters[$0] }
          ).kept))
    }
    var points: [[Point]] = partners.map { _ in [] }
    var totals = [Totals](repeating: Totals(), count: partners.count)
    var common = 0
    for (index, parameter) in parameters.enumerated() {
      let start = Place(checkpoint: first, parameter: parameter)
      var previous: Place? = start
      for (step, row) in partners.enumerated() {
        var point = Point(step: step + 1, first: parameter)
        point.partner = row[index]?.parameter
        point.evidence = row[index]?.evidence
        var place: Place?
        if let partner = point.partner, Transposition(of: partner, to: parameter) != nil {
          let here = Place(checkpoint: checkpoints[step + 1], parameter: partner)
          point.sinceFirst = try here.change(since: start, like: parameter, tolerance: tolerance)
          point.sincePrevious =
            step == 0
            ? point.sinceFirst
            : try previous.map { earlier throws(FileError) in
              try here.change(since: earlier, like: parameter, tolerance: tolerance)
            }
          place = here
        }
        previous = place
        points[step].append(point)
      }
      let row = points.compactMap(\.last)
      if row.allSatisfy({ $0.sinceFirst != nil }) {
        common += 1
        for (step, point) in row.enumerated() { totals[step].add(point) }
      }
    }
    var pathLength = 0.0
    var steps: [Step] = []
    for (index, total) in totals.enumerated() {
      pathLength += total.stepSquares.squareRoot()
      let missing = points[index].filter { $0.sinceFirst == nil }.map(\.first)
        .filter { !kept[index].contains($0) }
      steps.append(
        Step(
          path: checkpoints[index + 1].path, comparedCount: parameters.count - missing.count,
          unmatched: unmatched[index], missing: missing,
          distance: total.distanceSquares.squareRoot(), relativeNorm: total.relativeNorm,
          cosine: total.cosine, stepLength: total.stepSquares.squareRoot(), pathLength: pathLength,
          isSame: unmatched[index].isEmpty && missing.isEmpty
            && points[index].allSatisfy {
              $0.sinceFirst?.isSame ?? kept[index].contains($0.first)
            }))
    }
    self.parameters = parameters
    self.points = points.flatMap { $0 }
    self.steps = steps
    commonCount = common
  }

  /// A parameter in a checkpoint.
  private struct Place {
    let checkpoint: Checkpoint
    let parameter: Checkpoint.Parameter

    /// How it changed since `earlier`, both with the axes of `first` in its order.
    func change(
      since earlier: Place, like first: Checkpoint.Parameter, tolerance: Double
    ) throws(FileError) -> ParameterChange {
      let ways = [earlier, self].compactMap { Transposition(of: $0.parameter, to: first) }
      precondition(ways.count == 2, "\(first.path) in other shapes")
      guard ways.contains(where: { $0.title != nil }) else {
        return try earlier.checkpoint.change(
          earlier.parameter, to: parameter, of: checkpoint, tolerance: tolerance,
          countedIn: first.elementType)
      }
      return ParameterChange(
        from: ways[0].applied(to: try earlier.checkpoint.values(earlier.parameter)),
        to: ways[1].applied(to: try checkpoint.values(parameter)), shape: first.shape,
        tolerance: tolerance, elementType: first.elementType)
    }
  }

  /// Sums over the parameters that every checkpoint has.
  private struct Totals {
    var distanceSquares = 0.0
    var stepSquares = 0.0
    var firstSquares = 0.0
    var ownSquares = 0.0
    var product = 0.0

    mutating func add(_ point: Point) {
      guard let first = point.sinceFirst else { return }
      let (before, after) = (first.normBefore, first.normAfter)
      distanceSquares += first.distance * first.distance
      firstSquares += before * before
      ownSquares += after * after
      product += (first.cosine ?? 0) * before * after
      let step = point.sincePrevious?.distance ?? 0
      stepSquares += step * step
    }

    var relativeNorm: Double? {
      guard firstSquares > 0, firstSquares.isFinite, distanceSquares.isFinite else { return nil }
      return (distanceSquares / firstSquares).squareRoot()
    }

    var cosine: Double? {
      let scale = firstSquares.squareRoot() * ownSquares.squareRoot()
      guard scale > 0, scale.isFinite, product.isFinite else { return nil }
      return distanceSquares == 0 ? 1 : max(-1, min(1, product / scale))
    }
  }
}
