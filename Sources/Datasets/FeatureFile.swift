public import Files
import HDF5

/// Where a set of features came from.
public struct FeatureProvenance: Hashable, Sendable {
  /// The checkpoint's file, as the user named it.
  public var checkpoint: String

  /// The checkpoint's digest.
  public var checkpointDigest: String

  /// The set of examples, as the user named it.
  public var set: String

  /// Where in the network the values were recorded.
  public var tap: String

  /// What was done to the examples first.
  public var preprocessing: String

  /// In which numbers the network was computed: `f32`, `f32 exact`, `bf16`, or `bf16 from` a layer on.
  public var numbers: String

  /// The version of the program that wrote the file.
  public var version: String

  /// All of them; a text may be empty where there is nothing to tell.
  public init(
    checkpoint: String, checkpointDigest: String, set: String, tap: String, preprocessing: String,
    numbers: String = "", version: String
  ) {
    self.checkpoint = checkpoint
    self.checkpointDigest = checkpointDigest
    self.set = set
    self.tap = tap
    self.preprocessing = preprocessing
    self.numbers = numbers
    self.version = version
  }

  /// Writes them as attributes of a file.
  func write(to root: Group) throws(HDF5Error) {
    for (name, value) in [
      ("checkpoint", checkpoint), ("checkpoint_digest", checkpointDigest), ("set", set),
      ("tap", tap), ("preprocessing", preprocessing), ("numbers", numbers),
      ("anamorph_version", version),
    ] { try root.setAttribute(name, value) }
  }
}

/// A file of features: `/features` (n × d, Float32), `/ids`, `/labels` where the examples have labels
/// and `/class_names` where those have names, with the provenance as attributes of the file.
///
/// In Python, `h5py.File("f.h5")["features"][:]` is the matrix.
public struct FeatureFile: Sendable {
  /// The features, as a set of vectors with labels and identifiers.
  public let features: ExampleSet

  /// Where they came from; texts that the file lacks are empty.
  public let provenance: FeatureProvenance

  /// Opens a feature file, or any other set of vectors: HDF5 with `/features` or another array, or
  /// `.npy`.
  ///
  /// - Parameter name: `FILE` or `FILE::/path`.
  /// - Throws: ``Files/FileError``.
  public static func open(_ name: String, labels: String? = nil) throws(FileError) -> FeatureFile {
    let features = try ExampleSet.open(name, labels: labels)
    let setName = SetName(parsing: name)
    guard features.exampleShape.count == 1 else {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "holds images, not features; features are n × d")
    }
    var texts: [String: String] = [:]
    if features.source is HDF5Rows {
      do throws(HDF5Error) {
        let root = try File(readingAt: setName.file).root
        for name in try root.attributeNames() { texts[name] = try root.attribute(name)?.string }
      } catch {
        throw error.fileError
      }
    }
    return FeatureFile(
      features: features,
      provenance: FeatureProvenance(
        checkpoint: texts["checkpoint"] ?? "", checkpointDigest: texts["checkpoint_digest"] ?? "",
        set: texts["set"] ?? "", tap: texts["tap"] ?? "",
        preprocessing: texts["preprocessing"] ?? "", numbers: texts["numbers"] ?? "",
        version: texts["anamorph_version"] ?? ""))
  }

  /// Writes a feature file, which appears whole or not at all.
  ///
  /// - Parameters:
  ///   - width: d, the number of features of an example.
  ///   - columnClasses: Which class each column is about, when they are logits of some classes.
  ///   - blockRows: How many rows are asked for at a time; memory is needed for these only.
  ///   - block: Gives the features of the rows asked for, row-major. The rows come in order.
  /// - Throws: ``Files/FileError``, and what `block` throws.
  /// - Precondition: there are as many labels as identifiers, and `block` gives
  ///   `rows.count × width` values.
  public static func write(
    to path: String, width: Int, labels: [Int]?, identifiers: ExampleIdentifiers,
    classNames: [String]? = nil, columnClasses: [Int]? = nil, provenance: FeatureProvenance,
    blockRows: Int = 1024,
    _ block: (_ rows: Range<Int>) throws -> [Float]
  ) throws {
    let count = identifiers.count
    precondition(width > 0, "features of width \(width)")
    precondition(
      labels.map { $0.count == count } ?? true, "\(labels?.count ?? 0) labels for \(count) rows")
    do {
      try File.create(path) { root in
        try provenance.write(to: root)
        if let labels { try root.write("labels", shape: [count], labels.map { Int64($0) }) }
        if let classNames { try root.write("class_names", classNames) }
        if let columnClasses {
          try root.write(
            "column_classes", shape: [columnClasses.count], columnClasses.map { Int64($0) })
        }
        try identifiers.write(to: root)
        let features = try root.create("features", shape: [count, width], of: Float.self)
        for rows in Batches.inOrder(count, size: blockRows) {
          let values = try block(rows)
          precondition(
            values.count == rows.count * width,
            "\(values.count) values for \(rows.count) rows of \(width) features")
          try features.write(values, rows: rows)
        }
      }
    } catch let error as HDF5Error {
      throw error.fileError
    }
  }
}

extension ExampleIdentifiers {
  /// Writes them as the array `ids`.
  func write(to root: Group) throws(HDF5Error) {
    switch self {
    case .rowNumbers(let count):
      try root.write("ids", shape: [count], (0..<count).map { Int64($0) })
    case .numbers(let numbers):
      try root.write("ids", shape: [numbers.count], numbers.map { Int64($0) })
    case .names(let names): try root.write("ids", names)
    }
  }
}
