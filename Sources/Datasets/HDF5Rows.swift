import Files
import HDF5

/// The rows of a dataset, read in blocks.
struct HDF5Rows: ExampleSource {
  let dataset: Dataset
  let kind: ElementKind

  /// Takes `dataset` when it holds numbers.
  init(_ dataset: Dataset) throws(FileError) {
    guard !dataset.isNull, let kind = ElementKind(dataset.elementType) else {
      let content = dataset.isNull ? "nothing" : dataset.elementType.description
      throw FileError(
        path: dataset.file.path, object: dataset.path, reason: "holds \(content), not numbers")
    }
    self.dataset = dataset
    self.kind = kind
  }

  var shape: [Int] { dataset.shape }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    do throws(HDF5Error) {
      return try dataset.read(as: Float.self, rows: rows)
    } catch {
      throw error.fileError
    }
  }

  func doubles(_ rows: Range<Int>) throws(FileError) -> [Double] {
    do throws(HDF5Error) {
      return try dataset.read(as: Double.self, rows: rows)
    } catch {
      throw error.fileError
    }
  }

  /// The numbers, exactly; for labels.
  func integers() throws(FileError) -> [Int] {
    do throws(HDF5Error) {
      if kind.isInteger { return try dataset.read(as: Int64.self).map { Int($0) } }
      let values = try dataset.read(as: Double.self)
      if let row = values.firstIndex(where: { Int(exactly: $0) == nil }) {
        throw HDF5Error(
          kind: .wrongType, path: dataset.file.path, object: "\(dataset.path): row \(row)",
          reason: "not a whole number")
      }
      return values.compactMap { Int(exactly: $0) }
    } catch {
      throw error.fileError
    }
  }
}

extension ElementKind {
  init?(_ type: ElementType) {
    switch type {
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .float32: self = .float32
    case .float64: self = .float64
    case .boolean: self = .bool
    case .integer(let bits, let signed):
      guard let kind = ElementKind(rawValue: (signed ? "int" : "uint") + String(bits)) else {
        return nil
      }
      self = kind
    default: return nil
    }
  }
}

/// The group around an array in an HDF5 file, where its labels and identifiers are looked for.
struct HDF5Surroundings {
  let file: File
  let group: Group

  /// Where a file of features keeps what its layers, arrays below `/features`, have in common.
  var common: Group?

  /// The dataset in the group, or in what layers have in common, under the first of `names` there is.
  func dataset(named names: [String]) throws(FileError) -> Dataset? {
    guard
      let (place, name) = [group, common].compactMap({ place in
        place.flatMap { place in names.first(where: place.contains).map { (place, $0) } }
      }).first
    else { return nil }
    do throws(HDF5Error) {
      return try place.dataset(name)
    } catch {
      throw error.fileError
    }
  }
}

extension StoredArray {
  private static let exampleNames = ["images", "features", "data", "x", "X"]
  private static let labelNames = ["labels", "label", "targets", "target", "y", "Y"]
  private static let identifierNames = ["ids", "id"]

  static func openHDF5(_ name: SetName, for purpose: Purpose) throws(FileError) -> StoredArray {
    do throws(HDF5Error) {
      let root = try File(readingAt: name.file).root
      if let object = name.object {
        return try array(of: root, object, name: name)
      }
      let usual = purpose == .examples ? exampleNames : labelNames
      var candidates: [String] = []
      try collect(from: root, "", depth: 0, &candidates, purpose)
      let preferred = usual.map { "/\($0)" }.first { candidates.contains($0) }
      guard let object = preferred ?? (candidates.count == 1 ? candidates.first : nil) else {
        let what = purpose == .examples ? "array of examples" : "list of labels"
        let shown = candidates.prefix(6).map { "\(name.file)::\($0)" }.joined(separator: ", ")
        throw HDF5Error(
          kind: .objectNotFound, path: name.file,
          reason: candidates.isEmpty
            ? "no \(what) in it"
            : "more than one \(what) in it; name one: \(shown)\(candidates.count > 6 ? ", …" : "")")
      }
      return try array(of: root, object, name: SetName(file: name.file, object: object))
    } catch {
      throw error.fileError
    }
  }

