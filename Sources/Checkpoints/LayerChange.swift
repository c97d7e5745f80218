public import HDF5

/// How the parameters of one layer changed together, as if they were one vector.
public struct LayerChange: Sendable {
  /// The layer in the first checkpoint.
  public var layer: String
  /// How many of its parameters have a partner.
  public var parameterCount = 0
  /// How many of them have another shape there, so that their values were not compared.
  public var shapeChangeCount = 0
  /// How many of them have another element type there.
  public var typeChangeCount = 0
  /// The element types of the parameters before, each once.
  public var typesBefore: [ElementType] = []
  /// The element types of their partners, each once.
  public var typesAfter: [ElementType] = []
  /// How many values these hold.
  public var count = 0
  /// How many values changed by more than the tolerance.
  public var changedCount = 0
  /// How many values are NaN or infinite before; sums leave out whatever is so on either side.
  public var nonFiniteBefore = 0
  /// How many values are NaN or infinite after.
  public var nonFiniteAfter = 0
  /// ‖b − a‖ over all of them.
  public var distance: Double { squaresOfChange.squareRoot() }
  /// The change of greatest magnitude, with its sign; `nil` when nothing changed.
  public var largest: Double?
  /// The parameter of the first checkpoint that holds it.
  public var largestIn: Checkpoint.Parameter?
  /// Where it is in that parameter: an index for each axis.
  public var largestIndex: [Int] = []

  /// The largest change in units in the last place of the type before; `nil` where none was counted.
  public var largestUlps: UInt64?

  private var squaresBefore = 0.0
  private var squaresAfter = 0.0
  private var squaresOfChange = 0.0
  private var product = 0.0

  /// ‖b − a‖ / ‖a‖; `nil` when ‖a‖ is zero or a norm overflows.
  public var relativeNorm: Double? {
    guard squaresBefore > 0, squaresBefore.isFinite, squaresOfChange.isFinite else { return nil }
    return (squaresOfChange / squaresBefore).squareRoot()
  }

  /// ⟨a, b⟩ / (‖a‖ ‖b‖) over all of them; `nil` when either is zero or a norm overflows.
  public var cosine: Double? {
    let scale = squaresBefore.squareRoot() * squaresAfter.squareRoot()
    guard scale > 0, scale.isFinite, product.isFinite else { return nil }
    return squaresOfChange == 0 ? 1 : max(-1, min(1, product / scale))
  }

  /// The share of values that changed; 0 when there are none.
  public var changedShare: Double { count == 0 ? 0 : Double(changedCount) / Double(count) }

  /// Whether every value is what it was, and no shape changed.
  public var isSame: Bool { changedCount == 0 && shapeChangeCount == 0 }

  /// How many of its parameters were compared.
  public var comparedCount: Int { parameterCount - shapeChangeCount }

  init(layer: String) { self.layer = layer }

  mutating func add(_ pair: CheckpointDifference.Pair) {
    add(pair.change, of: pair.before, to: pair.after)
  }

  /// Adds a parameter and its partner; no change stands for another shape.
  mutating func add(
    _ change: ParameterChange?, of parameter: Checkpoint.Parameter, to partner: Checkpoint.Parameter
  ) {
    parameterCount += 1
    if !typesBefore.contains(parameter.elementType) { typesBefore.append(parameter.elementType) }
    if !typesAfter.contains(partner.elementType) { typesAfter.append(partner.elementType) }
    if parameter.elementType != partner.elementType { typeChangeCount += 1 }
    guard let change else {
      shapeChangeCount += 1
      return
    }
    if let ulps = change.largestUlps { largestUlps = max(largestUlps ?? 0, ulps) }
    count += change.count
    changedCount += change.changedCount
    nonFiniteBefore += change.nonFiniteBefore
    nonFiniteAfter += change.nonFiniteAfter
    squaresBefore += change.normBefore * change.normBefore
    squaresAfter += change.normAfter * change.normAfter
    squaresOfChange += change.distance * change.distance
    product += (change.cosine ?? 0) * change.normBefore * change.normAfter
    if let most = change.largest, most.magnitude > (largest ?? 0).magnitude {
      (largest, largestIn, largestIndex) = (most, parameter, change.largestIndex)
    }
  }
}

extension CheckpointDifference {
  /// The change of each layer with parameters that have partners, in the order of the first; a
  /// layer of a model inside the model counts by itself.
  public var layers: [LayerChange] {
    var layers: [LayerChange] = []
    var places: [String: Int] = [:]
    for pair in pairs {
      let name = pair.before.innermostLayer
      let place = places[name] ?? layers.count
      if place == layers.count {
        places[name] = place
        layers.append(LayerChange(layer: name))
      }
      layers[place].add(pair)
    }
    return layers
  }

  /// The change of everything that has a partner.
  public var total: LayerChange {
    var total = LayerChange(layer: "")
    for pair in pairs { total.add(pair) }
    return total
  }
}
