extension CheckpointTrajectory {
  /// How one layer of the first is in a later checkpoint.
  public struct LayerPoint: Sendable {
    /// How its parameters changed since the first, together.
    public var sinceFirst: LayerChange
    /// ‖w − w₋₁‖ over them, w₋₁ the checkpoint before; `nil` when one of them has no partner there.
    public var stepLength: Double?
  }

  /// The layers whose parameters have partners of the same shape in checkpoint `step`, in the order
  /// of the first.
  public func layers(at step: Int) -> [LayerPoint] {
    var layers: [LayerPoint] = []
    var places: [String: Int] = [:]
    for point in points where point.step == step {
      guard let change = point.sinceFirst, let partner = point.partner else { continue }
      let name = point.first.innermostLayer
      let place = places[name] ?? layers.count
      if place == layers.count {
        places[name] = place
        layers.append(LayerPoint(sinceFirst: LayerChange(layer: name), stepLength: 0))
      }
      layers[place].sinceFirst.add(change, of: point.first, to: partner)
      if let length = layers[place].stepLength, let step = point.sincePrevious?.distance {
        layers[place].stepLength = (length * length + step * step).squareRoot()
      } else {
        layers[place].stepLength = nil
      }
    }
    return layers
  }
}
