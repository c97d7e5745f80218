import Datasets
import Files
import Geometry
import Hypothesis
import LinearAlgebra
import Randomness
import TestSupport
import Testing

/// Two feature sets, matched by identifier, and the files of what one pass kept.
@Suite struct ComparisonTests {
  private func set(
    _ name: String, _ matrix: Matrix, _ identifiers: ExampleIdentifiers? = nil,
    labels: [Int]? = nil
  ) -> ExampleSet {
    ExampleSet(
      name: name, values: matrix.values.map { Float($0) }, exampleShape: [matrix.columns],
      labels: labels, identifiers: identifiers)
  }

  private func sets(_ rows: Int) -> (Matrix, Matrix) {
    var generator = SeededGenerator(seed: 4, "sets")
    let x = Matrix.normal(rows: rows, columns: 5, using: &generator)
    return (x, x + 0.3 * Matrix.normal(rows: rows, columns: 5, using: &generator))
  }

  @Test func `rows are matched by identifier, whatever their order`() throws {
    let (x, y) = sets(40)
    let names = (0..<40).map { "example \($0)" }
    let order = Array((0..<40).reversed())
    let plain = try FeatureSetPair(set("x", x, .names(names)), set("y", y, .names(names)))
    let turned = try FeatureSetPair(
      set("x", x, .names(names)),
      set("y", y.selectingRows(order), .names(order.map { names[$0] })))
    let (a, b) = (try plain.features().total(), try turned.features().total())
    #expect(LinearCKA.debiased(a) == LinearCKA.debiased(b))
  }

  @Test func `a mismatch names the first examples`() throws {
    let (x, y) = sets(6)
    let (a, b) = (
      set("x", x, .names(["a", "b", "c", "d", "e", "f"])),
      set("y", y, .names(["a", "b", "u", "v", "w", "f"]))
    )
    #expect {
      try FeatureSetPair(a, b)
    } throws: { error in
      "\(error)" == "y: 3 examples of x are not in it, or twice there: c, d, e; "
        + "--by-row pairs rows whatever they are called"
    }
    #expect(try FeatureSetPair(a, b, byRow: true).count == 6)
    #expect {
      try FeatureSetPair(
        a, set("z", y[rows: 0..<5], .names(["a", "b", "c", "d", "e"])), byRow: true)
    } throws: { "\($0)" == "z: 5 examples, and 6 in x; both need the same" }
    #expect {
      try FeatureSetPair(a, set("twice", y, .names(["a", "b", "c", "d", "e", "e"])))
    } throws: { "\($0)".contains("the identifier e is there twice") }
  }

  @Test(arguments: [false, true]) func `moments are read back and parts add up`(
    small: Bool
  ) throws {
    try withTemporaryFolder { folder in
      let (x, y) = sets(300)
      let labels = (0..<300).map { $0 % 3 }
      let origin = MomentsFile.Origin(
        digestBefore: "a", digestAfter: "b", tapBefore: "t", tapAfter: "t")
      var settings = PairedFeatures.Settings()
      if small { settings.keptValues = 1 }
      func gather(_ rows: Range<Int>) throws -> PairedFeatures {
        let names = ExampleIdentifiers.numbers(Array(rows))
        return try FeatureSetPair(
          set("x", x[rows: rows], names, labels: Array(labels[rows])),
          set("y", y[rows: rows], names)
        ).features(settings: settings, blockRows: 41)
      }
      for (name, rows) in [("one", 0..<120), ("two", 120..<300)] {
        try MomentsFile(try gather(rows), origin: origin)
          .write(to: "\(folder)/\(name).h5", version: "test")
      }
      var sum = try MomentsFile(readingAt: "\(folder)/two.h5")
      try sum.merge(try MomentsFile(readingAt: "\(folder)/one.h5"), at: "one")
      var measuring = SimilarityAnalysis.Settings()
      measuring.draws = 0
      let measures = SimilarityMeasure.allCases
      let whole = try SimilarityAnalysis(try gather(0..<300), settings: measuring)
        .results(for: measures)
      let parts = try SimilarityAnalysis(sum.features, settings: measuring).results(for: measures)
      for (a, b) in zip(whole, parts) {
        #expect(a.estimate.value.reason == b.estimate.value.reason)
        guard
          let (s, t) = a.estimate.value.number.flatMap({ s in
            b.estimate.value.number.map { (s, $0) }
          })
        else { continue }
        #expect(abs(s - t) <= 1e-11 * (1 + abs(s)), "\(a.measure)")
      }

      #expect {
        try sum.merge(try MomentsFile(readingAt: "\(folder)/one.h5"), at: "again")
      } throws: { "\($0)".hasPrefix("again: 120 examples are in both parts") }
      var other = try MomentsFile(readingAt: "\(folder)/one.h5")
      other.origin.digestAfter = "c"
      let stranger = other
      #expect {
        try sum.merge(stranger, at: "other")
      } throws: { "\($0)".hasPrefix("other: digest_after: c here and b in the first part") }
    }
  }

  @Test func `a file of another kind is refused in words`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.h5"
      try FeatureFile.write(
        to: path, width: 2, labels: nil, identifiers: .rowNumbers(3),
        provenance: FeatureProvenance(
          checkpoint: "", checkpointDigest: "", set: "", tap: "", preprocessing: "", version: "")
      ) { [Float](repeating: 0, count: $0.count * 2) }
      #expect { try MomentsFile(readingAt: path) } throws: {
        "\($0)".contains("not a file of moments")
      }
    }
  }
}
