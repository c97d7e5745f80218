import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

/// What a reader process describes is what the library reads in this one.
@Suite struct ReaderProcessTests {
  static let names = ["HDF5Tests", "CheckpointsTests", "CommandTests"].flatMap(files).filter {
    name in
    // What another process refuses is not for the library in this one.
    ![
      "circles.h5", "hostile_circle.h5", "hostile_text.h5", "links_circle.h5",
      "links_circle.weights.h5",
    ].contains(where: name.hasSuffix)
  }

  @Test(arguments: names)
  func `a file read through another process holds what it holds read here`(name: String) throws {
    let path = path(name)
    let here = Result { try contents(File(readingAt: path).root) }
    let there = elsewhere { Result { try contents(File(readingAt: path).root) } }
    switch (here, there) {
    case (.success(let here), .success(let there)):
      for (a, b) in zip(here, there) { #expect(a == b) }
      #expect(here.count == there.count)
    case (.failure(let here), .failure(let there)): #expect("\(here)" == "\(there)")
    default: Issue.record("\(here) here, \(there) there")
    }
  }

  @Test func `a file that was removed after it was opened is read on`() throws {
    try withTemporaryFolder { folder in
      let (original, copy) = (path("CommandTests/rare.h5"), folder + "/copy.h5")
      try FileManager.default.copyItem(atPath: original, toPath: copy)
      let root = try elsewhere { try File(readingAt: copy).root }
      try FileManager.default.removeItem(atPath: copy)
      let there = try contents(root).map { $0.replacing(copy, with: original) }
      #expect(try there == contents(File(readingAt: original).root))
    }
  }

  @Test func `packed blocks that hold fewer values than their extents are refused`() throws {
    // The library gives what lies in memory behind them, other values at each reading.
    try withTemporaryFolder { folder in
      var bytes = try Data(contentsOf: URL(filePath: path("CommandTests/rare.h5")))
      // The extent of blocks of 50 values packed by scale-offset.
      #expect(bytes[7171..<7175].elementsEqual([50, 0, 0, 0]))
      for extent: UInt8 in [40, 60, 100] {
        bytes[7171] = extent
        try bytes.write(to: URL(filePath: folder + "/damaged.h5"))
        let error = try elsewhere {
          let scaled = try File(readingAt: folder + "/damaged.h5").root.dataset("layer/scaled")
          return try #require(throws: HDF5Error.self) { try scaled.read(as: Double.self) }
        }
        #expect(error.kind == .damaged)
        #expect(error.reason.contains("fewer values than its extents say"))
      }
    }
  }

  @Test func `groups that hold themselves are refused, groups with two names are links`() throws {
    let root = try elsewhere { try File(readingAt: path("CommandTests/circles.h5")).root }
    func reason(_ name: String) throws -> String {
      try #require(throws: HDF5Error.self) { try root.group(name) }.reason
    }
    let circle =
      "a group that holds itself, which is never followed; save the file without that link"
    #expect(try reason("top") == circle)
    #expect(try reason("a/b/up/b") == circle)
    #expect(
      try reason(String(repeating: "deep/", count: 110))
        == "more than 100 groups deep; save it in fewer")
    let kinds = Dictionary(uniqueKeysWithValues: try root.entries().map { ($0.name, $0.kind) })
    #expect(kinds["top"] == .unknown && kinds["shared"] == .dataset)
    #expect(try root.group("a").entries().map(\.kind) == [.group, .softLink])
    #expect(try root.dataset("a/other/values").path == "/a/b/values")
    #expect(try root.dataset("shared").read(as: Float.self).count == 10)
  }

  @Test(arguments: [
    (["/bin/sh", "-c", "kill -SEGV $$"], "the reader stopped on a damaged structure (signal 11)"),
    (["/bin/sh", "-c", "kill -XCPU $$"], "the reader did not finish in"),
    (["/bin/sh", "-c", "exec sleep 60"], "the reader did not finish in 0 seconds"),
    (["/bin/sh", "-c", "exec >&-; exec sleep 60"], "the reader did not finish in 0 seconds"),
    (["/bin/sh", "-c", "echo garbage"], "the reader gave an answer without sense"),
    (["/bin/sh", "-c", "true"], "the reader gave an answer without sense"),
    (["/bin/sh", "-c", "exec cat /dev/zero"], "describes more than a file of its size can hold"),
    (["/bin/sh", "-c", "exit 3"], "the reader process ended with status 3"),
    (["/nonexistent"], "no process to read it: No such file or directory"),
  ])
  func `a reader that fails is an error of the file`(command: [String], words: String) throws {
    let reader = ReaderProcess(
      executable: command[0], arguments: Array(command.dropFirst()), seconds: 0.9)
    let error = FileReader.$current.withValue(.childProcess(reader)) {
      #expect(throws: HDF5Error.self) { try File(readingAt: path("HDF5Tests/storage.h5")) }
    }
    #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
  }

