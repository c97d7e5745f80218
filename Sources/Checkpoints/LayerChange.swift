/// How the parameters of one layer changed together, as if they were one vector.
public struct LayerChange: Sendable {
  /// The layer in the first checkpoint.
  public var layer: String
  /// How many of its parameters were compared.
  public var parameterCount = 0
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

  /// Whether every value is what it was.
  public var isSame: Bool { changedCount == 0 }

  init(layer: String) { self.layer = layer }

  mutating func add(_ change: ParameterChange, of parameter: Checkpoint.Parameter) {
    parameterCount += 1
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
  /// The change of each layer with parameters that were compared, in the order of the first; a
  /// layer of a model inside the model counts by itself.
  public var layers: [LayerChange] {
    var layers: [LayerChange] = []
    var places: [String: Int] = [:]
    for pair in pairs {
      guard let change = pair.change else { continue }
      let name = pair.before.innermostLayer
      let place = places[name] ?? layers.count
      if place == layers.count {
        places[name] = place
        layers.append(LayerChange(layer: name))
      }
      layers[place].add(change, of: pair.before)
    }
    return layers
  }

  /// The change of everything that was compared.
  public var total: LayerChange {
    var total = LayerChange(layer: "")
    for pair in pairs {
      if let change = pair.change { total.add(change, of: pair.before) }
    }
    return total
  }
}
