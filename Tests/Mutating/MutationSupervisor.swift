import Foundation

/// Starts the process that reads damaged files, again after each file that ended it.
struct MutationSupervisor {
  /// Where files that fail are kept.
  let kept: String

  /// Whether all seeds came to a good end.
  func run(_ seeds: Range<UInt64>) throws -> Bool {
    let folder = FileManager.default.temporaryDirectory
      .appending(component: "anamorph-\(UUID().uuidString)").path(percentEncoded: false)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var totals: [String: Int] = [:]
    var complaints: [String] = []
    var next = seeds.lowerBound
    while next < seeds.upperBound {
      let worker = Process()
      worker.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      worker.arguments = ["work", "\(next)", "\(seeds.upperBound)", folder]
      let output = Pipe()
      worker.standardOutput = output
      try worker.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      worker.waitUntilExit()
      // "at SEED" before a file, then a line for each end or complaint.
      for line in text.split(separator: "\n") {
        if line.hasPrefix("at ") {
          next = (UInt64(line.dropFirst(3)) ?? next) + 1
        } else if line.hasPrefix("end ") {
          totals[String(line.dropFirst(4)), default: 0] += 1
        } else {
          complaints.append(String(line))
        }
      }
      if worker.terminationReason == .uncaughtSignal || worker.terminationStatus != 0 {
        complaints.append("seed \(next - 1): ended by signal \(worker.terminationStatus)")
        keep(folder, next - 1)
      } else {
        break
      }
    }
    for (end, count) in totals.sorted(by: { $0.key < $1.key }) { print("\(end): \(count)") }
    print("\(complaints.count) complaints")
    for complaint in complaints { print(complaint) }
    return complaints.isEmpty
  }

  private func keep(_ folder: String, _ seed: UInt64) {
    try? FileManager.default.removeItem(atPath: "\(kept)/\(seed)")
    try? FileManager.default.copyItem(atPath: folder, toPath: "\(kept)/\(seed)")
  }
}
