import ArgumentParser
import HDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

@main
struct Anamorph: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "anamorph",
    abstract: "Tell what fine-tuning did to a network: which weights moved, in which directions, "
      + "and whether its features moved with them.",
    version: version,
    subcommands: [
      Inspect.self,
      Diff.self,
      Convert.self,
      Theory.self,
      Features.self,
      Compare.self,
      Merge.self,
      Distort.self,
      Train.self,
      Verify.self,
      Export.self,
    ])
  /// The first argument of the process that this command starts to parse the structures of a
  /// file; not for people.
  private static let reading = "read-structures"

  /// Runs the command; files are parsed by a process of its own, so that a damaged one can end
  /// only that.
  static func main() {
    if CommandLine.arguments.count > 1, CommandLine.arguments[1] == reading {
      // It writes by itself, without buffers: nothing is lost by leaving out what else is done at an
      // exit, such as closing HDF5, and it takes less time.
      _exit(ReaderService.run(Array(CommandLine.arguments.dropFirst(2))))
    }
    let reader = ReaderProcess(executable: executable, arguments: [reading])
    FileReader.$current.withValue(.childProcess(reader)) { main(nil) }
  }

  /// The path of this program.
  private static var executable: String {
    #if canImport(Darwin)
      var size = UInt32(4096)
      var path = [CChar](repeating: 0, count: Int(size))
      return _NSGetExecutablePath(&path, &size) == 0
        ? String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        : CommandLine.arguments[0]
    #else
      return "/proc/self/exe"
    #endif
  }
}
