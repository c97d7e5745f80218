public import Files

/// What could not be done with an HDF5 file, and where.
public struct HDF5Error: Error, Equatable, Sendable {
  /// A broad class, for callers that decide what to do next.
  public enum Kind: CaseIterable, Equatable, Sendable {
    /// There is no such file.
    case fileNotFound
    /// The path is a folder, or the system does not let it be read.
    case cannotOpen
    /// The file is something else than HDF5.
    case notHDF5
    /// The file ends before its own record of its length.
    case truncated
    /// There is no object of that name in the file.
    case objectNotFound
    /// The object is not of the kind, or its elements not of the type, that was asked for.
    case wrongType
    /// The extents are not those asked for, or make no sense.
    case wrongShape
    /// The file claims more than it stores, or more than this machine's memory.
    case tooLarge
    /// A feature that is refused or not known: external links and storage, virtual datasets,
    /// filters outside the library.
    case unsupported
    /// A structure in the file contradicts itself, or cannot be read from the disk.
    case damaged
    /// The name is taken.
    case alreadyExists
    /// The system did not take the data.
    case cannotWrite
    /// Another program has the file open for writing.
    case locked
    /// Any other failure that the library reported.
    case library
  }

  /// The class of failure.
  public var kind: Kind

  /// The file the caller named.
  public var path: String

  /// The object inside the file, when the failure is about one.
  public var object: String?

  /// What is wrong, in a few words.
  public var reason: String

  /// A failure of the file at `path`, of `object` in it if given.
  public init(kind: Kind, path: String, object: String? = nil, reason: String) {
    self.kind = kind
    self.path = path
    self.object = object
    self.reason = reason
  }

  /// The failure that the library's error stack records, with its own words for `action`.
  ///
  /// Call under `Library.call`, right after the call that failed.
  static func library(
    path: String, object: String? = nil, _ action: String
  ) -> HDF5Error {
    let failure = Library.failure()
    let kind = failure.kind
    let reason =
      switch kind {
      case .notHDF5: "not an HDF5 file"
      case .truncated: "the file is cut short; copy or download it again"
      case .objectNotFound: "no such object in the file"
      case .locked: "open for writing in another program; close it there first"
      default: "\(action): \(oneLine(failure.text))"
      }
    return HDF5Error(kind: kind, path: path, object: object, reason: reason)
  }

  /// The same failure as the error that every part of the package shares.
  public var fileError: FileError { FileError(path: path, object: object, reason: reason) }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

extension HDF5Error: CustomStringConvertible {
  /// One line: where, then what.
  public var description: String { fileError.description }
}
