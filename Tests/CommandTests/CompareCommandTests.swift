import Foundation
import HDF5
import TestSupport
import Testing

/// What `compare` prints for files with several taps, with groups, and of kinds it refuses.
@Suite struct CompareCommandTests {
  /// A file with the taps `one` and `two`, of 60 examples; `two` of other widths in each file.
  private func write(
    _ bench: Workbench, _ name: String, taps: [String], shift: Float, groups: Bool = false
  ) throws {
    try File.create(bench.path("\(name).h5")) { root in
      let group = try root.createGroup("features")
      for (place, tap) in taps.enumerated() {
        let width = 3 + place
        var values: [Float] = []
        for index in 0..<60 * width {
          values.append(Float((index * 37 + place * 11) % 53) / 53 + shift * Float(index % 7) / 7)
        }
        try group.write(tap, shape: [60, width], values)
      }
      if groups { try root.write("groups", shape: [60], (0..<60).map { Int64($0 / 3) }) }
    }
  }

  @Test func `every tap in both files is compared with itself`() throws {
    try Workbench.run { bench in
      try write(bench, "a", taps: ["one", "two", "three"], shift: 0)
      try write(bench, "b", taps: ["one", "two", "four"], shift: 0.3)
      let arguments = ["compare", "a.h5", "b.h5", "--measures", "cka-debiased,mean-square"]
      let text = try runAnamorph(arguments, in: bench.folder)
      #expect(text.status == 0, "\(text.error)")
      #expect(
        text.output.hasPrefix(
          "a.h5, b.h5: 2 taps in both\nonly in a.h5: three\nonly in b.h5: four\n\none: 3 and 3 features"
        ), "\(text.output)")
      #expect(text.output.contains("\n\ntwo: 4 and 4 features, 60 examples\n"))
      #expect(text.lines.count { $0.hasPrefix("mean-square ") } == 2)
      let csv = try runAnamorph(arguments + ["--format", "csv", "-o", "run"], in: bench.folder)
      let rows = csv.output.split(whereSeparator: \.isNewline).dropFirst()
      #expect(
        rows.map { $0.split(separator: ",").prefix(2).joined(separator: " ") } == [
          "one cka-debiased", "one mean-square", "two cka-debiased", "two mean-square",
        ])
      #expect(csv.error.contains("only in a.h5: three"))
      #expect(bench.exists("run"))
      let single = try runAnamorph(
        ["compare", "a.h5::/features/two", "b.h5::/features/two", "--measures", "mean-square"],
        in: bench.folder)
      #expect(single.status == 0 && single.output.contains("4 and 4 features, 60 examples"))
    }
  }

  @Test func `layers refuse what they would ignore`() throws {
    try Workbench.run { bench in
      try write(bench, "a", taps: ["one", "two"], shift: 0)
      for option in [
        ["--measures", "cka"], ["--draws", "5"], ["--sample", "9"], ["--seed", "1"],
        ["--head-before", "x.h5"],
      ] {
        let result = try runAnamorph(
          ["compare", "a.h5", "a.h5", "--layers"] + option, in: bench.folder)
        #expect(result.status == 64 && result.error.contains("--layers is debiased CKA"))
      }
      let plain = try runAnamorph(["compare", "a.h5", "a.h5", "--layers"], in: bench.folder)
      #expect(plain.status == 0 && plain.output.contains("debiased linear CKA"))
    }
  }

  @Test func `groups beside the features are used and said`() throws {
    try Workbench.run { bench in
      try write(bench, "a", taps: ["one"], shift: 0, groups: true)
      try write(bench, "b", taps: ["one"], shift: 0.3)
      let arguments = ["compare", "a.h5", "b.h5", "--measures", "mean-square"]
      let text = try runAnamorph(arguments, in: bench.folder)
      #expect(
        text.output.hasPrefix(
          "a.h5, b.h5: 3 and 3 features, 60 examples in 20 groups (a.h5::/groups)\n"),
        "\(text.output)\(text.error)")
      let csv = try runAnamorph(arguments + ["--format", "csv"], in: bench.folder)
      #expect(csv.output.contains("blocks, groups unsplit"))
    }
  }

  @Test func `extreme magnitudes and values that are not finite are told of their file`() throws {
    try Workbench.run { bench in
      for (name, scale) in [("plain", 1.0), ("tiny", 1e-200)] {
        try File.create(bench.path("\(name).h5")) { root in
          let values = (0..<120).map { Double(($0 * 37) % 53) * scale }
          try root.write("features", shape: [30, 4], values)
        }
      }
      try bench.expectTrouble(
        ["compare", "plain.h5", "tiny.h5", "--quiet"],
        says:
          "tiny.h5: the largest value is 5.2e-199, and sums of fourth powers of such numbers vanish"
      )
    }
  }
}