  private static func array(
    of root: Group, _ object: String, name: SetName
  ) throws(HDF5Error) -> StoredArray {
    let parts = object.split(separator: "/").map(String.init)
    let dataset = try root.dataset(parts.joined(separator: "/"))
    let parent = parts.dropLast().joined(separator: "/")
    let rows: HDF5Rows
    do throws(FileError) {
      rows = try HDF5Rows(dataset)
    } catch {
      throw HDF5Error(
        kind: .wrongType, path: error.path, object: error.object, reason: error.reason)
    }
    return StoredArray(
      name: name, format: "HDF5", source: rows,
      readIntegers: { () throws(FileError) in try rows.integers() },
      surroundings: HDF5Surroundings(
        file: dataset.file, group: parent.isEmpty ? root : try root.group(parent),
        common: parent == "features" ? root : nil))
  }

  /// Lists what could be meant in `group`, five levels deep.
  private static func collect(
    from group: Group, _ prefix: String, depth: Int, _ found: inout [String], _ purpose: Purpose
  ) throws(HDF5Error) {
    for entry in try group.entries() where found.count < 100 {
      switch entry.kind {
      case .group where depth < 5:
        try collect(
          from: try group.group(entry.name), "\(prefix)/\(entry.name)", depth: depth + 1, &found,
          purpose)
      case .dataset:
        let dataset = try group.dataset(entry.name)
        guard !dataset.isNull, dataset.elementType.isNumeric else { continue }
        let shape = dataset.shape
        let isList = shape.count == 1 || (shape.count == 2 && shape[1] == 1)
        if purpose == .labels ? isList : shape.count >= 2 {
          found.append("\(prefix)/\(entry.name)")
        }
      default: continue
      }
    }
  }

  /// The labels next to an HDF5 array, when there is a list of numbers under a usual name.
  func labelsBeside() throws(FileError) -> StoredArray? {
    if let labelsElsewhere { return try labelsElsewhere() }
    guard let surroundings, let dataset = try surroundings.dataset(named: Self.labelNames),
      dataset.path != name.object, !dataset.isNull, dataset.elementType.isNumeric
    else { return nil }
    let rows = try HDF5Rows(dataset)
    let labels = StoredArray(
      name: SetName(file: name.file, object: dataset.path), format: "HDF5", source: rows,
      readIntegers: { () throws(FileError) in try rows.integers() }, surroundings: nil)
    return labels.isList ? labels : nil
  }

  /// The names of the classes next to an HDF5 array, when there are some.
  func classNamesBeside() throws(FileError) -> [String]? {
    guard let surroundings, let dataset = try surroundings.dataset(named: ["class_names"]),
      dataset.shape.count == 1, dataset.elementType.isString
    else { return nil }
    do throws(HDF5Error) {
      return try dataset.readStrings()
    } catch {
      throw error.fileError
    }
  }

  /// The identifiers next to an HDF5 array, when there are some.
  func identifiersBeside(count: Int) throws(FileError) -> ExampleIdentifiers? {
    guard let surroundings, let dataset = try surroundings.dataset(named: Self.identifierNames)
    else { return nil }
    func wrong(_ reason: String) -> FileError {
      FileError(path: name.file, object: dataset.path, reason: reason)
    }
    guard dataset.shape.count == 1, dataset.shape[0] == count else {
      throw wrong(
        "\(NumberArray.text(dataset.shape)) identifiers for \(count) examples")
    }
    if dataset.elementType.isString {
      do throws(HDF5Error) {
        return .names(try dataset.readStrings())
      } catch {
        throw error.fileError
      }
    }
    let numbers = try HDF5Rows(dataset).integers()
    return numbers.elementsEqual(0..<count) ? .rowNumbers(count) : .numbers(numbers)
  }
}
