public import Datasets
public import Files
public import Geometry
import HDF5
import LinearAlgebra
public import Reports

/// Debiased linear CKA of every layer of one feature file with every layer of another, in one pass.
public struct LayerComparison {
  /// The features of one layer.
  public struct Layer: Sendable {
    /// The name of its array below `/features`.
    public var name: String

    /// Its features.
    public var features: ExampleSet
  }

  /// The layers of both files.
  public let before, after: [Layer]

  private let pair: FeatureSetPair

  /// Matches the examples of two files of layers, as ``FeatureSetPair`` does.
  ///
  /// - Throws: ``Files/FileError``.
  /// - Precondition: there is a layer on both sides.
  public init(
    before: [Layer], after: [Layer], byRow: Bool = false, groups: ExampleGroups? = nil,
    identifierPrefix: String = ""
  ) throws(FileError) {
    guard let first = before.first, let second = after.first else {
      preconditionFailure("no layers")
    }
    self.before = before
    self.after = after
    for (layers, count) in [(before, first.features.count), (after, second.features.count)] {
      for layer in layers where layer.features.count != count {
        throw FileError(
          path: layer.features.name,
          reason: "\(layer.features.count) rows, and \(count) in the first layer; layers need one "
            + "row for an example ('features --pool' makes one)")
      }
    }
    pair = try FeatureSetPair(
      first.features, second.features, byRow: byRow, groups: groups,
      identifierPrefix: identifierPrefix)
  }

  /// The layers of a file: the arrays below `/features`, in the file's order, or its one array.
  ///
  /// - Throws: ``Files/FileError``.
  public static func layers(of path: String) throws(FileError) -> [Layer] {
    let names = try layerNames(of: path)
    guard !names.isEmpty else {
      return [Layer(name: "features", features: try FeatureFile.open(path).features)]
    }
    var layers: [Layer] = []
    for name in names {
      layers.append(
        Layer(name: name, features: try FeatureFile.open("\(path)::/features/\(name)").features))
    }
    return layers
  }

  /// The names of the arrays below `/features` of an HDF5 file; none where `/features` is no group.
  ///
  /// - Throws: ``Files/FileError``.
  static func layerNames(of path: String) throws(FileError) -> [String] {
    do throws(HDF5Error) {
      let root = try File(readingAt: path).root
      guard root.contains("features"),
        try root.entries().contains(where: { $0.name == "features" && $0.kind == .group })
      else { return [] }
      return try root.group("features").entries().filter { $0.kind == .dataset }.map(\.name)
    } catch {
      if error.kind != .notHDF5 { throw error.fileError }
      return []
    }
  }

  /// The number of examples.
  public var count: Int { pair.count }

  /// The groups that examples come in, where they do.
  public var groups: ExampleGroups? { pair.groups }

  /// Takes all layers in, a minibatch of examples at a time.
  ///
  /// - Parameter minibatch: the most examples in a minibatch; by default as many as fit into 256 MiB.
  /// - Throws: ``Files/FileError``, also for values that are not finite.
  public func alignment(
    blocks: Int = 20, minibatch: Int? = nil, progress: (Int) -> Void = { _ in }
  ) throws -> LayerAlignment {
    var result = LayerAlignment(before: before.count, after: after.count, blocks: blocks)
    let layers = before + after
    let size =
      minibatch
      ?? LayerAlignment.largestMinibatch(
        layers: layers.count, widest: layers.map(\.features.valuesPerExample).max() ?? 1)
    for dealt in LayerAlignment.minibatches(of: pair.keys(0..<count), size: max(4, size))
    where dealt.count >= 4 {
      // In the order of the file, to be read together.
      let rows = dealt.sorted()
      let places = pair.places(rows)
      try result.add(keys: rows.flatMap { pair.keys($0..<$0 + 1) }) { layer in
        let chosen = layer < before.count ? rows : places
        let set = layers[layer].features
        let matrix = try set.matrix(at: chosen)
        if let place = matrix.values.firstIndex(where: { !$0.isFinite }) {
          throw FileError.notFinite(set.name, row: chosen[place / max(1, matrix.columns)])
        }
        do throws(GeometryError) {
          try checkMagnitude(largestMagnitude(matrix.values), side: set.name)
        } catch {
          throw FileError(path: set.name, reason: error.reason)
        }
        return matrix
      }
      progress(rows.count)
    }
    return result
  }

  /// A row for each pair of layers.
  public func table(_ alignment: LayerAlignment) -> Table {
    let digits = Column.Kind.number(significantDigits: 4)
    var table = Table(
      "layer_similarities",
      caption: "Debiased linear CKA of each layer of the first network with each of the second.",
      columns: [
        Column("layer_a", meaning: "The layer of the first network."),
        Column("layer_b", meaning: "The layer of the second network."),
        Column(
          "value", digits,
          convention:
            "unbiased HSIC of Song et al. 2012, summed over minibatches (Nguyen et al. 2021)",
          meaning: "Debiased linear CKA.", hasReason: true),
        Column(
          "low", digits,
          convention:
            "95 %, t, symmetric on Fisher's z, of the population; by the spread of ten minibatches or "
            + "more without groups, otherwise by leaving out blocks",
          meaning: "The lower end of its interval over examples.", hasReason: true),
        Column("high", digits, meaning: "The upper end of its interval."),
        Column(
          "null", digits, convention: "random pairing of the examples of a minibatch, exact",
          meaning: "The mean for layers without relation."),
        Column("null_deviation", digits, meaning: "The standard deviation for such layers."),
        Column("null_low", digits, meaning: "The 2.5 % quantile for such layers, normal."),
        Column("null_high", digits, meaning: "The 97.5 % quantile for such layers, normal."),
        Column("examples", .integer, meaning: "How many examples the number is of."),
        Column("minibatches", .integer, meaning: "How many minibatches they were dealt into."),
        Column("features_a", .integer, meaning: "The width of the first layer."),
        Column("features_b", .integer, meaning: "The width of the second layer."),
      ])
    for (i, a) in before.enumerated() {
      for (j, b) in after.enumerated() {
        let (estimate, null) = alignment.similarity(i, j)
        table.append([
          .text(a.name), .text(b.name),
          .number(estimate.value.number, otherwise: estimate.value.reason ?? ""),
          .number(estimate.interval?.lower, otherwise: estimate.note ?? ""),
          .number(estimate.interval?.upper, otherwise: ""), .number(null?.mean, otherwise: ""),
          .number(null?.standardDeviation, otherwise: ""), .number(null?.lower, otherwise: ""),
          .number(null?.upper, otherwise: ""), .integer(alignment.count),
          .integer(alignment.minibatches), .integer(a.features.valuesPerExample),
          .integer(b.features.valuesPerExample),
        ])
      }
    }
    return table
  }

  /// The numbers as a matrix for people: a row for each layer of the first network.
  public func matrix(_ alignment: LayerAlignment) -> Table {
    var table = Table(
      "layers",
      columns: [Column("layer", title: "", meaning: "The layer of the first network.")]
        + after.enumerated().map { place, layer in
          Column("b\(place)", title: layer.name, meaning: "Debiased linear CKA with this layer.")
        })
    for (i, layer) in before.enumerated() {
      table.append(
        [.text(layer.name)]
          + after.indices.map { j in
            .text(
              alignment.similarity(i, j).estimate.value.number.map {
                NumberText.fixed($0, decimals: 3)
              } ?? "undefined")
          })
    }
    return table
  }
}
