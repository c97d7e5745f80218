import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

/// What a reader process describes is what the library reads in this one.
@Suite struct ReaderProcessTests {
  @Test(arguments: files(in: "HDF5Tests") + files(in: "CheckpointsTests"))
  func `a file read through another process holds what it holds read here`(name: String) throws {
    let path = folder(name.hasPrefix("HDF5Tests/") ? "HDF5Tests" : "CheckpointsTests")
      .appending(component: name.split(separator: "/").last.map(String.init) ?? name)
      .path(percentEncoded: false)
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
