/// How a table is printed: for people, for spreadsheets and data frames, or for programs.
public enum OutputFormat: String, CaseIterable, Sendable {
  /// Aligned columns for people; digits are rounded.
  case text

  /// RFC 4180 with a header row; every digit is kept.
  case csv

  /// An array of objects; every digit is kept.
  case json
}
