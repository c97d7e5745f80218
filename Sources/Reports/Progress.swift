import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A line on standard error that says how far a long computation is, how fast, and how long still.
///
///     let progress = Progress("features", total: 10_000, unit: "images", isQuiet: options.quiet)
///     for batch in batches { …; progress.advance(by: batch.count) }
///     progress.finish()
///
/// Nothing is printed unless standard error is a terminal and the user did not ask for quiet. The
/// line is redrawn at most ten times per second and erased at the end. Any thread may advance it.
public final class Progress: Sendable {
  private struct State {
    var done = 0
    var lastDrawn = -Double.infinity
    var isDrawn = false
    var isFinished = false
  }

  private let title: String
  private let total: Int?
  private let unit: String
  private let width: Int?
  private let started: Double
  private let now: @Sendable () -> Double
  private let output: (@Sendable (String) -> Void)?
  private let state = Mutex(State())

  /// Starts counting `unit`s, of `total` when that is known.
  public convenience init(_ title: String, total: Int? = nil, unit: String, isQuiet: Bool = false) {
    let isShown = !isQuiet && isatty(STDERR_FILENO) == 1
    self.init(
      title, total: total, unit: unit, width: Style.standardError().width,
      now: Progress.secondsSinceBoot, output: isShown ? Progress.writeToStandardError : nil)
  }

  /// Draws through `output`, or not at all when there is none, with the time taken from `now`.
  package init(
    _ title: String, total: Int?, unit: String, width: Int?, now: @escaping @Sendable () -> Double,
    output: (@Sendable (String) -> Void)?
  ) {
    self.title = title
    self.total = total
    self.unit = unit
    self.width = width
    self.now = now
    self.output = output
    started = now()
  }

  /// Counts `count` more as done.
  public func advance(by count: Int = 1) {
    state.withLock { state in
      state.done += count
      guard let output, !state.isFinished else { return }
      let time = now()
      guard time - state.lastDrawn >= 0.1 else { return }
      state.lastDrawn = time
      state.isDrawn = true
      output("\r\u{1B}[K" + cut(line(done: state.done, seconds: time - started)))
    }
  }

  /// Erases the line; later calls draw nothing.
  public func finish() {
    state.withLock { state in
      if state.isDrawn, !state.isFinished { output?("\r\u{1B}[K") }
      state.isFinished = true
    }
  }

  /// How many have been counted.
  public var done: Int { state.withLock { $0.done } }

  private func cut(_ line: String) -> String {
    width.map { TextWidth.cut(line, to: max(1, $0 - 1)) } ?? line
  }

  private func line(done: Int, seconds: Double) -> String {
    var parts = ["\(title): \(NumberText.count(done))"]
    if let total {
      parts[0] += " of \(NumberText.count(total)) \(unit)"
      if total > 0 {
        parts[0] += " (\(NumberText.percent(Double(done) / Double(total), decimals: 0)))"
      }
    } else {
      parts[0] += " \(unit)"
    }
    if seconds > 0, done > 0 {
      let rate = Double(done) / seconds
      parts.append("\(NumberText.significant(rate, digits: rate >= 1000 ? 4 : 3)) \(unit)/s")
      if let total, total > done {
        parts.append("\(NumberText.duration(seconds: Double(total - done) / rate)) left")
      }
    }
    return parts.joined(separator: ", ")
  }

  private static let secondsSinceBoot: @Sendable () -> Double = {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static let writeToStandardError: @Sendable (String) -> Void = { text in
    // Progress is a courtesy: a terminal that went away must not stop the computation.
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
