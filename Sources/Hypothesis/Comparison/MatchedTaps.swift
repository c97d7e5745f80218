public import Datasets
public import Files

/// The taps that two feature files have in common, for files of several (`features --at a,b`).
public struct MatchedTaps {
  /// The features of one tap before and after.
  public struct Pair {
    /// The name of the tap.
    public var name: String

    /// Its features before.
    public var before: ExampleSet

    /// Its features after.
    public var after: ExampleSet
  }

  /// The taps in both files, in the order of the first.
  public let pairs: [Pair]

  /// The taps that only the first file has.
  public let onlyBefore: [String]

  /// The taps that only the second file has.
  public let onlyAfter: [String]

  /// Matches taps by name; `nil` when neither file has several, or an array in it was named.
  ///
  /// A file of one array has the tap that its attribute `tap` names.
  ///
  /// - Parameter labels: where labels are, when not beside the features before.
  /// - Throws: ``Files/FileError``, also when no tap is in both files.
  public init?(before: String, after: String, labels: String? = nil) throws(FileError) {
    let paths = [before, after]
    guard paths.allSatisfy({ SetName(parsing: $0).object == nil && !Folder.isFolder($0) }) else {
      return nil
    }
    var names: [[String]] = []
    for path in paths { names.append(try LayerComparison.layerNames(of: path)) }
    guard names.contains(where: { $0.count > 1 }) else { return nil }
    let (first, second) = (
      try Self.taps(of: before, names[0], labels: labels), try Self.taps(of: after, names[1])
    )
    var pairs: [Pair] = []
    for tap in first {
      guard let other = second.first(where: { $0.name == tap.name }) else { continue }
      pairs.append(Pair(name: tap.name, before: tap.features, after: other.features))
    }
    let common = Set(pairs.map(\.name))
    onlyBefore = first.map(\.name).filter { !common.contains($0) }
    onlyAfter = second.map(\.name).filter { !common.contains($0) }
    guard !pairs.isEmpty else {
      func shown(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
      }
      throw FileError(
        path: after,
        reason:
          "no tap of \(before) is in it: \(shown(onlyAfter)) here and \(shown(onlyBefore)) there; "
          + "name an array of each, FILE::/features/NAME, or compare all with all by --layers")
    }
    self.pairs = pairs
  }

  private static func taps(
    of path: String, _ names: [String], labels: String? = nil
  ) throws(FileError) -> [LayerComparison.Layer] {
    guard !names.isEmpty else {
      let file = try FeatureFile.open(path, labels: labels)
      let tap = file.provenance.tap
      return [.init(name: tap.isEmpty ? "features" : tap, features: file.features)]
    }
    var taps: [LayerComparison.Layer] = []
    for name in names {
      let file = try FeatureFile.open("\(path)::/features/\(name)", labels: labels)
      taps.append(.init(name: name, features: file.features))
    }
    return taps
  }
}
