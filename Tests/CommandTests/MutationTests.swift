import Foundation
import TestSupport
import Testing

/// Damaged files never crash the command, hang it or fill memory.
///
/// `script/fuzz` runs many more of the same: `ANAMORPH_MUTATIONS` says how many,
/// `ANAMORPH_SEED` from which seed on, `ANAMORPH_KEEP` where files that fail are kept.
@Suite struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["ANAMORPH_MUTATIONS"].flatMap { Int($0) } ?? 150
  private static let firstSeed = environment["ANAMORPH_SEED"].flatMap { UInt64($0) } ?? 1
  private static let threads = environment["ANAMORPH_THREADS"].flatMap { Int($0) } ?? 2

  @Test func `a damaged checkpoint ends with success or one line`() throws {
    let originals = try CheckpointFixtures.ofEveryLayout()
    let complaints = Complaints()
    try withTemporaryFolder { folder in
      DispatchQueue.concurrentPerform(iterations: Self.threads) { thread in
        for index in stride(from: thread, to: Self.count, by: Self.threads) {
          let seed = Self.firstSeed &+ UInt64(index)
          let place = "\(folder)/\(thread)"
          do {
            try? FileManager.default.removeItem(atPath: place)
            try FileManager.default.createDirectory(
              atPath: place, withIntermediateDirectories: true)
            try Self.check(originals, seed, place, complaints)
          } catch { complaints.add("seed \(seed): \(error)") }
        }
      }
    }
    print("\(Self.count) damaged files; ended so: \(complaints.ends)")
    #expect(complaints.all == [])
  }

  /// Damages a file of one of `originals` and lets every command that reads checkpoints read it.
  private static func check(
    _ originals: [[OriginalFile]], _ seed: UInt64, _ folder: String, _ complaints: Complaints
  ) throws {
    var mutator = FileMutator(seed: seed)
    let files = originals[Int(seed % UInt64(originals.count))]
    // The first is the one that is opened; of several, each has its turn.
    let damaged = Int(seed / UInt64(originals.count)) % files.count
    var byteCount = 0
    for (index, file) in files.enumerated() {
      let bytes = index == damaged ? mutator.mutated(file.bytes) : file.bytes
      byteCount = max(byteCount, bytes.count)
      try Data(bytes).write(to: URL(filePath: folder + "/" + file.name))
    }
    let path = folder + "/" + files[0].name
    let ending = seed % 2 == 0 ? "h5" : "safetensors"
    for arguments in [
      ["inspect", "--stats", path], ["diff", files[0].path, path],
      ["convert", path, folder + "/converted." + ending],
    ] {
      let run = try MeasuredRun(arguments, folder: folder)
      let complaint = run.complaint(
        file: byteCount, constant: 320 << 20, seconds: 60, different: arguments[0] == "diff")
      complaints.count(arguments[0], run.status)
      guard let complaint else { continue }
      complaints.add("seed \(seed) of \(files[damaged].name), \(arguments[0]): \(complaint)")
      if let kept = environment["ANAMORPH_KEEP"] {
        try? FileManager.default.copyItem(
          atPath: folder + "/" + files[damaged].name,
          toPath: "\(kept)/\(seed)-\(files[damaged].name)")
      }
    }
  }
}

/// What several threads saw.
private final class Complaints: @unchecked Sendable {
  private let lock = NSLock()
  private var texts: [String] = []
  private var counts: [String: Int] = [:]

  func add(_ text: String) {
    lock.withLock { texts.append(text) }
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// Counts a run of `command` that ended with `status`.
  func count(_ command: String, _ status: Int32?) {
    let end = "\(command) \(status.map { "\($0)" } ?? "signal")"
    lock.withLock { counts[end, default: 0] += 1 }
  }

  var all: [String] { lock.withLock { texts.sorted() } }

  var ends: String {
    lock.withLock { counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } }
      .joined(separator: ", ")
  }
}
