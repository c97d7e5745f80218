import Foundation
import HDF5
import TestSupport
import Testing

/// A folder with small sets and checkpoints, in which commands are run.
struct Workbench {
  let folder: String

  /// Runs `body` with a folder that holds `id.h5` and `ood.h5`, 90 labelled examples of six numbers
  /// in a plane each.
  static func run(_ body: (Workbench) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let bench = Workbench(folder: folder)
      try bench.writeSet("id")
      try bench.writeSet("ood", shift: 0.7)
      try body(bench)
    }
  }

  func path(_ name: String) -> String { "\(folder)/\(name)" }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// Everything in the folder, to see that an error left nothing behind.
  var contents: Set<String> {
    get throws { Set(try FileManager.default.subpathsOfDirectory(atPath: folder)) }
  }

  /// Examples of `width` numbers, the first two of them far from the origin by class, the rest zero.
  func writeSet(
    _ name: String, width: Int = 6, count: Int = 90, classes: Int = 3, shift: Float = 0,
    damage: Float? = nil
  ) throws {
    var values: [Float] = []
    for row in 0..<count {
      let angle = 2 * Double.pi * Double(row % classes) / Double(classes)
      let noise = Float((row * 37) % 19) / 19 - 0.5
      values += [3 * Float(cos(angle)) + noise + shift, 3 * Float(sin(angle)) - noise]
      values += [Float](repeating: 0, count: width - 2)
    }
    if let damage { values[5 * width + 1] = damage }
    try File.create(path("\(name).h5")) { root in
      try root.write("images", shape: [count, width], values)
      try root.write("labels", shape: [count], (0..<count).map { Int32($0 % classes) })
    }
  }

  /// Runs the command in the folder.
  func anamorph(_ arguments: String...) throws -> CommandResult {
    try runAnamorph(arguments, in: folder)
  }

  /// Trains `pre.h5` and fine-tunes it to `ft.h5`.
  func train() throws {
    let pretrained = try anamorph(
      "train", "pretrain", "--data", "id.h5", "--hidden", "8", "5", "--steps", "60", "-o", "pre.h5")
    try #require(pretrained.status == 0, "\(pretrained.error)")
    let tuned = try anamorph(
      "train", "ft", "--from", "pre.h5", "--data", "id.h5", "--rates", "0.03", "--epochs", "4",
      "-o", "ft.h5")
    try #require(tuned.status == 0, "\(tuned.error)")
  }

  /// Checks that a command ends with status 2, one line on standard error that begins as given,
  /// nothing on standard output and nothing new in the folder.
  func expectTrouble(
    _ arguments: [String], says words: String, at location: SourceLocation = #_sourceLocation
  ) throws {
    let before = try contents
    let result = try runAnamorph(arguments, in: folder)
    #expect(result.status == 2, sourceLocation: location)
    #expect(result.output == "", sourceLocation: location)
    let lines = result.error.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2 && lines.last == "", "\(result.error)", sourceLocation: location)
    #expect(
      result.error.hasPrefix("anamorph: \(words)"), "\(result.error)", sourceLocation: location)
    #expect(try contents == before, "something was left behind", sourceLocation: location)
  }
}
