import Foundation

/// What a run of the built command left behind.
struct CommandResult {
  var status: Int32
  var output: String
  var error: String
}

/// Runs the built `anamorph` as a person would, without a terminal.
func anamorph(_ arguments: [String]) throws -> CommandResult {
  let process = Process()
  process.executableURL = URL(filePath: CommandLine.arguments[0])
    .deletingLastPathComponent().appending(component: "anamorph")
  process.arguments = arguments
  let (output, error) = (Pipe(), Pipe())
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = output
  process.standardError = error
  try process.run()
  // Read before waiting: a full pipe would stop the command. Standard error is short.
  let written = try output.fileHandleForReading.readToEnd() ?? Data()
  let complained = try error.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return CommandResult(
    status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
    error: String(decoding: complained, as: UTF8.self))
}
