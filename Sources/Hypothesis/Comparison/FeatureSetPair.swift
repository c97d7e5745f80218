public import Datasets
public import Files
public import Geometry
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

  /// The group of each row before, where examples have groups.
  public let groups: ExampleGroups?

  private let identifierPrefix: String

  /// Whether rows are known by their numbers, for identifiers repeat.
  private let isNumbered: Bool

  /// Matches rows.
  ///
  /// - Parameters:
  ///   - byRow: take row i of both as the same example, whatever they are called.
  ///   - groups: the group of each row before; examples of a group are not split between blocks. By
  ///     default those that stand beside the sets (``Datasets/ExampleGroups/beside(_:)``).
  ///   - identifierPrefix: put before every identifier, for sets that number their rows and are parts
  ///     of a larger one.
  ///   - labelsAreGiven: the labels before were named by the user, and count whatever those after say.
  /// - Throws: ``Files/FileError``, which names the first examples that only one set has, identifiers that
  ///   repeat, and examples whose labels or groups contradict each other in the two sets.
  public init(
    _ before: ExampleSet, _ after: ExampleSet, byRow: Bool = false,
    groups: ExampleGroups? = nil, identifierPrefix: String = "", labelsAreGiven: Bool = false
  ) throws(FileError) {
    self.before = before
    self.after = after
    self.identifierPrefix = identifierPrefix
    isNumbered = byRow && before.identifiers.firstRepeated != nil
    if !byRow {
      for set in [before, after] { try Self.checkUnique(set) }
    }
    let rows = byRow ? nil : try Self.match(before, after)
    self.rows = rows
    guard before.count == after.count else {
      throw FileError(
        path: after.name,
        reason: "\(after.count) examples, and \(before.count) in \(before.name); both need the same"
      )
    }
    if let groups, groups.names.count != before.count {
      throw FileError(
        path: before.name, reason: "\(groups.names.count) groups for \(before.count) examples")
    }
    self.groups =
      if let groups { groups } else { try Self.groupsBeside(before, after, rows: rows) }
    let labelsAfter = after.labels.map { labels in rows?.map { labels[$0] } ?? labels }
    if let a = before.labels, let b = labelsAfter, !labelsAreGiven {
      let different = a.indices.filter { a[$0] != b[$0] }
      if let first = different.first {
        throw FileError(
          path: after.name,
          reason: "\(different.count) examples have other labels than in \(before.name), "
            + "\(before.identifiers[first]) first: \(b[first]), and \(a[first]) there; --labels names "
            + "those that hold")
      }
    }
    labels = before.labels ?? labelsAfter
  }

  /// The groups that stand beside either set, for rows before.
  private static func groupsBeside(
    _ before: ExampleSet, _ after: ExampleSet, rows: [Int]?
  ) throws(FileError) -> ExampleGroups? {
    let own = try ExampleGroups.beside(before)
    guard var its = try ExampleGroups.beside(after) else { return own }
    if let rows { its.names = rows.map { its.names[$0] } }
    guard let own else { return its }
    // The same partition, whatever the groups are called.
    var (forward, backward): ([String: String], [String: String]) = ([:], [:])
    for (row, (a, b)) in zip(own.names, its.names).enumerated()
    where forward.updateValue(b, forKey: a) ?? b != b
      || backward.updateValue(a, forKey: b) ?? a != a
    {
      throw FileError(
        path: its.source,
        reason:
          "other groups than \(own.source), \(before.identifiers[row]) first; --groups names those "
          + "that hold")
    }
    return own
  }

  private static func checkUnique(_ set: ExampleSet) throws(FileError) {
    guard set.identifiers.firstRepeated != nil else { return }
    var rows: [String: [Int]] = [:]
    for row in 0..<set.count { rows[set.identifiers[row], default: []].append(row) }
    let repeated = rows.filter { $0.value.count > 1 }.sorted { $0.value[0] < $1.value[0] }
    guard let first = repeated.first else { return }
    let shown = repeated.prefix(3).map(\.key).joined(separator: ", ")
    let places = first.value.prefix(3).map(String.init).joined(separator: ", ")
    throw FileError(
      path: set.name,
      reason: repeated.count == 1
        ? "the identifier \(first.key) is there twice or more: rows \(places); --by-row pairs rows "
          + "whatever they are called"
        : "\(repeated.count) identifiers are there twice or more: \(shown)"
          + "\(repeated.count > 3 ? ", …" : "") (\(first.key): rows \(places)); --by-row pairs rows "
          + "whatever they are called")
  }

  private static func match(_ a: ExampleSet, _ b: ExampleSet) throws(FileError) -> [Int]? {
    if a.identifiers == b.identifiers { return nil }
    var places: [String: Int] = [:]
    for row in 0..<b.count { places[b.identifiers[row]] = row }
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
        reason: "\(missing.count) examples of \(a.name) are not in it: "
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
      ExampleKey(
        identifierPrefix + (isNumbered ? String(row) : before.identifiers[row]),
        group: groups?.names[row])
    }
  }

  /// The rows after of the examples in some rows before.
  func places(_ chosen: some RandomAccessCollection<Int>) -> [Int] {
    rows.map { rows in chosen.map { rows[$0] } } ?? Array(chosen)
  }

  /// An error of the features, told as one of the file at fault where there is one.
  public func told(_ error: GeometryError) -> any Error {
    switch error {
    case .notFinite(let side, let row):
      let isAfter = side == "after"
      let own = isAfter ? places(row..<row + 1)[0] : row
      return FileError.notFinite(isAfter ? after.name : before.name, row: own)
    case .magnitude(let side, _):
      return FileError(path: side == "after" ? after.name : before.name, reason: error.reason)
    default: return error
    }
  }

  private func add(_ range: Range<Int>, to result: inout PairedFeatures) throws {
    let labels = labels.map { Array($0[range]) }
    if before.elementKind == .float64 || after.elementKind == .float64 {
      try result.add(
        before: try before.matrix(at: range), after: try after.matrix(at: places(range)),
        keys: keys(range), labels: labels)
      return
    }
    let x = try before.values(range)
    let y =
      try rows.map { rows throws(FileError) in try after.values(at: rows[range]) }
      ?? after.values(range)
    try result.add(before: x, after: y, keys: keys(range), labels: labels)
  }

  /// Takes both sets in, in one pass; numbers in Float64 keep all their digits.
  ///
  /// - Throws: ``Files/FileError``, also for values that are not finite.
  public func features(
    settings: PairedFeatures.Settings = PairedFeatures.Settings(), blockRows: Int = 512,
    progress: (Int) -> Void = { _ in }
  ) throws -> PairedFeatures {
    var result = PairedFeatures(
      beforeWidth: before.valuesPerExample, afterWidth: after.valuesPerExample, settings: settings)
    for range in Batches.inOrder(count, size: blockRows) {
      do {
        try add(range, to: &result)
      } catch let error as GeometryError {
        throw told(error)
      }
      progress(range.count)
    }
    result.settle()
    return result
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

extension FileError {
  /// A row of a set holds what is no number.
  static func notFinite(_ name: String, row: Int) -> FileError {
    FileError(path: name, reason: GeometryError.notFinite(side: name, row: row).reason)
  }
}
