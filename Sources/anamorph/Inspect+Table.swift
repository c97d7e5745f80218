import Checkpoints
import Reports

extension Inspect {
  /// A row for each parameter in model order, and one for each layer without any.
  static func table(_ checkpoint: Checkpoint, stats: Bool) throws -> Table {
    var table = Table(
      "parameters", caption: "The parameters of a checkpoint in model order.",
      columns: columns + (stats ? statisticsColumns : []))
    for layer in checkpoint.layers {
      let kind = layer.className.map(Cell.text) ?? .none
      if layer.parameters.isEmpty {
        table.append(
          [.text(layer.name), kind]
            + [Cell](repeating: .none, count: table.columns.count - 2))
      }
      for parameter in layer.parameters {
        let row: [Cell] = [
          .text(layer.name), kind, .text(parameter.name), .text(parameter.role.name),
          .text(shapeText(parameter.shape)), .text("\(parameter.elementType)"),
          .integer(parameter.count), .integer(parameter.byteCount),
        ]
        let statistics =
          stats ? try checkpoint.statistics(parameter).cells : []
        table.append(row + statistics)
      }
    }
    return table
  }

  private static let columns = [
    Column("layer", meaning: "The layer's name."),
    Column("kind", meaning: "The layer's kind, where the file records it."),
    Column("parameter", meaning: "The parameter's name in the file."),
    Column("role", meaning: "What the parameter does in its layer."),
    Column("shape", meaning: "The extent of each axis, joined by ×; 'scalar' without axes."),
    Column("type", meaning: "The type of an element in the file."),
    Column("values", .integer, meaning: "The number of values."),
    Column("bytes", .integer, unit: "bytes", meaning: "The size of the values uncompressed."),
  ]

  private static let statisticsColumns = [
    Column("norm", .number(significantDigits: 4), meaning: "Euclidean norm of the finite values."),
    Column("mean", .number(significantDigits: 4), meaning: "Mean of the finite values."),
    Column(
      "standard_deviation", .number(significantDigits: 4), title: "sd",
      convention: "divided by n", meaning: "Standard deviation of the finite values."),
    Column("minimum", .number(significantDigits: 4), title: "min", meaning: "Least finite value."),
    Column(
      "maximum", .number(significantDigits: 4), title: "max", meaning: "Greatest finite value."),
    Column("nan", .integer, title: "NaN", meaning: "How many values are NaN."),
    Column("infinite", .integer, title: "inf", meaning: "How many values are infinite."),
    Column("zero", .integer, title: "zeros", meaning: "How many values are zero."),
  ]
}

/// A shape as people write it: `3 × 3 × 1 × 8`.
func shapeText(_ shape: [Int]) -> String {
  shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "×")
}

extension ParameterStatistics {
  fileprivate var cells: [Cell] {
    let none = count == 0 ? "no values" : "no finite values"
    return [
      .number(norm), .number(mean, otherwise: none), .number(standardDeviation, otherwise: none),
      .number(minimum, otherwise: none), .number(maximum, otherwise: none),
      .integer(nanCount), .integer(infiniteCount), .integer(zeroCount),
    ]
  }
}
