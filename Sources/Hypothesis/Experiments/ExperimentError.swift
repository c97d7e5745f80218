/// Why an experiment cannot be run as it is described.
public struct ExperimentError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One line: what is wrong, with the numbers.
  public var description: String

  init(_ description: String) { self.description = description }
}
