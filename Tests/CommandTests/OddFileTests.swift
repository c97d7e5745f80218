import Foundation
import HDF5
import TestSupport
import Testing

/// What is read of files that were made to be odd, for `script/compare-with-h5py` to compare.
///
/// Runs only with `ANAMORPH_ODD_FILES`, the folder with the files, and `ANAMORPH_ODD_VALUES`, a
/// folder for what is read of them.
@Suite(
  .enabled(if: ProcessInfo.processInfo.environment["ANAMORPH_ODD_FILES"] != nil, "by request only"))
struct OddFileTests {
  @Test func `odd files are read or refused`() throws {
    let environment = ProcessInfo.processInfo.environment
    let folder = try #require(environment["ANAMORPH_ODD_FILES"])
    let output = try #require(environment["ANAMORPH_ODD_VALUES"])
    var lines: [String] = []
    var number = 0
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    for name in files.sorted() {
      let path = folder + "/" + name
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
        !isFolder.boolValue, !name.hasSuffix(".md"), !name.hasSuffix(".tsv")
      else { continue }
      elsewhere {
        do throws(HDF5Error) {
          let file = try File(readingAt: path)
          lines.append("\(name)\t\topened\t")
          try datasets(try file.root) { dataset in
            let outcome: String
            switch dataset {
            case .success(let dataset):
              number += 1
              outcome = Self.outcome(dataset, "\(output)/\(number)")
              lines.append("\(name)\t\(dataset.path)\t\(outcome)")
            case .failure(let error):
              lines.append("\(name)\t\(error.object ?? "")\trefused\t\(Self.plain(error.reason))")
            }
          }
        } catch { lines.append("\(name)\t\trefused\t\(Self.plain(error.reason))") }
      }
    }
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: output + "/index.tsv", atomically: true, encoding: .utf8)
  }

  private static func plain(_ text: String) -> String {
    text.replacing("\t", with: " ").replacing("\n", with: " ")
  }

  /// Writes the values of `dataset` to `place`, and says as what, or why not.
  private static func outcome(_ dataset: Dataset, _ place: String) -> String {
    do {
      let bytes: Data
      let kind: String
      func raw<T>(_ values: [T]) -> Data { values.withUnsafeBytes { Data($0) } }
      if dataset.isNull { return "null\t" }
      switch dataset.elementType {
      case .integer(_, true): (kind, bytes) = ("i8", raw(try dataset.read(as: Int64.self)))
      case .integer(_, false): (kind, bytes) = ("u8", raw(try dataset.read(as: UInt64.self)))
      case .boolean: (kind, bytes) = ("u1", raw(try dataset.read(as: UInt8.self)))
      case .float16, .bfloat16, .float32, .float64:
        (kind, bytes) = ("f8", raw(try dataset.read(as: Double.self)))
      case .fixedString, .variableString:
        kind = "text"
        bytes = Data(try dataset.readStrings().map { $0 + "\0" }.joined().utf8)
      case .opaque, .other:
        return "refused\tits elements are \(plain("\(dataset.elementType)")), which is not read"
      }
      try bytes.write(to: URL(filePath: place))
      return "\(kind)\t\(place)"
    } catch let error as HDF5Error {
      return "refused\t\(plain(error.reason))"
    } catch { return "refused\t\(plain("\(error)"))" }
  }
}

/// Calls `body` with every dataset below `group`, or why it cannot be opened.
private func datasets(
  _ group: Group, depth: Int = 0, _ body: (Result<Dataset, HDF5Error>) -> Void
) throws(HDF5Error) {
  for entry in try group.entries() {
    do throws(HDF5Error) {
      switch entry.kind {
      case .group: if depth < 50 { try datasets(group.group(entry.name), depth: depth + 1, body) }
      case .dataset: body(.success(try group.dataset(entry.name)))
      case .softLink, .namedType: continue
      case .externalLink, .unknown: _ = try group.dataset(entry.name)
      }
    } catch {
      body(.failure(error))
    }
  }
}
