#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How text may look where it is going: whether it may be bold, and how wide it may be.
public struct Style: Equatable, Sendable {
  /// Whether escape codes for bold and faint letters are understood and wanted.
  public var isDecorated: Bool

  /// The columns of the terminal, or `nil` where lines may be of any length.
  public var width: Int?

  /// A style that decorates or not, for lines up to `width`.
  public init(isDecorated: Bool, width: Int? = nil) {
    self.isDecorated = isDecorated
    self.width = width
  }

  /// No escape codes and lines of any length, as files and pipes want.
  public static let plain = Style(isDecorated: false)

  /// The style for standard output.
  public static func standardOutput() -> Style { detected(for: STDOUT_FILENO) }

  /// The style for standard error.
  public static func standardError() -> Style { detected(for: STDERR_FILENO) }

  /// Plain unless `descriptor` is a terminal; undecorated there too when `NO_COLOR` is set and not
  /// empty, or when the terminal calls itself `dumb`.
  public static func detected(for descriptor: Int32) -> Style {
    guard isatty(descriptor) == 1 else { return .plain }
    return terminal(
      width: columns(of: descriptor), noColor: variable("NO_COLOR"), kind: variable("TERM"))
  }

  /// `text` in bold where that is possible.
  public func bold(_ text: String) -> String { isDecorated ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  /// `text` in faint letters where that is possible.
  public func faint(_ text: String) -> String { isDecorated ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

  package static func terminal(width: Int?, noColor: String?, kind: String?) -> Style {
    Style(isDecorated: (noColor ?? "").isEmpty && kind != "dumb", width: width)
  }

  private static func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
