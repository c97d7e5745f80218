import Datasets
import Geometry
public import Networks
import Randomness
public import Reports
package import Training

/// What the heads of two networks do with one labelled set, and what heads re-fitted on the set's own
/// features could do.
///
/// Re-fitted heads learn from the first half of the set in a seeded random order; the sixth after it
/// chooses the regularisation; every accuracy is on the last third, so that all are paired by
/// example.
public struct HeadComparison: Sendable {
  /// The set of examples.
  public let set: String

  /// Whether the set is in-distribution.
  public let isID: Bool

  /// How many examples the accuracies are on.
  public let examples: Int

  /// The accuracy of the network before; `nil` when its head has too few classes for the labels.
  public let before: Double?

  /// The accuracy of the network after; `nil` when its head has too few classes for the labels.
  public let after: Double?

  /// The accuracy of a head re-fitted on the features before.
  public let refittedBefore: Double

  /// The accuracy of a head re-fitted on the features after.
  public let refittedAfter: Double

  /// Re-fitted after less re-fitted before, by example.
  package let kept: PairedDifference

  /// Re-fitted after less the network's own head after, by example.
  package let gained: PairedDifference

  /// Compares the heads on a labelled set.
  ///
  /// - Parameter amongSharedClasses: Whether the networks' own heads choose among the classes that the
  ///   set has, and not among all outputs.
  /// - Returns: `nil` when the set has no labels, or fewer than twelve examples or two classes.
  /// - Throws: What reading and computing throw.
  public init?(
    before: Network, after: Network, set: DistortionAnalysis.TestSet, isID: Bool, seed: UInt64,
    threads: Int, amongSharedClasses: Bool = false
  ) throws {
    guard let labels = set.examples.labels, labels.count >= 12, Set(labels).count > 1 else {
      return nil
    }
    let classes = (labels.max() ?? 0) + 1
    var generator = SeededGenerator(seed: seed, "order for re-fitted heads")
    let examples = try Examples(
      set.examples.subset(generator.permutation(labels.count)), threads: threads)
    func own(_ network: Network) throws -> [Int]? {
      guard network.outputCount >= classes else { return nil }
      return try network.predictions(
        on: examples[examples.count * 2 / 3..<examples.count],
        among: amongSharedClasses ? set.examples.presentClasses : nil, threads: threads)
    }
    let chosen = (before: try own(before), after: try own(after))
    try self.init(
      set: set.name, isID: isID,
      features: (
        try before.features(of: examples, threads: threads),
        try after.features(of: examples, threads: threads)
      ), labels: examples.labels, classes: classes, chosen: chosen)
  }

  /// Compares heads on features that are at hand, in the order in which they are divided.
  ///
  /// - Parameter chosen: the classes that the networks' own heads choose for the last third.
  package init(
    set: String, isID: Bool, features: (before: FeatureSet, after: FeatureSet), labels: [Int],
    classes: Int, chosen: (before: [Int]?, after: [Int]?)
  ) throws {
    let (half, end) = (labels.count / 2, labels.count * 2 / 3)
    let truth = Array(labels[end...])
    func right(_ predictions: [Int]) -> [Bool] { zip(predictions, truth).map { $0 == $1 } }
    func refitted(_ features: FeatureSet) throws -> [Bool] {
      let probe = try LinearProbe(
        training: features[0..<half], validation: features[half..<end], classes: classes)
      return right(probe.predictions(on: features[end..<features.count]))
    }
    let (ownBefore, ownAfter) = (chosen.before.map(right), chosen.after.map(right))
    let (refittedBefore, refittedAfter) = (
      try refitted(features.before), try refitted(features.after)
    )
    self.set = set
    self.isID = isID
    self.examples = truth.count
    self.before = ownBefore.map(Self.share)
    self.after = ownAfter.map(Self.share)
    self.refittedBefore = Self.share(refittedBefore)
    self.refittedAfter = Self.share(refittedAfter)
    kept = Self.difference(refittedAfter, refittedBefore)
    gained = ownAfter.map { Self.difference(refittedAfter, $0) } ?? PairedDifference([])
  }

  private static func share(_ correct: [Bool]) -> Double {
    Double(correct.filter { $0 }.count) / Double(max(correct.count, 1))
  }

  private static func difference(_ a: [Bool], _ b: [Bool]) -> PairedDifference {
    PairedDifference(zip(a, b).map { Double($0 ? 1 : 0) - Double($1 ? 1 : 0) })
  }

  /// A table of some comparisons.
  public static func table(_ comparisons: [HeadComparison]) -> Table {
    let percent = Column.Kind.percent(decimals: 1)
    let none = "the head has fewer classes than the labels"
    var table = Table(
      "heads", caption: "Accuracy of the networks' own heads and of heads re-fitted on each set.",
      columns: [
        .set, .role,
        Column(
          "examples", .integer, convention: "the last third of the set in a seeded random order",
          meaning: "How many examples the accuracies are on."),
        Column("before", percent, meaning: "The network before, own head.", hasReason: true),
        Column("after", percent, meaning: "The network after, own head.", hasReason: true),
        Column("refitted_before", percent, meaning: "A head re-fitted on the features before."),
        Column("refitted_after", percent, meaning: "A head re-fitted on the features after."),
      ])
    for row in comparisons {
      table.append([
        .text(row.set), .role(isID: row.isID), .integer(row.examples),
        .number(row.before, otherwise: none), .number(row.after, otherwise: none),
        .number(row.refittedBefore), .number(row.refittedAfter),
      ])
    }
    return table
  }
}
