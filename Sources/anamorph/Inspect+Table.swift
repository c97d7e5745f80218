import Checkpoints
import Geometry
import LinearAlgebra
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
        guard stats else {
          table.append(row)
          continue
        }
        let statistics = try checkpoint.statistics(parameter)
        table.append(row + statistics.cells + (try spectrum(parameter, of: checkpoint, statistics)))
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
    Column(
      "spectral_norm", .number(significantDigits: 4), title: "σ₁", convention: matrixConvention,
      meaning: "The largest singular value.", hasReason: true),
    Column(
      "stable_rank", .number(significantDigits: 4), title: "stable rank",
      convention: matrixConvention, meaning: "‖W‖²/σ₁², with the Frobenius norm.", hasReason: true),
    Column(
      "effective_rank", .number(significantDigits: 4), title: "effective rank",
      convention: matrixConvention, meaning: "exp of the entropy of σ/Σσ (Roy and Vetterli 2007).",
      hasReason: true),
  ]

  private static let matrixConvention =
    "a row for each input (place of a filter and channel), a column for each output"

  /// Spectral norm, stable rank, effective rank.
  private static func spectrum(
    _ parameter: Checkpoint.Parameter, of checkpoint: Checkpoint, _ statistics: ParameterStatistics
  ) throws -> [Cell] {
    func undefined(_ reason: String) -> [Cell] {
      [.undefined(reason), .undefined(reason), .undefined(reason)]
    }
    guard let extents = parameter.matrixShape else {
      return parameter.shape.count < 2
        ? [.none, .none, .none] : undefined(parameter.whyNoMatrix ?? "not a matrix")
    }
    guard statistics.isFinite else { return undefined("NaN or infinities") }
    let matrix = Matrix(
      rows: extents.rows, columns: extents.columns, values: try checkpoint.matrix(parameter))
    let spectrum: MatrixSpectrum
    do throws(LinearAlgebraError) { spectrum = try MatrixSpectrum(of: matrix) } catch {
      return undefined(error.description)
    }
    func cell(_ measured: Measured) -> Cell {
      .number(measured.number, otherwise: measured.reason ?? "")
    }
    return [
      .number(spectrum.spectralNorm), cell(spectrum.stableRank), cell(spectrum.effectiveRank),
    ]
  }

  /// The table for people: counts of what is not finite are left out where everything is.
  static func brief(_ table: Table) -> Table {
    let kept = table.columns.indices.filter { index in
      switch table.columns[index].name {
      case "kind": table.rows.contains { $0[index] != .none }
      case "nan", "infinite": table.rows.contains { ![.integer(0), .none].contains($0[index]) }
      default: true
      }
    }
    var brief = Table(table.name, caption: table.caption, columns: kept.map { table.columns[$0] })
    for row in table.rows { brief.append(kept.map { row[$0] }) }
    return brief
  }
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
