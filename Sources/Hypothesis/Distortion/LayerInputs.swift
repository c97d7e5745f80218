import Dispatch
import Geometry
import Networks
import Synchronization

/// The moments of every weight layer's inputs, gathered from the values recorded in one pass.
///
/// Layers are independent, so they are added to side by side; each sum is made by one thread in the
/// order of the examples, whatever the number of threads.
struct LayerInputs {
  /// The sums of one layer, used by one thread at a time.
  private final class Gatherer: @unchecked Sendable {
    let layer: WeightLayer
    let source: Int
    var moment: InputMoment
    private var rows: [Float] = []

    init(_ layer: WeightLayer, source: Int, isFirst: Bool, foldsBias: Bool) {
      self.layer = layer
      self.source = source
      // Whether a change is exactly inside the span needs full precision; it is asked of the first
      // layer, and costs little where rows are short.
      let isExact = isFirst || layer.fanIn <= 64
      moment = InputMoment(
        fanIn: layer.fanIn, includesBias: foldsBias && layer.biasSlot != nil,
        precision: isExact ? .full : .half)
    }

    func add(_ values: UnsafeBufferPointer<Float>, examples: Int) throws(GeometryError) {
      let count = examples * layer.positions
      if rows.count < count * layer.fanIn {
        rows = [Float](repeating: 0, count: count * layer.fanIn)
      }
      let result = rows.withUnsafeMutableBufferPointer { buffer in
        Result { () throws(GeometryError) in
          let block = UnsafeMutableBufferPointer(rebasing: buffer[0..<count * layer.fanIn])
          layer.inputRows(of: values, examples: 0..<examples, into: block)
          try moment.add(rows: UnsafeBufferPointer(block), count: count)
        }
      }
      try result.get()
    }
  }

  private let gatherers: [Gatherer]
  private let order: [Int]
  private let threads: Int

  /// Empty sums.
  ///
  /// - Parameters:
  ///   - taps: The taps that values are recorded at; every layer's input is among them.
  ///   - fixedNodes: The nodes whose values training cannot move.
  ///   - foldsBias: Whether a layer's bias is a further coordinate of its inputs.
  init(
    _ layers: [WeightLayer], taps: [Tap], fixedNodes: Set<Int>, foldsBias: Bool, threads: Int
  ) {
    gatherers = layers.map { layer in
      Gatherer(
        layer, source: taps.firstIndex(of: layer.inputTap) ?? 0,
        isFirst: fixedNodes.contains(layer.inputTap.node), foldsBias: foldsBias)
    }
    // The costliest first, so that the others fill the gaps.
    order = layers.indices.sorted {
      let (a, b) = (layers[$0], layers[$1])
      return a.positions * a.fanIn * a.fanIn > b.positions * b.fanIn * b.fanIn
    }
    self.threads = threads
  }

  /// The moments, in the order of the layers.
  var moments: [InputMoment] { gatherers.map(\.moment) }

  /// Adds the values recorded for a batch of examples.
  func add(_ values: [UnsafeBufferPointer<Float>], examples: Int) throws(GeometryError) {
    nonisolated(unsafe) let values = values
    let next = Mutex(0)
    let failure = Mutex<GeometryError?>(nil)
    DispatchQueue.concurrentPerform(iterations: max(1, min(threads, order.count))) { _ in
      while true {
        let place = next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard place < order.count else { return }
        let gatherer = gatherers[order[place]]
        do throws(GeometryError) {
          try gatherer.add(values[gatherer.source], examples: examples)
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
