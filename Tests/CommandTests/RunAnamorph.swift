import Foundation
import Testing

/// What a run of the built command gave.
struct CommandResult: Sendable {
  /// The exit status, or the number of the signal that ended it.
  var status: Int32
  /// Standard output.
  var output: String
  /// Standard error.
  var error: String

  /// The lines of standard output.
  var lines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// Runs the built command as a person would, with nothing on standard input.
///
/// Both pipes are read at once, so neither can fill up while the other is waited for.
func runAnamorph(
  _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]
) throws -> CommandResult {
  let process = Process()
  process.executableURL = builtCommand
  process.arguments = arguments
  if let folder { process.currentDirectoryURL = URL(filePath: folder) }
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  process.standardInput = FileHandle.nullDevice
  let (output, error) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = error
  try process.run()
  let errorText = Drain(error)
  let outputText = Drain(output)
  process.waitUntilExit()
  return CommandResult(
    status: process.terminationStatus, output: outputText.text(), error: errorText.text())
}

/// The same, in the words of the tests that need nothing but arguments.
func anamorph(_ arguments: [String]) throws -> CommandResult { try runAnamorph(arguments) }

/// The command that was built beside the tests, or the one that `ANAMORPH_COMMAND` names.
let builtCommand =
  ProcessInfo.processInfo.environment["ANAMORPH_COMMAND"].map { URL(filePath: $0) }
  ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
  .appending(component: "anamorph")

/// The path of a checkpoint fixture.
func checkpoint(_ name: String) -> String {
  URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(components: "CheckpointsTests", "Fixtures", name + ".h5").path(percentEncoded: false)
}

/// Reads a pipe to its end on a thread of its own.
private final class Drain: @unchecked Sendable {
  private let finished = DispatchSemaphore(value: 0)
  private var data = Data()

  init(_ pipe: Pipe) {
    Thread.detachNewThread {
      self.data = pipe.fileHandleForReading.readDataToEndOfFile()
      self.finished.signal()
    }
  }

  func text() -> String {
    finished.wait()
    return String(decoding: data, as: UTF8.self)
  }
}
