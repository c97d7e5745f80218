public import Files
import HDF5

/// The groups that examples come in: frames of one video, copies of one image.
public struct ExampleGroups: Equatable, Sendable {
  /// The group of each example, by name.
  public var names: [String]

  /// Where they were found, as the user would name it: `FILE::/path`.
  public var source: String

  /// Groups from `source`.
  public init(names: [String], source: String) {
    self.names = names
    self.source = source
  }

  /// How many different groups there are.
  public var count: Int { Set(names).count }

  /// Reads a list of numbers or words called `FILE` or `FILE::/path`; words only from HDF5.
  ///
  /// - Parameter set: The set whose examples are grouped; what `name` leaves out is its file.
  /// - Throws: ``Files/FileError``, also when there are not as many groups as examples.
  public static func read(_ name: String, for set: ExampleSet) throws(FileError) -> ExampleGroups {
    var setName = SetName(parsing: name)
    if setName.file.isEmpty { setName.file = SetName(parsing: set.name).file }
    if let object = setName.object {
      do throws(HDF5Error) {
        let dataset = try File(readingAt: setName.file).root.dataset(
          String(object.drop { $0 == "/" }))
        if dataset.elementType.isString { return try groups(of: dataset, for: set) }
      } catch {
        if error.kind != .notHDF5 { throw error.fileError }
      }
    }
    let array = try StoredArray.open(
      setName, unpackingLimit: ExampleSet.defaultUnpackingLimit, for: .labels)
    try check(array.source.shape, "\(array.name)", for: set)
    return ExampleGroups(
      names: try array.readIntegers().map { String($0) }, source: "\(array.name)")
  }

  /// The list called `groups` beside a set in an HDF5 file, where there is one: beside the array, or for
  /// layers below `/features` beside those.
  ///
  /// - Parameter set: A set as it was opened, with all its examples.
  /// - Throws: ``Files/FileError`` when the list cannot be read or is not one group for each example.
  public static func beside(_ set: ExampleSet) throws(FileError) -> ExampleGroups? {
    guard set.format.hasPrefix("HDF5") else { return nil }
    let array = try StoredArray.open(
      SetName(parsing: set.name), unpackingLimit: ExampleSet.defaultUnpackingLimit, for: .examples)
    guard let dataset = try array.surroundings?.dataset(named: ["groups"]), !dataset.isNull,
      dataset.path != array.name.object
    else { return nil }
    do throws(HDF5Error) {
      return try groups(of: dataset, for: set)
    } catch {
      throw error.fileError
    }
  }

  private static func groups(
    of dataset: Dataset, for set: ExampleSet
  ) throws(HDF5Error) -> ExampleGroups {
    let source = "\(SetName(file: dataset.file.path, object: dataset.path))"
    do throws(FileError) {
      try check(dataset.shape, source, for: set)
      if !dataset.elementType.isString {
        return ExampleGroups(
          names: try HDF5Rows(dataset).integers().map { String($0) }, source: source)
      }
    } catch {
      throw HDF5Error(
        kind: .wrongType, path: error.path, object: error.object, reason: error.reason)
    }
    return ExampleGroups(names: try dataset.readStrings(), source: source)
  }

  /// Before reading: what a file claims need not fit in memory.
  private static func check(
    _ shape: [Int], _ source: String, for set: ExampleSet
  ) throws(FileError) {
    guard shape == [set.count] || shape == [set.count, 1] else {
      throw FileError(
        path: source,
        reason: "\(NumberArray.text(shape)) groups for the \(set.count) examples of \(set.name)")
    }
  }
}
