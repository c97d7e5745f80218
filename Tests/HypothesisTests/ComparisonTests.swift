import Datasets
import Files
import Geometry
import HDF5
import Hypothesis
import LinearAlgebra
import Randomness
import Reports
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
      "\(error)" == "y: 3 examples of x are not in it: c, d, e; "
        + "--by-row pairs rows whatever they are called"
    }
    #expect(try FeatureSetPair(a, b, byRow: true).count == 6)
    #expect {
      try FeatureSetPair(
        a, set("z", y[rows: 0..<5], .names(["a", "b", "c", "d", "e"])), byRow: true)
    } throws: { "\($0)" == "z: 5 examples, and 6 in x; both need the same" }
    #expect {
      try FeatureSetPair(a, set("twice", y, .names(["a", "b", "c", "d", "e", "e"])))
    } throws: { "\($0)".hasPrefix("twice: the identifier e is there twice or more: rows 4, 5; ") }
  }

  @Test func `identifiers that repeat are refused even when both sets repeat them alike`() throws {
    let (x, y) = sets(6)
    let names = ExampleIdentifiers.names(["a", "b", "a", "d", "b", "f"])
    #expect {
      try FeatureSetPair(set("x", x, names), set("y", y, names))
    } throws: { error in
      "\(error)" == "x: 2 identifiers are there twice or more: a, b (a: rows 0, 2); --by-row pairs "
        + "rows whatever they are called"
    }
    let pair = try FeatureSetPair(set("x", x, names), set("y", y, names), byRow: true)
    #expect(try pair.features().count == 6)
  }

  @Test func `labels that contradict each other are refused unless some were named`() throws {
    let (x, y) = sets(6)
    let (a, b) = (
      set("x", x, labels: [0, 1, 2, 0, 1, 2]), set("y", y, labels: [0, 1, 1, 0, 1, 0])
    )
    #expect {
      try FeatureSetPair(a, b)
    } throws: { error in
      "\(error)"
        == "y: 2 examples have other labels than in x, 2 first: 1, and 2 there; --labels names "
        + "those that hold"
    }
    #expect(try FeatureSetPair(a, b, labelsAreGiven: true).labels == [0, 1, 2, 0, 1, 2])
  }

  @Test func `a value that is not finite is told of its own file and row`() throws {
    let (x, y) = sets(40)
    var broken = y
    broken[3, 1] = .nan
    let names = (0..<40).map { "example \($0)" }
    let order = Array((0..<40).reversed())
    let pair = try FeatureSetPair(
      set("x", x, .names(names)), set("y", broken, .names(order.map { names[$0] })))
    #expect { try pair.features() } throws: {
      "\($0)".hasPrefix("y: row 3 holds a value that is not finite")
    }
  }

  @Test func `groups beside the features keep examples together, and others may be named`() throws {
    try withTemporaryFolder { folder in
      let (x, y) = sets(60)
      func write(_ name: String, _ matrix: Matrix, _ groups: [Int64]?) throws -> ExampleSet {
        try File.create("\(folder)/\(name).h5") { root in
          try root.write("features", shape: [60, 5], matrix.values)
          if let groups { try root.write("groups", shape: [groups.count], groups) }
        }
        return try FeatureFile.open("\(folder)/\(name).h5").features
      }
      let fours = (0..<60).map { Int64($0 / 4) }
      let (a, b) = (try write("a", x, fours), try write("b", y, nil))
      let pair = try FeatureSetPair(a, b)
      #expect(pair.groups?.count == 15)
      #expect(pair.groups?.source == "\(folder)/a.h5::/groups")
      // They serve when only the set after has them, and when both call them differently.
      #expect(try FeatureSetPair(b, a).groups?.count == 15)
      let c = try write("c", y, fours.map { 100 - $0 })
      #expect(try FeatureSetPair(a, c).groups?.source == "\(folder)/a.h5::/groups")
      let d = try write("d", y, (0..<60).map { Int64($0 / 3) })
      #expect { try FeatureSetPair(a, d) } throws: {
        "\($0)".contains("d.h5::/groups: other groups than")
      }
      let named = ExampleGroups(names: (0..<60).map { "\($0 / 2)" }, source: "named")
      #expect(try FeatureSetPair(a, d, groups: named).groups?.count == 30)
      #expect { try ExampleGroups.beside(try write("e", y, [1, 2])) } throws: {
        "\($0)".contains("e.h5::/groups: 2 groups for the 60 examples of")
      }
      let result = try SimilarityAnalysis(try pair.features()).results(for: [
        .ccaMean, .ckaDebiased,
      ])
      #expect(result.allSatisfy { $0.intervalMethod.hasSuffix("blocks, groups unsplit") })
    }
  }

  @Test func `taps are matched by name, whatever their order`() throws {
    try withTemporaryFolder { folder in
      let (x, y) = sets(20)
      func write(_ name: String, _ taps: [String], single: Bool = false) throws {
        let path = "\(folder)/\(name).h5"
        let provenance = FeatureProvenance(
          checkpoint: "", checkpointDigest: "", set: "", tap: taps[0], preprocessing: "",
          version: "")
        func values(_ rows: Range<Int>) -> [Float] {
          rows.flatMap { row in (name == "a" ? x : y).row(row).map { Float($0) } }
        }
        if single {
          try FeatureFile.write(
            to: path, width: 5, labels: nil, identifiers: .rowNumbers(20), provenance: provenance
          ) { values($0) }
        } else {
          try FeatureFile.write(
            to: path, layers: taps.map { .init(name: $0, width: 5) }, labels: nil,
            identifiers: .rowNumbers(20), provenance: provenance
          ) { rows in taps.map { _ in values(rows) } }
        }
      }
      try write("a", ["one", "two", "three"])
      try write("b", ["two", "four", "one"])
      try write("c", ["two"], single: true)
      try write("d", ["other", "another"])
      let both = try #require(
        try MatchedTaps(before: "\(folder)/a.h5", after: "\(folder)/b.h5"))
      #expect(Set(both.pairs.map(\.name)) == ["one", "two"])
      #expect(both.onlyBefore == ["three"] && both.onlyAfter == ["four"])
      let one = try #require(
        try MatchedTaps(before: "\(folder)/a.h5", after: "\(folder)/c.h5"))
      #expect(one.pairs.map(\.name) == ["two"])
      #expect(try MatchedTaps(before: "\(folder)/c.h5", after: "\(folder)/c.h5") == nil)
      #expect(
        try MatchedTaps(before: "\(folder)/a.h5::/features/one", after: "\(folder)/c.h5") == nil)
      #expect {
        try MatchedTaps(before: "\(folder)/a.h5", after: "\(folder)/d.h5")
      } throws: { "\($0)".contains("d.h5: no tap of \(folder)/a.h5 is in it: ") }
    }
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
        #expect(abs(s - t) <= 1e-12 * (1 + abs(s)), "\(a.measure)")
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

  @Test func `numbers in Float64 keep all their digits`() throws {
    try withTemporaryFolder { folder in
      // Changes that Float32 does not know: 1 and 1 + 1e-10.
      let (x, y) = sets(30)
      let near = x + 1e-10 * y
      for (name, matrix) in [("x", x), ("near", near)] {
        try File.create("\(folder)/\(name).h5") { root in
          try root.write("features", shape: [30, 5], matrix.values)
        }
      }
      let pair = try FeatureSetPair(
        try FeatureFile.open("\(folder)/x.h5").features,
        try FeatureFile.open("\(folder)/near.h5").features)
      let change = (near - x).squaredNorm / 150
      let found = try #require(
        Displacement(try pair.features().total()).meanSquarePerCoordinate.number)
      #expect(abs(found / change - 1) < 1e-12)
    }
  }

  @Test func `layers of two files are compared in one pass, by example`() throws {
    try withTemporaryFolder { folder in
      let (x, y) = sets(50)
      let order = Array((0..<50).reversed())
      for (name, first, second, rows) in [
        ("a", x, y, Array(0..<50)), ("b", y, x, order),
      ] {
        try FeatureFile.write(
          to: "\(folder)/\(name).h5",
          layers: [.init(name: "one", width: 5), .init(name: "two", width: 5)], labels: nil,
          identifiers: .numbers(rows.map { $0 + 100 }),
          provenance: FeatureProvenance(
            checkpoint: "", checkpointDigest: "", set: "", tap: "", preprocessing: "", version: "")
        ) { examples in
          [first, second].map { matrix in
            examples.flatMap { matrix.row(rows[$0]).map { Float($0) } }
          }
        }
      }
      let comparison = try LayerComparison(
        before: try LayerComparison.layers(of: "\(folder)/a.h5"),
        after: try LayerComparison.layers(of: "\(folder)/b.h5"))
      #expect(comparison.before.map(\.name) == ["one", "two"])
      let found = try comparison.alignment()
      func value(_ i: Int, _ j: Int) throws -> Double {
        try #require(found.similarity(i, j).estimate.value.number)
      }
      let single = { (m: Matrix) in
        Matrix(rows: 50, columns: 5, values: m.values.map { Double(Float($0)) })
      }
      let expected = try #require(
        LinearCKA.debiased(rowsBefore: single(x), rowsAfter: single(y)).number)
      #expect(abs(try value(0, 0) - expected) < 1e-12)
      #expect(abs(try value(0, 1) - 1) < 1e-12)
      #expect(abs(try value(1, 1) - expected) < 1e-12)
      let table = comparison.table(found)
      #expect(table.rows.count == 4 && table.rows[1].prefix(2) == [.text("one"), .text("two")])
      let parts = try comparison.alignment(minibatch: 20)
      #expect(parts.minibatches == 3 && parts.count == 50)
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
