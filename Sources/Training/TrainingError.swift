/// Why a network could not be trained.
public struct TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One line: what is wrong, with the numbers.
  public var description: String

  init(_ description: String) { self.description = description }
}
