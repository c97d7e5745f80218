import Files
import HDF5

extension FeatureFile {
  /// The features of one layer, for a file that holds several.
  public struct Layer: Hashable, Sendable {
    /// The name of its array below `/features`.
    public var name: String
    /// The number of features of a row.
    public var width: Int
    /// How many rows an example has.
    public var rowsPerExample: Int

    /// A layer.
    public init(name: String, width: Int, rowsPerExample: Int = 1) {
      self.name = name
      self.width = width
      self.rowsPerExample = rowsPerExample
    }
  }

  /// Writes a file with the features of several layers, which appears whole or not at all:
  /// `/features/NAME` (rows × d, Float32) for each, `/ids` and `/labels` as in a file with one.
  ///
  /// Of a layer with several rows for an example, rows `example · k` to `example · k + k − 1` are those
  /// of an example.
  ///
  /// - Parameters:
  ///   - columnClasses: Which class each column is about, when they are logits of some classes.
  ///   - blockRows: How many examples are asked for at a time; memory is needed for these only.
  ///   - block: Gives the features of the examples asked for, for each layer, row-major. The examples
  ///     come in order.
  /// - Throws: ``Files/FileError``, and what `block` throws.
  /// - Precondition: there are as many labels as identifiers, the names differ and hold no slash, and
  ///   `block` gives as many values as belong to the layers.
  public static func write(
    to path: String, layers: [Layer], labels: [Int]?, identifiers: ExampleIdentifiers,
    classNames: [String]? = nil, columnClasses: [Int]? = nil, provenance: FeatureProvenance,
    blockRows: Int = 1024,
    _ block: (_ examples: Range<Int>) throws -> [[Float]]
  ) throws {
    let count = identifiers.count
    precondition(
      !layers.isEmpty && Set(layers.map(\.name)).count == layers.count
        && layers.allSatisfy { $0.width > 0 && $0.rowsPerExample > 0 && !$0.name.contains("/") },
      "layers \(layers)")
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
        let group = try root.createGroup("features")
        var arrays: [Dataset] = []
        for layer in layers {
          arrays.append(
            try group.create(
              layer.name, shape: [count * layer.rowsPerExample, layer.width], of: Float.self))
        }
        for examples in Batches.inOrder(count, size: blockRows) {
          let values = try block(examples)
          for (position, layer) in layers.enumerated() {
            let rows =
              examples.lowerBound * layer.rowsPerExample..<examples.upperBound
              * layer.rowsPerExample
            precondition(
              values[position].count == rows.count * layer.width,
              "\(values[position].count) values for \(rows.count) rows of \(layer.width) features")
            try arrays[position].write(values[position], rows: rows)
          }
        }
      }
    } catch let error as HDF5Error {
      throw error.fileError
    }
  }
}
