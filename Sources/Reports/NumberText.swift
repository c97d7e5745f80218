#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Numbers as people read them.
///
/// Files keep every digit instead: `Double.description` and `Float.description` are the shortest
/// decimal that reads back to the same bits.
public enum NumberText {
  /// `value` rounded to `digits` significant digits, trailing zeros kept: 0.4370, 12.50, 1.2e-06.
  ///
  /// Exponents appear where C's `%g` uses them: below 0.0001, and from ten to the power `digits`
  /// on. Zero is `0`.
  ///
  /// - Precondition: `digits` is 1…17.
  public static func significant(_ value: Double, digits: Int = 4) -> String {
    precondition((1...17).contains(digits), "\(digits) significant digits of a Double")
    if value == 0 { return "0" }
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    let text = formatted("%#.*g", [Int32(digits), value])
    // The alternative form keeps trailing zeros, and a point even where nothing follows it.
    if text.hasSuffix(".") { return String(text.dropLast()) }
    guard let point = text.firstIndex(of: "."), text[point...].dropFirst().hasPrefix("e") else {
      return text
    }
    return String(text[..<point]) + text[text.index(after: point)...]
  }

  /// `value` with `decimals` digits after the point: 93.10.
  ///
  /// - Precondition: `decimals` is 0…17.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    precondition((0...17).contains(decimals), "\(decimals) decimals of a Double")
    let text = formatted("%.*f", [Int32(decimals), value])
    // Rounding can leave a minus sign before nothing but zeros.
    let isNegativeZero = text.hasPrefix("-") && text.allSatisfy { "-0.".contains($0) }
    return isNegativeZero ? String(text.dropFirst()) : text
  }

  /// A share of one as a percentage: 0.931 is `93.1%`.
  public static func percent(_ fraction: Double, decimals: Int = 1) -> String {
    fixed(100 * fraction, decimals: decimals) + "%"
  }

  /// A whole number with its thousands apart: 58,423.
  public static func count(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A length of time: `0.21 s`, `48 s`, `3 min 05 s`, `2 h 07 min`.
  public static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e15 else { return "unknown" }
    if seconds < 0.0995 { return "\(significant(max(seconds, 0) * 1000, digits: 2)) ms" }
    if seconds < 9.95 { return "\(significant(seconds, digits: 2)) s" }
    let whole = Int(seconds.rounded())
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
    return "\(whole / 3600) h \(padded(whole % 3600 / 60)) min"
  }

  /// A size in memory or on disk, in powers of 1024: `17 bytes`, `1.50 MiB`.
  public static func bytes(_ count: Int) -> String {
    if abs(count) < 1024 { return count == 1 ? "1 byte" : "\(count) bytes" }
    var value = Double(count)
    var unit = "bytes"
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] where abs(value) >= 1024 {
      value /= 1024
      unit = next
    }
    return "\(significant(value, digits: abs(value) >= 1000 ? 4 : 3)) \(unit)"
  }

  private static func formatted(_ format: String, _ arguments: [any CVarArg]) -> String {
    // The longest Double in fixed notation has 309 digits before the point.
    var buffer = [CChar](repeating: 0, count: 352)
    let written = withVaList(arguments) { vsnprintf(&buffer, buffer.count, format, $0) }
    let length = min(max(Int(written), 0), buffer.count - 1)
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
