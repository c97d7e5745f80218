import Checkpoints
import Geometry
import LinearAlgebra
import Reports

/// The spectra of the kernels that two checkpoints share.
struct SpectralComparison {
  /// A kernel and how its spectrum changed, or why that is not known.
  struct Kernel {
    var layer: String
    var role: String
    var parameter: String
    var matrix: String
    var change: SpectralChange?
    var reason = ""
    /// The rank of the change, where it is low.
    var lowRank: LowRankChange?
  }

  /// The kernels in the order of the first checkpoint.
  private(set) var kernels: [Kernel] = []

  /// Compares every kernel that both have in the same shape.
  init(
    _ difference: CheckpointDifference, _ first: Checkpoint, _ second: Checkpoint,
    options: SpectralChange.Options
  ) throws {
    for pair in difference.pairs where pair.change != nil {
      guard let extents = pair.matrixShape else { continue }
      let before = pair.before
      var kernel = Kernel(
        layer: before.innermostLayer, role: before.role.name, parameter: before.name,
        matrix: "\(extents.rows)×\(extents.columns)")
      let values = try difference.matrices(of: pair, first, second)
      if let change = pair.change, change.nonFiniteBefore + change.nonFiniteAfter > 0 {
        kernel.reason = "NaN or infinities"
      } else {
        let a = Matrix(rows: extents.rows, columns: extents.columns, values: values.before)
        let b = Matrix(rows: extents.rows, columns: extents.columns, values: values.after)
        do throws(GeometryError) {
          kernel.change = try SpectralChange(
            from: a, to: b, name: "\(kernel.layer)/\(kernel.role)", options: options)
          if pair.change?.isSame == false {
            kernel.lowRank = try LowRankChange(b - a, roundingError: pair.roundingError(values))
          }
        } catch {
          kernel.reason = error.description
        }
      }
      kernels.append(kernel)
    }
  }

  /// What the table says of the rank of changes, in a sentence; empty when no kernel changed.
  var sentence: String {
    var (low, changed) = (0, 0)
    for kernel in kernels {
      guard let rank = kernel.change?.effectiveRankOfChange.number,
        let noise = kernel.change?.effectiveRankNull?.median
      else { continue }
      changed += 1
      if rank < noise / 2 { low += 1 }
    }
    if changed == 0 { return "" }
    return
      "The change is concentrated in few directions in \(low) of \(changed) kernels that changed: "
      + "its effective rank is below half of that of the same values in random places.\n"
  }
}

extension CheckpointDifference.Pair {
  /// The root mean square of what rounding to the element types left in the difference.
  func roundingError(_ values: (before: [Double], after: [Double])) -> Double {
    let (a, b) = (Rounding(to: before.elementType), Rounding(to: after.elementType))
    let first = a?.error(in: values.before) ?? 0
    let second = b?.error(in: values.after) ?? 0
    // The first is taken as exact unless it is stored more coarsely.
    return max(first, second)
  }
}
