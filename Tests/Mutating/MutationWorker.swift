import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport

#if canImport(Glibc)
  import Glibc
#endif

/// Reads damaged files, one after the other, and says how each ended.
struct MutationWorker {
  /// Where the files are written.
  let folder: String
  private let originals: [[OriginalFile]]
  private let constant = 320 << 20

  init(folder: String) throws {
    self.folder = folder
    originals = try CheckpointFixtures.ofEveryLayout()
  }

  func run(_ seeds: Range<UInt64>) throws {
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let reader = ReaderProcess(executable: executable, arguments: ["read-structures"])
    try FileReader.$current.withValue(.childProcess(reader)) {
      let sound = try originals.map { try Checkpoint.open($0[0].path) }
      for seed in seeds {
        say("at \(seed)")
        // A file that is read for longer than this ends the process.
        alarm(60)
        let index = Int(seed % UInt64(originals.count))
        try read(originals[index], sound[index], seed)
      }
    }
  }

  private func read(_ files: [OriginalFile], _ sound: Checkpoint, _ seed: UInt64) throws {
    var mutator = FileMutator(seed: seed)
    let damaged = Int(seed / UInt64(originals.count)) % files.count
    var byteCount = 0
    for (index, file) in files.enumerated() {
      let bytes = index == damaged ? mutator.mutated(file.bytes) : file.bytes
      byteCount = max(byteCount, bytes.count)
      try Data(bytes).write(to: URL(filePath: folder + "/" + file.name))
    }
    forgetPeak()
    let path = folder + "/" + files[0].name
    let name = files[damaged].name
    attempt("open", seed, name) {
      let checkpoint = try Checkpoint.open(path)
      attempt("inspect", seed, name) {
        for parameter in checkpoint.parameters { _ = try checkpoint.statistics(parameter) }
      }
      attempt("diff", seed, name) {
        _ = try CheckpointDifference(from: sound, to: checkpoint).isSame
      }
      attempt("convert", seed, name) {
        let output = folder + (seed % 2 == 0 ? "/converted.h5" : "/converted.safetensors")
        try checkpoint.write(to: output, as: seed % 2 == 0 ? .anamorph : .safetensors)
        guard try Checkpoint.open(output).digest() == checkpoint.digest() else {
          throw FileError(path: output, reason: "does not hold what was written")
        }
      }
    }
    var usage = rusage()
    getrusage(RUSAGE_CHILDREN.rawValue, &usage)
    let peak = max(peakMemory(), usage.ru_maxrss * 1024)
    if peak > 2 * byteCount + constant {
      say("seed \(seed) of \(name): \(peak >> 20) MiB of memory")
    }
  }

  private func attempt(_ action: String, _ seed: UInt64, _ name: String, _ body: () throws -> Void)
  {
    do {
      try body()
      say("end \(action) done")
    } catch let error as FileError {
      say("end \(action) one line")
      let line = error.description
      if line.contains("\n") || error.reason.isEmpty || line.contains("does not hold what was") {
        say("seed \(seed) of \(name), \(action): \(line.replacing("\n", with: "⏎"))")
      }
    } catch { say("seed \(seed) of \(name), \(action): \(error)") }
  }

  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  /// The most memory held since ``forgetPeak()``, in bytes.
  private func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
  }

  private func forgetPeak() {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  }
}
