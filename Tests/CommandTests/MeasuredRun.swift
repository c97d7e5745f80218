import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A run of the built command with what it took.
struct MeasuredRun {
  /// The exit status, or `nil` when a signal ended it.
  var status: Int32?
  /// The signal that ended it, 0 for none.
  var signal: Int32
  /// What it said on standard error.
  var error: String
  /// The most memory that it, or a process it started, held, in bytes; 0 when that is no more than
  /// these tests held: the kernel counts what a process held before it became the command, too.
  var memory: Int
  /// How long it took.
  var seconds: Double

  /// Runs the command with `arguments`, what it prints thrown away, and errors through a file in
  /// `folder`.
  init(_ arguments: [String], folder: String) throws {
    let errors = folder + "/stderr"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let command = builtCommand.path(percentEncoded: false)
    var pointers = ([command] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let start = Date()
    var identifier: pid_t = 0
    guard posix_spawn(&identifier, command, &actions, nil, &pointers, environ) == 0 else {
      throw POSIXError(.ENOENT)
    }
    var (raw, usage) = (Int32(0), rusage())
    while wait4(identifier, &raw, 0, &usage) < 0, errno == EINTR {}
    seconds = Date().timeIntervalSince(start)
    signal = raw & 0x7F
    status = signal == 0 ? raw >> 8 & 0xFF : nil
    var own = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &own)
    memory = usage.ru_maxrss > own.ru_maxrss ? usage.ru_maxrss * 1024 : 0
    error = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
  }

  /// What is wrong with how it ended, if anything is: a command ends with 0 and nothing
  /// but notes, or with 2
  /// and one line, after no long time and with no more memory than twice the file and `constant`.
  func complaint(file byteCount: Int, constant: Int, seconds limit: Double, different: Bool)
    -> String?
  {
    guard let status else { return "ended by signal \(signal)" }
    switch status {
    case 0,
      1 where different || status == 0:
      let isNotes = error.split(separator: "\n").allSatisfy { $0.hasPrefix("anamorph: note: ") }
      if !isNotes { return "status \(status) and words: \(error)" }
    case 2:
      if !error.hasPrefix("anamorph: ") || error.dropLast().contains("\n") || !error.hasSuffix("\n")
      {
        return "status 2 without one line: \(error)"
      }
    default: return "status \(status): \(error)"
    }
    if memory > 2 * byteCount + constant { return "\(memory >> 20) MiB of memory" }
    if seconds > limit { return "\(seconds) seconds" }
    return nil
  }
}
