import Files
import Foundation
import Reports
import TestSupport
import Testing

@Suite struct RunExportTests {
  /// A run with the tables that `kind` must have, and nothing in them.
  private func run(_ kind: String, in folder: String) throws -> RunDirectory {
    let names =
      kind == "verify"
      ? ["accuracy", "summary", "verdicts"] : ["features", "weights", "verdicts"]
    let run = try RunDirectory.create(at: folder)
    try run.write(
      names.map { Table($0, columns: [Column("claim", meaning: "A claim.")]) })
    try run.write(record: [
      "command": .text(kind), "version": "1",
      "experiments": [["name": "a_b", "title": "first\nsecond", "seeds": [0]]],
    ])
    return run
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func `tables, dictionary, record and notebook are written under the name of the run`()
    throws
  {
    try withTemporaryFolder { folder in
      let run = try run("verify", in: "\(folder)/mine")
      let files = try RunExport(run).write(to: "\(folder)/out")
      #expect(
        files == [
          "mine/README.md", "mine/accuracy.csv", "mine/dictionary.csv", "mine/summary.csv",
          "mine/verdicts.csv", "mine/run.json", "mine.ipynb",
        ])
      for file in files { #expect(try !text("\(folder)/out/\(file)").isEmpty) }
      #expect(
        try text("\(folder)/out/mine/verdicts.csv") == text("\(folder)/mine/tables/verdicts.csv"))
      #expect(try Folder.files(in: "\(folder)/out") == ["mine", "mine.ipynb"])
    }
  }

  @Test(arguments: ["verify", "distortion"])
  func `the notebook reads the tables beside it and has nothing run yet`(kind: String) throws {
    try withTemporaryFolder { folder in
      try RunExport(try run(kind, in: "\(folder)/run"), name: "it's \"mine\"")
        .write(to: "\(folder)/out")
      let notebook = try JSONText(parsing: text("\(folder)/out/it's \"mine\".ipynb"))
      #expect(notebook["nbformat"]?.integer == 4)
      #expect(notebook["nbformat_minor"]?.integer == 5)
      let cells = try #require(notebook["cells"]?.elements)
      let sources = cells.map { cell in
        (cell["source"]?.elements ?? []).compactMap(\.text).joined()
      }
      #expect(sources.contains { $0.contains(#"TABLES = Path("it's \"mine\"")"#) })
      #expect(!sources.joined().contains(folder))
      for cell in cells where cell["cell_type"]?.text == "code" {
        #expect(cell["outputs"]?.elements?.isEmpty == true)
      }
    }
  }

  @Test func `words of a run cannot become Markdown`() throws {
    try withTemporaryFolder { folder in
      try RunExport(try run("verify", in: "\(folder)/run")).write(to: "\(folder)/out")
      let notebook = try JSONText(parsing: text("\(folder)/out/run.ipynb"))
      let head = (notebook["cells"]?.elements?.first?["source"]?.elements ?? [])
        .compactMap(\.text).joined()
      #expect(head.contains("**a\\_b**, 1 seed: first second"))
    }
  }

  @Test func `files of the same names are replaced, others stay`() throws {
    try withTemporaryFolder { folder in
      let run = try run("distortion", in: "\(folder)/run")
      try RunExport(run).write(to: "\(folder)/out")
      try AtomicFile.write("old", to: "\(folder)/out/run/weights.csv")
      try AtomicFile.write("mine", to: "\(folder)/out/run/own.txt")
      try RunExport(run).write(to: "\(folder)/out")
      #expect(try text("\(folder)/out/run/weights.csv") == "claim\r\n")
      #expect(try text("\(folder)/out/run/own.txt") == "mine")
    }
  }

  @Test func `a failure leaves what was there`() throws {
    try withTemporaryFolder { folder in
      let export = try RunExport(try run("verify", in: "\(folder)/run"))
      try FileManager.default.createDirectory(
        atPath: "\(folder)/out/run.ipynb", withIntermediateDirectories: true)
      #expect(throws: FileError.self) { try export.write(to: "\(folder)/out") }
      #expect(try Folder.files(in: "\(folder)/out") == ["run.ipynb"])
    }
  }

  @Test func `a run that lacks a table is unfinished`() throws {
    try withTemporaryFolder { folder in
      let run = try run("verify", in: folder)
      try FileManager.default.removeItem(atPath: "\(folder)/tables/summary.csv")
      let error = #expect(throws: FileError.self) { try RunExport(run) }
      #expect(error?.reason.hasPrefix("an unfinished run: no tables/summary.csv") == true)
    }
  }

  @Test func `a run of another kind gives its tables only when no notebook is asked for`() throws {
    try withTemporaryFolder { folder in
      let run = try run("other", in: "\(folder)/run")
      #expect(throws: FileError.self) { try RunExport(run) }
      let files = try RunExport(run, hasNotebook: false).write(to: "\(folder)/out")
      #expect(!files.contains("run.ipynb"))
      #expect(files.contains("run/weights.csv"))
    }
  }
}
