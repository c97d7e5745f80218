import Checkpoints

/// The images that a network reads.
public struct ImageInput: Hashable, Sendable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// Numbers for each pixel.
  public let channels: Int
  /// Whether an example has the channels before the positions.
  public let isChannelsFirst: Bool
}

extension Network {
  /// The images that the network reads; `nil` when its examples have not three axes.
  public var imageInput: ImageInput? {
    let shape = graph.inputShape
    guard shape.count == 3 else { return nil }
    let isFirst =
      architecture["format"] == nil && KerasArchitecture.readsChannelsFirst(architecture)
    return isFirst
      ? ImageInput(height: shape[1], width: shape[2], channels: shape[0], isChannelsFirst: true)
      : ImageInput(height: shape[0], width: shape[1], channels: shape[2], isChannelsFirst: false)
  }
}
