public import Files

/// Why a network could not be built, bound to parameters or run, and at which layer.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The layer, when the failure is about one.
  public var layer: String?

  /// The array of a state dictionary, when the failure is about one.
  public var parameter: String?

  /// What is wrong, in a few words, and what to do about it where that is known.
  public var reason: String

  /// A failure at `layer`, or of the network as a whole.
  public init(layer: String? = nil, reason: String) {
    self.layer = layer
    self.reason = reason
  }

  /// A failure at the array called `parameter` of a state dictionary.
  public init(parameter: String, reason: String) {
    self.parameter = parameter
    self.reason = reason
  }

  /// One line: where, then what.
  public var description: String {
    if let place { "\(place): \(reason)" } else { reason }
  }

  private var place: String? { layer.map { "layer '\($0)'" } ?? parameter }

  /// The same failure about the network in the file at `path`: `path: layer 'x': reason`.
  public func inFile(_ path: String) -> FileError {
    FileError(path: path, object: place, reason: reason)
  }
}
