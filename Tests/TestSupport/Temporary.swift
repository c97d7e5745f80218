import Foundation

/// Runs `body` with a fresh folder that is gone afterwards.
public func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory
    .appending(component: "anamorph-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path(percentEncoded: false))
}

/// The path of a fixture that lies in `Fixtures/` beside the test file that asks.
public func fixture(_ name: String, beside file: String = #filePath) -> String {
  URL(filePath: file).deletingLastPathComponent().appending(components: "Fixtures", name)
    .path(percentEncoded: false)
}
