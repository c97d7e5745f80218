import Datasets
import Geometry
public import Networks
import Randomness
public import Reports
import Training

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
    let (half, end) = (examples.count / 2, examples.count * 2 / 3)
    let truth = Array(examples.labels[end...])

    func refitted(_ network: Network) throws -> [Bool] {
      let features = try network.features(of: examples, threads: threads)
      let probe = try LinearProbe(
        training: features[0..<half], validation: features[half..<end], classes: classes)
      return zip(probe.predictions(on: features[end..<features.count]), truth).map { $0 == $1 }
    }
    func own(_ network: Network) throws -> [Bool]? {
      guard network.outputCount >= classes else { return nil }
      return zip(
        try network.predictions(
          on: examples[end..<examples.count],
          among: amongSharedClasses ? set.examples.presentClasses : nil, threads: threads), truth
      ).map { $0 == $1 }
    }
    let (ownBefore, ownAfter) = (try own(before), try own(after))
    let (refittedBefore, refittedAfter) = (try refitted(before), try refitted(after))
    self.set = set.name
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
