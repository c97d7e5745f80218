public import Datasets
public import Files
public import Geometry
import HDF5
import LinearAlgebra

/// Two feature sets whose rows are the same examples, matched by their identifiers.
public struct FeatureSetPair {
  /// The set before.
  public let before: ExampleSet

  /// The set after.
  public let after: ExampleSet

  /// The class of each example, when a set has labels.
  public let labels: [Int]?

  /// For each row before, the row after that is the same example; `nil` when the rows agree already.
  let rows: [Int]?

  private let groups: [String]?
  private let identifierPrefix: String

  /// Matches rows.
  ///
  /// - Parameters:
  ///   - byRow: take row i of both as the same example, whatever they are called.
  ///   - groups: the group of each row before; examples of a group are not split between blocks.
  ///   - identifierPrefix: put before every identifier, for sets that number their rows and are parts
  ///     of a larger one.
  /// - Throws: ``Files/FileError``, which names the first examples that only one set has, or an
  ///   identifier that is there twice.
  public init(
    _ before: ExampleSet, _ after: ExampleSet, byRow: Bool = false,
    groups: [String]? = nil, identifierPrefix: String = ""
  ) throws(FileError) {
    self.before = before
    self.after = after
    self.groups = groups
    self.identifierPrefix = identifierPrefix
    rows = byRow ? nil : try Self.match(before, after)
    guard before.count == after.count else {
      throw FileError(
        path: after.name,
        reason: "\(after.count) examples, and \(before.count) in \(before.name); both need the same"
      )
    }
    if let groups, groups.count != before.count {
      throw FileError(
        path: before.name, reason: "\(groups.count) groups for \(before.count) examples")
    }
    labels =
      before.labels ?? rows.flatMap { rows in
        after.labels.map { labels in rows.map { labels[$0] } }
      } ?? after.labels
  }

  private static func match(_ a: ExampleSet, _ b: ExampleSet) throws(FileError) -> [Int]? {
    if a.identifiers == b.identifiers { return nil }
    var places: [String: Int] = [:]
    for row in 0..<b.count {
      let identifier = b.identifiers[row]
      guard places.updateValue(row, forKey: identifier) == nil else {
        throw FileError(path: b.name, reason: "the identifier \(identifier) is there twice")
      }
    }
    var rows: [Int] = []
    var missing: [String] = []
    for row in 0..<a.count {
      if let place = places.removeValue(forKey: a.identifiers[row]) {
        rows.append(place)
      } else {
        missing.append(a.identifiers[row])
      }
    }
    func first(_ names: [String]) -> String {
      names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
    guard missing.isEmpty else {
      throw FileError(
        path: b.name,
        reason: "\(missing.count) examples of \(a.name) are not in it, or twice there: "
          + "\(first(missing)); --by-row pairs rows whatever they are called")
    }
    guard places.isEmpty else {
      let extra = places.sorted { $0.value < $1.value }.map(\.key)
      throw FileError(
        path: b.name,
        reason: "\(extra.count) of its examples are not in \(a.name): \(first(extra)); "
          + "--by-row pairs rows whatever they are called")
    }
    return rows
  }

  /// The number of examples.
  public var count: Int { before.count }

  /// The keys of rows, by which blocks and samples are chosen.
  func keys(_ rows: Range<Int>) -> [ExampleKey] {
    rows.map { row in
      ExampleKey(identifierPrefix + before.identifiers[row], group: groups?[row])
    }
  }

  /// The rows after of the examples in some rows before.
  func places(_ chosen: some RandomAccessCollection<Int>) -> [Int] {
    rows.map { rows in chosen.map { rows[$0] } } ?? Array(chosen)
  }

  /// Takes both sets in, in one pass; numbers in Float64 keep all their digits.
  ///
  /// - Throws: ``Files/FileError``; ``Geometry/GeometryError`` for values that are not finite.
  public func features(
    settings: PairedFeatures.Settings = PairedFeatures.Settings(), blockRows: Int = 512,
    progress: (Int) -> Void = { _ in }
  ) throws -> PairedFeatures {
    var result = PairedFeatures(
      beforeWidth: before.valuesPerExample, afterWidth: after.valuesPerExample, settings: settings)
    for range in Batches.inOrder(count, size: blockRows) {
      let labels = labels.map { Array($0[range]) }
      if before.elementKind == .float64 || after.elementKind == .float64 {
        try result.add(
          before: try before.matrix(at: range), after: try after.matrix(at: places(range)),
          keys: keys(range), labels: labels)
      } else {
        let x = try before.values(range)
        let y =
          try rows.map { rows throws(FileError) in try after.values(at: rows[range]) }
          ?? after.values(range)
        try result.add(before: x, after: y, keys: keys(range), labels: labels)
      }
      progress(range.count)
    }
    result.settle()
    return result
  }
}

/// The groups that examples come in: a list of numbers or words in a file.
public enum ExampleGroups {
  /// Reads `FILE` or `FILE::/path`; words only from HDF5.
  ///
  /// - Throws: ``Files/FileError``.
  public static func read(_ name: String, for set: String) throws(FileError) -> [String] {
    let setName = SetName(parsing: name)
    if let object = setName.object {
      do throws(HDF5Error) {
        let dataset = try File(readingAt: setName.file).root.dataset(
          String(object.drop { $0 == "/" }))
        if dataset.elementType.isString { return try dataset.readStrings() }
        return try dataset.read(as: Int64.self).map { String($0) }
      } catch {
        if error.kind != .notHDF5 { throw error.fileError }
      }
    }
    return try ExampleSet.open(set, labels: name).labels?.map { String($0) } ?? []
  }
}

extension ExampleSet {
  /// A matrix saved as features × examples, turned around in memory.
  ///
  /// - Throws: ``Files/FileError``, also when it does not hold vectors.
  public func transposed() throws(FileError) -> ExampleSet {
    guard exampleShape.count == 1 else {
      throw FileError(path: name, reason: "only a matrix can be turned around")
    }
    let (rows, columns) = (count, valuesPerExample)
    let values = try values(0..<rows)
    var turned = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { turned[column * rows + row] = values[row * columns + column] }
    }
    return ExampleSet(name: name, values: turned, exampleShape: [rows])
  }
}

extension ExampleSet {
  /// The rows as a matrix, with all their digits.
  func matrix(at rows: some RandomAccessCollection<Int>) throws(FileError) -> Matrix {
    Matrix(rows: rows.count, columns: valuesPerExample, values: try doubles(at: rows))
  }
}
