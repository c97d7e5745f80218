public import Files

/// Why a network could not be built, bound to parameters or run, and at which layer.
public struct NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The layer, when the failure is about one.
  public var layer: String?

  /// What is wrong, in a few words, and what to do about it where that is known.
  public var reason: String

  /// A failure at `layer`, or of the network as a whole.
  public init(layer: String? = nil, reason: String) {
    self.layer = layer
    self.reason = reason
  }

  /// One line: where, then what.
  public var description: String {
    if let layer { "layer '\(layer)': \(reason)" } else { reason }
  }

  /// The same failure about the network in the file at `path`: `path: layer 'x': reason`.
  public func inFile(_ path: String) -> FileError {
    FileError(path: path, object: layer.map { "layer '\($0)'" }, reason: reason)
  }
}
