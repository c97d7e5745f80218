import Files

/// A class for each example, checked.
struct Labels: Sendable {
  var values: [Int]
  var classCount: Int

  /// More classes than any data set has: a label beyond is something else than a class.
  private static let mostClasses = 1 << 24

  init?(values: [Int]?, classCount: Int?) {
    guard let values, let classCount else { return nil }
    self.values = values
    self.classCount = classCount
  }

  /// Checks `values` against the number of examples and of classes.
  ///
  /// - Throws: `FileError` that names the first row at fault, counted from zero.
  init(
    checking values: [Int], of name: SetName, examples: Int, in set: String, classCount: Int?
  ) throws(FileError) {
    func wrong(_ row: Int?, _ reason: String) -> FileError {
      let place = [name.object, row.map { "row \($0)" }].compactMap { $0 }
      return FileError(
        path: name.file, object: place.isEmpty ? nil : place.joined(separator: ": "), reason: reason
      )
    }
    guard values.count == examples else {
      throw wrong(nil, "\(values.count) labels for the \(examples) examples of \(set)")
    }
    if let classCount {
      if let row = values.firstIndex(where: { !(0..<classCount).contains($0) }) {
        throw wrong(
          row, "label \(values[row]) is outside the classes 0…\(classCount - 1)")
      }
    } else if let row = values.firstIndex(where: { !(0..<Self.mostClasses).contains($0) }) {
      throw wrong(row, "label \(values[row]) is not the number of a class")
    }
    self.values = values
    self.classCount = classCount ?? (values.max() ?? -1) + 1
  }
}
