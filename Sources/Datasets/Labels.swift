import Files

/// A class for each example, checked.
struct Labels: Sendable {
  var values: [Int]
  var classCount: Int

  /// More classes than any data set has: a label beyond is something else than a class.
  static let mostClasses = 1 << 24

  init?(values: [Int]?, classCount: Int?) {
    guard let values, let classCount else { return nil }
    self.values = values
    self.classCount = classCount
  }

  /// Checks `values`, which lie in `name`, against the number of classes.
  ///
  /// - Throws: `FileError` that names the first row at fault, counted from zero.
  init(checking values: [Int], of name: SetName, classCount: Int?) throws(FileError) {
    func wrong(_ row: Int, _ reason: String) -> FileError {
      FileError(path: name.file, object: "row \(row)", reason: reason)
    }
    if let classCount {
      if let row = values.firstIndex(where: { !(0..<classCount).contains($0) }) {
        throw wrong(row, "label \(values[row]) is outside the classes 0…\(classCount - 1)")
      }
    } else if let row = values.firstIndex(where: { !(0..<Self.mostClasses).contains($0) }) {
      throw wrong(row, "label \(values[row]) is not the number of a class")
    }
    self.values = values
    self.classCount = classCount ?? (values.max() ?? -1) + 1
  }
}
