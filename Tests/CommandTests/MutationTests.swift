import Foundation
import TestSupport
import Testing

/// Damaged files never crash the command, hang it or fill memory.
///
/// `script/fuzz` runs many more of the same: `ANAMORPH_MUTATIONS` says how many,
/// `ANAMORPH_SEED` from which seed on, `ANAMORPH_KEEP` where files that fail are kept.
@Suite struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["ANAMORPH_MUTATIONS"].flatMap { Int($0) } ?? 300
  private static let firstSeed = environment["ANAMORPH_SEED"].flatMap { UInt64($0) } ?? 1
  private static let threads = 2

  private static let originals = [
    "keras2_conv_adam", "keras2_conv_weights", "keras3_legacy", "keras2_nested_sgd", "keras0",
    "chunked_names", "base", "session", "keras3.weights", "../../CommandTests/Fixtures/deflated",
    "../../CommandTests/Fixtures/own", "../../CommandTests/Fixtures/rare",
  ]

  @Test func `a damaged checkpoint ends with success or one line`() throws {
    let originals = try Self.originals.map { name in
      (name, [UInt8](try Data(contentsOf: URL(filePath: checkpoint(name)))))
    }
    let complaints = Complaints()
    try withTemporaryFolder { folder in
      DispatchQueue.concurrentPerform(iterations: Self.threads) { thread in
        let place = "\(folder)/\(thread)"
        try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        for index in stride(from: thread, to: Self.count, by: Self.threads) {
          let seed = Self.firstSeed &+ UInt64(index)
          let (name, bytes) = originals[index % originals.count]
          do {
            try Self.check(name, bytes, seed, place, complaints)
          } catch { complaints.add("seed \(seed): \(error)") }
        }
      }
    }
    #expect(complaints.all == [])
  }

  private static func check(
    _ name: String, _ bytes: [UInt8], _ seed: UInt64, _ folder: String, _ complaints: Complaints
  ) throws {
    var mutator = FileMutator(seed: seed)
    let damaged = mutator.mutated(bytes)
    let path = folder + "/damaged.h5"
    try Data(damaged).write(to: URL(filePath: path))
    let isDifference = seed % 4 == 0
    let arguments =
      isDifference ? ["diff", checkpoint(name), path] : ["inspect", "--stats", path]
    let run = try MeasuredRun(arguments, folder: folder)
    let complaint = run.complaint(
      file: max(damaged.count, bytes.count), constant: 320 << 20, seconds: 60,
      different: isDifference)
    guard let complaint else { return }
    complaints.add("seed \(seed) of \(name), \(arguments[0]): \(complaint)")
    if let kept = environment["ANAMORPH_KEEP"] {
      try Data(damaged).write(to: URL(filePath: "\(kept)/\(seed).h5"))
    }
  }
}

/// Complaints from several threads.
private final class Complaints: @unchecked Sendable {
  private let lock = NSLock()
  private var texts: [String] = []

  func add(_ text: String) { lock.withLock { texts.append(text) } }
  var all: [String] { lock.withLock { texts.sorted() } }
}
