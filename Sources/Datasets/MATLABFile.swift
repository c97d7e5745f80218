import Files
import HDF5

/// Files saved by MATLAB: version 5 to 7 (`MATLABVariables`) and 7.3, which is HDF5 behind a header.
///
/// Matrices of numbers and truth values are read; cells, structures, text, sparse and complex
/// matrices are named as what they are. Labels beside a matrix are found under their usual names.
enum MATLABFile {
  private static let exampleNames = ["features", "feas", "fts", "data", "x", "X"]
  private static let labelNames = ["labels", "label", "targets", "target", "gnd", "y", "Y"]

  /// Whether a file that begins with `start` (128 bytes or more) is of version 5 to 7.
  static func isVersion5(_ start: [UInt8]) -> Bool {
    start.count >= 128 && start.starts(with: Array("MATLAB 5".utf8))
  }

  /// Whether an HDF5 file is one that MATLAB saved.
  static func isVersion7(_ start: [UInt8]) -> Bool { start.starts(with: Array("MATLAB 7.3".utf8)) }

  /// The matrix called `name.object`, or the only one that could be meant.
  static func open(
    _ file: any ByteSource, _ name: SetName, unpackingLimit: Int, for purpose: StoredArray.Purpose
  ) throws(FileError) -> StoredArray {
    let isHDF5 = isVersion7(try file.bytes(in: 0..<128))
    let variables =
      isHDF5
      ? try hdf5Variables(name.file, limit: unpackingLimit)
      : try MATLABVariables.read(file, limit: unpackingLimit)
    let format = isHDF5 ? "MATLAB 7.3" : "MATLAB 5"
    @Sendable func array(_ variable: Variable) throws(FileError) -> StoredArray {
      let source = try variable.source()
      return StoredArray(
        name: SetName(file: name.file, object: "/\(variable.name)"), format: format,
        source: source, readIntegers: { () throws(FileError) in try variable.integers() },
        surroundings: nil)
    }
    let labels = labelNames.lazy.compactMap { wanted in
      variables.first { $0.name == wanted && $0.isList }
    }.first
    var found: StoredArray
    if let object = name.object {
      let wanted = String(object.drop { $0 == "/" })
      guard let variable = variables.first(where: { $0.name == wanted }) else {
        throw FileError(
          path: name.file, object: object,
          reason: "no such variable; there \(variables.count == 1 ? "is" : "are") "
            + variables.map(\.name).joined(separator: ", "))
      }
      found = try array(variable)
      if variable.name == labels?.name { return found }
    } else {
      let fitting = variables.filter { $0.problem == nil && $0.isList == (purpose == .labels) }
      let usual = purpose == .labels ? labelNames : exampleNames
      let preferred = usual.lazy.compactMap { wanted in fitting.first { $0.name == wanted } }.first
      guard let variable = preferred ?? (fitting.count == 1 ? fitting[0] : nil) else {
        let shown = fitting.prefix(6).map { "\(name.file)::/\($0.name)" }.joined(separator: ", ")
        throw FileError(
          path: name.file,
          reason: fitting.isEmpty
            ? "no matrix of numbers in it" : "more than one matrix in it; name one: \(shown)")
      }
      found = try array(variable)
    }
    if purpose == .examples, let labels {
      found.labelsElsewhere = { () throws(FileError) in try array(labels) }
    }
    return found
  }

  /// A variable of a file.
  struct Variable: Sendable {
    let name: String
    let shape: [Int]

    /// Why it is no matrix of numbers.
    let problem: String?

    let path: String
    let read: @Sendable () throws(FileError) -> any ExampleSource
    let readIntegers: @Sendable () throws(FileError) -> [Int]

    var isList: Bool { problem == nil && shape.count == 2 && shape.contains(1) }

    func source() throws(FileError) -> any ExampleSource {
      if let problem { throw FileError(path: path, object: "/\(name)", reason: problem) }
      return try read()
    }

    func integers() throws(FileError) -> [Int] {
      if let problem { throw FileError(path: path, object: "/\(name)", reason: problem) }
      return try readIntegers()
    }
  }

  /// The variables of a file of version 7.3, whose axes HDF5 names in reverse.
  private static func hdf5Variables(
    _ path: String, limit: Int
  ) throws(FileError) -> [Variable] {
    do throws(HDF5Error) {
      let root = try File(readingAt: path).root
      var variables: [Variable] = []
      for entry in try root.entries()
      where entry.kind == .dataset && !entry.name.hasPrefix("#") && variables.count < 1000 {
        let dataset = try root.dataset(entry.name)
        let isNumeric = !dataset.isNull && dataset.elementType.isNumeric
        // A list is n × 1 whichever way round it was saved.
        var shape = Array(dataset.shape.reversed())
        if shape.count == 2, shape[0] == 1 { shape.reverse() }
        let extents = shape
        variables.append(
          Variable(
            name: entry.name, shape: extents,
            problem: isNumeric ? nil : "holds \(dataset.elementType), not numbers", path: path,
            read: { () throws(FileError) in
              let rows = try HDF5Rows(dataset)
              guard dataset.count <= limit / 4 else {
                throw FileError(
                  path: path, object: "/\(entry.name)",
                  reason: "too large to be turned around in memory")
              }
              let values = try rows.values(0..<(rows.shape.first ?? 0))
              return MemoryRows(
                shape: extents, kind: rows.kind,
                values: extents.count == 2 && !extents.contains(1)
                  ? transposed(values, rows: extents[1], columns: extents[0]) : values)
            },
            readIntegers: { () throws(FileError) in try HDF5Rows(dataset).integers() }))
      }
      return variables
    } catch {
      throw error.fileError
    }
  }

  /// Row-major `rows` × `columns` values as columns × rows.
  private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: values.count) { buffer, count in
      for column in 0..<columns {
        for row in 0..<rows { buffer[column * rows + row] = values[row * columns + column] }
      }
      count = values.count
    }
  }
}
