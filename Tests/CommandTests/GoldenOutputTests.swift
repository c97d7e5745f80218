import Foundation
import TestSupport
import Testing

/// What commands print for committed files, whole.
///
/// Words are compared exactly, numbers with a tolerance, since last digits differ between processors
/// and libraries. To take over what is printed now, after looking at it:
///
///     ANAMORPH_UPDATE_GOLDEN=1 swift test --filter GoldenOutputTests; git diff Tests/CommandTests/Fixtures
@Suite struct GoldenOutputTests {
  /// A command line whose words name files of CheckpointsTests/Fixtures.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var arguments: [String]
    var status: Int32 = 0

    var testDescription: String { name }

    init(_ name: String, _ line: String, status: Int32 = 0) {
      self.name = name
      arguments = line.split(separator: " ").map(String.init)
      self.status = status
    }
  }

  static let cases: [Case] = [
    Case("inspect.txt", "inspect keras2_conv_adam.h5"),
    Case("inspect.csv", "inspect --format csv keras2_conv_adam.h5"),
    Case("inspect.json", "inspect --format json keras2_conv_adam.h5"),
    Case("inspect-stats.txt", "inspect --stats provenance_keras3.keras"),
    Case("inspect-stats.csv", "inspect --stats --format csv provenance_keras3.keras"),
    Case("inspect-stats.json", "inspect --stats --format json provenance_keras3.keras"),
    Case("inspect-nan.txt", "inspect --stats nan.h5"),
    Case("inspect-torch.txt", "inspect --stats provenance_pytorch.safetensors"),
    Case("inspect-graph.txt", "inspect --graph keras2_conv_adam.h5"),
    Case("inspect-graph.csv", "inspect --graph --format csv keras2_conv_adam.h5"),
    Case("inspect-graph.json", "inspect --graph --format json keras2_conv_adam.h5"),
    Case("inspect-keras1.txt", "inspect --stats keras1_recurrent.h5"),
    Case("diff.txt", "diff keras2_conv_adam.h5 keras2_conv_head.h5", status: 1),
    Case("diff.csv", "diff --format csv keras2_conv_adam.h5 keras2_conv_head.h5", status: 1),
    Case("diff.json", "diff --format json keras2_conv_adam.h5 keras2_conv_head.h5", status: 1),
    Case(
      "diff-spectrum.txt",
      "diff --spectrum --top 2 --draws 5 keras2_conv_adam.h5 keras2_conv_head.h5", status: 1),
    Case(
      "diff-spectrum.csv",
      "diff --spectrum --top 2 --draws 5 --format csv keras2_conv_adam.h5 keras2_conv_head.h5",
      status: 1),
    Case(
      "diff-spectrum.json",
      "diff --spectrum --top 2 --draws 5 --format json keras2_conv_adam.h5 keras2_conv_head.h5",
      status: 1),
    Case("diff-shapes.txt", "diff base.h5 replaced_head.h5", status: 1),
    Case("diff-inserted.txt", "diff base.h5 inserted.h5", status: 1),
    Case(
      "diff-layouts.txt",
      "diff provenance_keras2.h5 provenance_pytorch.safetensors"),
    Case("diff-quantized.txt", "diff unquantized.keras quantized.keras", status: 1),
    Case("diff-flattened.txt", "diff flat_keras2.h5 flat_pytorch.safetensors"),
    Case("trajectory.txt", "diff base.h5 statistics.h5 replaced_head.h5", status: 1),
    Case("trajectory.csv", "diff --format csv base.h5 statistics.h5 replaced_head.h5", status: 1),
    Case("trajectory.json", "diff --format json base.h5 statistics.h5 replaced_head.h5", status: 1),
  ]

  @Test(arguments: cases) func `what is printed is what was`(example: Case) throws {
    let result = try runAnamorph(example.arguments, in: Self.checkpoints)
    #expect(result.status == example.status)
    #expect(result.error.isEmpty, "\(result.error)")
    try compare(result.output, with: example.name)
  }

  @Test(arguments: ["anamorph.h5", "converted.safetensors"])
  func `what is converted reads as what it was`(name: String) throws {
    try withTemporaryFolder { folder in
      let source = Self.checkpoints + "/keras1_flattened.h5"
      let written = try runAnamorph(["convert", source, name], in: folder)
      #expect(written.status == 0 && written.output.isEmpty && written.error.isEmpty)
      let shown = try runAnamorph(["inspect", "--stats", name], in: folder)
      try compare(shown.output, with: "convert-\(name).txt")
    }
  }

  @Test func `the comparison tells words and numbers apart`() {
    #expect(Self.difference("a 1.0000001 b", "a 1.0 b", tolerance: 1e-6) == nil)
    #expect(Self.difference("a 1.1 b", "a 1.0 b", tolerance: 1e-6) != nil)
    #expect(Self.difference("a 1.0 b", "a 1.0 c", tolerance: 1) != nil)
    #expect(Self.difference("1 2", "1", tolerance: 1) != nil)
    #expect(Self.difference("12e5ab 3×4", "12e5ac 3×4", tolerance: 1) != nil)
    #expect(Self.difference("x  1.5", "x 1.5", tolerance: 0) == nil)
  }

  private static let checkpoints = URL(filePath: checkpoint("x")).deletingLastPathComponent()
    .path(percentEncoded: false)

  private func compare(
    _ output: String, with name: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let golden = URL(filePath: fixture("golden/" + name))
    if ProcessInfo.processInfo.environment["ANAMORPH_UPDATE_GOLDEN"] != nil {
      try FileManager.default.createDirectory(
        at: golden.deletingLastPathComponent(), withIntermediateDirectories: true)
      try output.write(to: golden, atomically: true, encoding: .utf8)
      return
    }
    let expected = try String(contentsOf: golden, encoding: .utf8)
    // People are shown three or four digits.
    let tolerance = name.hasSuffix(".txt") ? 0.006 : 1e-6
    if let difference = Self.difference(output, expected, tolerance: tolerance) {
      Issue.record("\(name): \(difference)", sourceLocation: location)
    }
  }

  /// Where two texts differ; `nil` when words agree, and numbers to the tolerance, relative, or
  /// absolutely to 1e-9. Runs of spaces count as one, since numbers set the width of columns.
  private static func difference(
    _ found: String, _ expected: String, tolerance: Double
  ) -> String? {
    let (a, b) = (tokens(found), tokens(expected))
    for (x, y) in zip(a, b) where x != y {
      guard let p = Double(x), let q = Double(y), p.isFinite, q.isFinite else {
        return "'\(x)' where '\(y)' was"
      }
      if abs(p - q) > tolerance * max(abs(p), abs(q)) + 1e-9 { return "\(x) where \(y) was" }
    }
    return a.count == b.count ? nil : "\(a.count) words and signs where \(b.count) were"
  }

  private static func tokens(_ text: String) -> [String] {
    var tokens: [String] = []
    var word = ""
    func isPart(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || "._+-".contains(character)
    }
    for character in text {
      if isPart(character) {
        word.append(character)
        continue
      }
      if !word.isEmpty { tokens.append(word) }
      word = ""
      if character != " " { tokens.append(String(character)) }
    }
    return word.isEmpty ? tokens : tokens + [word]
  }
}
