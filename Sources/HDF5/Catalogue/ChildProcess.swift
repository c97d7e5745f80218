#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A process that is given an open file as its descriptor 3 and answers on its standard output.
struct ChildProcess: ~Copyable {
  private let identifier: pid_t
  private let output: Int32

  /// How a process ended.
  enum End {
    case exited(Int32)
    case signal(Int32)
    case tooLong
    case tooMuch
  }

  init(
    _ executable: String, _ arguments: [String], file: Int32, path: String
  ) throws(HDF5Error) {
    var ends: [Int32] = [-1, -1]
    func failure(_ status: Int32) -> HDF5Error {
      HDF5Error(
        kind: .library, path: path,
        reason: "no process to read it: \(String(cString: strerror(status)))")
    }
    guard Self.openChannel(&ends) else { throw failure(errno) }
    defer { close(ends[1]) }
    // Out of the way of 0 to 3, which the process gets anew.
    let (writing, reading) = (
      fcntl(ends[1], F_DUPFD_CLOEXEC, 10), fcntl(file, F_DUPFD_CLOEXEC, 10)
    )
    defer {
      close(writing)
      close(reading)
    }
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    // Threads of a pool block signals, and the command ignores some: the process must not.
    var signals = sigset_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writing, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, reading, 3)
    var identifier: pid_t = 0
    let status = Self.withStrings([executable] + arguments) { arguments in
      Self.withStrings(Self.environment) { environment in
        posix_spawn(&identifier, executable, &actions, &attributes, arguments, environment)
      }
    }
    guard status == 0 else {
      close(ends[0])
      throw failure(status)
    }
    self.identifier = identifier
    output = ends[0]
  }

  deinit { close(output) }

  /// Two ends of a channel that no other process inherits, where the system can say so at once: one
  /// that another thread starts in between would keep the channel open.
  private static func openChannel(_ ends: inout [Int32]) -> Bool {
    #if canImport(Darwin)
      guard pipe(&ends) == 0 else { return false }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return true
    #else
      let kind = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
      return socketpair(AF_UNIX, kind, 0, &ends) == 0
    #endif
  }

  /// Only what the program needs to start: where its libraries are, and one thread.
  private static var environment: [String] {
    var variables = ["OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "SWIFT_BACKTRACE=enable=no"]
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH"] {
      if let value = getenv(name) { variables.append("\(name)=\(String(cString: value))") }
    }
    return variables
  }

  private static func withStrings<R>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
  ) -> R {
    let pointers = strings.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }

  /// All that the process says, and how it ended; it is stopped when it takes longer than
  /// `seconds` or says more than `limit` bytes.
  consuming func output(within seconds: Double, limit: Int) -> (bytes: [UInt8], end: End) {
    let deadline = Self.now() + seconds
    var bytes: [UInt8] = []
    // Room that is taken only as it is filled, so that nothing is copied into a larger one.
    bytes.reserveCapacity(limit)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var stopped: End?
    while true {
      let left = deadline - Self.now()
      guard left > 0 else {
        stopped = .tooLong
        break
      }
      var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Int32(min(left * 1000, 60_000)) + 1) != 0 else { continue }
      let count = buffer.withUnsafeMutableBytes { read(output, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      guard bytes.count + count <= limit else {
        stopped = .tooMuch
        break
      }
      bytes.append(contentsOf: buffer[..<count])
    }
    var status: Int32 = 0
    if stopped == nil {
      // It has closed its output; what is left to do is to end.
      while waitpid(identifier, &status, WNOHANG) == 0 {
        guard Self.now() < deadline else {
          stopped = .tooLong
          break
        }
        usleep(200)
      }
    }
    if let stopped {
      kill(identifier, SIGKILL)
      while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
      return (bytes, stopped)
    }
    let signal = status & 0x7F
    return (bytes, signal == 0 ? .exited(status >> 8 & 0xFF) : .signal(signal))
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