  @Test func `a garbled answer never traps`() throws {
    let path = path("CommandTests/deflated.h5")
    let answer = try #require(
      try Self.output("exec \"$0\" read-structures catalogue 3<\"$1\"", path))
    #expect(answer.count > 500)
    try withTemporaryFolder { folder in
      var opened = 0
      for seed in 1...400 {
        var mutator = FileMutator(seed: UInt64(seed))
        try Data(mutator.mutated([UInt8](answer))).write(to: URL(filePath: folder + "/answer"))
        let reader = ReaderProcess(
          executable: "/bin/sh", arguments: ["-c", "exec cat \"$0\"", folder + "/answer"])
        FileReader.$current.withValue(.childProcess(reader)) {
          guard let root = try? File(readingAt: path).root else { return }
          opened += 1
          _ = try? contents(root)
        }
      }
      #expect(opened > 10 && opened < 400)
    }
  }

  private static func output(_ script: String, _ path: String) throws -> Data? {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", script, builtCommand.path(percentEncoded: false), path]
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    return try output.fileHandleForReading.readToEnd()
  }
}

/// Runs `body` with files read through the built command.
func elsewhere<R>(seconds: Double = 10, _ body: () throws -> R) rethrows -> R {
  let reader = ReaderProcess(
    executable: builtCommand.path(percentEncoded: false), arguments: ["read-structures"],
    seconds: seconds)
  return try FileReader.$current.withValue(.childProcess(reader), operation: body)
}

private func folder(_ tests: String) -> URL {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(components: tests, "Fixtures")
}

private func path(_ name: String) -> String {
  let parts = name.split(separator: "/").map(String.init)
  return folder(parts[0]).appending(component: parts[1]).path(percentEncoded: false)
}

private func files(in tests: String) -> [String] {
  let names = try? FileManager.default.contentsOfDirectory(
    atPath: folder(tests).path(percentEncoded: false))
  return (names ?? []).filter { $0.hasSuffix(".h5") }.sorted().map { "\(tests)/\($0)" }
}

/// A line for everything that a reader of `group` can see, values included.
private func contents(_ group: Group, depth: Int = 0) throws -> [String] {
  var lines = attributes(group)
  for entry in try group.entries() {
    lines.append("\(group.path) \(entry.name) \(entry.kind)")
    switch entry.kind {
    case .group where depth < 8:
      lines += try contents(group.group(entry.name), depth: depth + 1)
    default:
      do throws(HDF5Error) {
        lines += values(try group.dataset(entry.name))
      } catch { lines.append("\(error)") }
    }
  }
  return lines
}

private func attributes(_ object: Object) -> [String] {
  guard let names = try? object.attributeNames() else { return ["\(object.path) no attributes"] }
  return names.map { name in
    do {
      guard let attribute = try object.attribute(name) else { return "\(name) is not there" }
      return "\(object.path) @\(name) \(attribute)"
    } catch { return "\(error)" }
  }
}

private func values(_ dataset: Dataset) -> [String] {
  var lines = attributes(dataset)
  lines.append(
    "\(dataset.path) \(dataset.shape) \(dataset.isNull) \(dataset.elementType) "
      + "\(dataset.isBigEndian) \(dataset.storage.layout) \(dataset.storage.filters) "
      + "\(dataset.storage.byteCount)")
  func line(_ read: () throws -> Any) {
    lines.append((try? "\(read())") ?? (Result { try read() }).failureText)
  }
  line { try dataset.read(as: Float.self).map(\.bitPattern) }
  line { try dataset.read(as: Double.self).map(\.bitPattern) }
  line { try dataset.read(as: Int64.self) }
  line { try dataset.read(as: UInt8.self) }
  line { try dataset.readStrings() }
  if let rows = dataset.shape.first, rows > 2 {
    line { try dataset.read(as: Float.self, rows: 1..<rows - 1).map(\.bitPattern) }
    line { try dataset.readStrings(rows: 1..<rows - 1) }
  }
  return lines
}

extension Result {
  fileprivate var failureText: String {
    switch self {
    case .success: ""
    case .failure(let error): "\(error)"
    }
  }
}
