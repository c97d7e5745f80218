/// What could not be done with a file, and which.
///
/// Every message that reaches a user names the file first, then the object inside it when the
/// failure is about one, then what is wrong: `path: object: reason`.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file as the caller named it.
  public var path: String

  /// The object inside the file, when the failure is about one.
  public var object: String?

  /// What is wrong, in a few words, and what to do about it where that is known.
  public var reason: String

  /// A failure of the file at `path`, of `object` in it if given.
  public init(path: String, object: String? = nil, reason: String) {
    self.path = path
    self.object = object
    self.reason = reason
  }

  /// One line: where, then what.
  public var description: String {
    if let object { "\(path): \(object): \(reason)" } else { "\(path): \(reason)" }
  }
}
