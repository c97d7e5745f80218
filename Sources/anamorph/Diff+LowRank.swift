import Checkpoints
import Geometry
import LinearAlgebra
import Reports

/// That the change of a checkpoint is one of low rank, as LoRA leaves when it is merged.
struct LowRankFinding {
  /// The ranks of the changed kernels, in the order of the first checkpoint.
  var ranks: [(layer: String, rank: Int, side: Int)] = []
  /// Kernels that changed but are too small to tell.
  var small = 0
  /// Whether nothing but kernels changed.
  var isOnlyKernels: Bool

  /// Every kernel that changed has a change of low rank; `nil` when that is not so, or not looked at.
  ///
  /// With spectra the answer is among them. Without, kernels are only looked at when nothing but
  /// kernels changed, as adapters leave it: other training changes biases and normalisations too.
  init?(
    _ difference: CheckpointDifference, _ first: Checkpoint, _ second: Checkpoint,
    _ spectra: SpectralComparison?
  ) throws {
    let changed = difference.pairs.filter { !$0.isSame }
    isOnlyKernels = changed.allSatisfy { $0.matrixShape != nil }
    guard !changed.isEmpty, changed.allSatisfy({ $0.change != nil }),
      difference.extent != .typeConversion
    else { return nil }
    if let spectra {
      for kernel in spectra.kernels {
        guard let change = kernel.change else { return nil }
        if change.norms.change == 0 { continue }
        let side = min(change.rows, change.columns)
        if side < LowRankChange.smallestSide {
          small += 1
        } else if let found = kernel.lowRank {
          ranks.append((kernel.layer, found.rank, side))
        } else {
          return nil
        }
      }
    } else {
      guard isOnlyKernels else { return nil }
      for pair in changed {
        guard let extents = pair.matrixShape, let change = pair.change,
          change.nonFiniteBefore + change.nonFiniteAfter == 0
        else { return nil }
        let side = min(extents.rows, extents.columns)
        guard side >= LowRankChange.smallestSide else {
          small += 1
          continue
        }
        let values = try difference.matrices(of: pair, first, second)
        let delta =
          Matrix(rows: extents.rows, columns: extents.columns, values: values.after)
          - Matrix(rows: extents.rows, columns: extents.columns, values: values.before)
        guard let found = try LowRankChange(delta, roundingError: pair.roundingError(values))
        else { return nil }
        ranks.append((pair.before.innermostLayer, found.rank, side))
      }
    }
    if ranks.isEmpty { return nil }
  }

  /// What was found and how it was decided.
  var sentence: String {
    let values = ranks.map(\.rank)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    let sides = ranks.map(\.side)
    let (narrow, wide) = (sides.min() ?? 0, sides.max() ?? 0)
    var text =
      "Low-rank change, as merged adapters (LoRA) leave: \(ranks.count) changed kernels differ by "
      + "matrices of rank \(low == high ? "\(low)" : "\(low) to \(high)"), their smaller sides being "
      + "\(narrow == wide ? "\(narrow)" : "\(narrow) to \(wide)"); counted are singular values above "
      + "twice what rounding leaves, and at most a quarter of the smaller side is low"
    if small > 0 { text += "; \(small) more are too small to tell" }
    if !isOnlyKernels { text += "; other parameters changed too" }
    return text + "."
  }

  var json: JSONText {
    [
      "kernels": .array(
        ranks.map {
          ["layer": .text($0.layer), "rank": .integer($0.rank), "smaller_side": .integer($0.side)]
        }),
      "too_small": .integer(small), "only_kernels": .bool(isOnlyKernels),
      "sentence": .text(sentence),
    ]
  }
}
