// libFuzzer's driver around each parser of files from strangers; `script/fuzz --libfuzzer` builds
// and runs it. `ANAMORPH_PARSER` says which; with `seeds FOLDER` it writes what to begin from.

import Foundation

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

let parserName = ProcessInfo.processInfo.environment["ANAMORPH_PARSER"] ?? ""
guard let chosen = FuzzedParser(rawValue: parserName) else {
  let names = FuzzedParser.allCases.map(\.rawValue).joined(separator: " ")
  FileHandle.standardError.write(Data("ANAMORPH_PARSER must be one of: \(names)\n".utf8))
  exit(64)
}
nonisolated let parser = chosen
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "seeds" {
  try parser.writeSeeds(to: CommandLine.arguments[2])
  exit(0)
}

var count = CommandLine.argc
nonisolated(unsafe) var arguments = CommandLine.unsafeArgv
exit(
  runDriver(&count, &arguments) { bytes, count in
    parser.parse([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  })

/// What the driver's own entry would call, which nothing does.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { 0 }
