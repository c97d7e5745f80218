import Dispatch
package import Geometry
package import Networks
import Synchronization

/// The moments of every weight layer's inputs, gathered from the values recorded in one pass.
///
/// Layers are independent, so they are added to side by side; each sum is made by one thread in the
/// order of the examples, whatever the number of threads.
package struct LayerInputs {
  /// How the inputs of layers are gathered.
  package struct Settings {
    /// Whether a layer's bias is a further coordinate of its inputs.
    package var foldsBias = false

    /// How many positions of an example are looked at, of layers that have more; all when `nil`.
    /// Layers whose span has to be exact have all of theirs looked at.
    package var sampledPositions: Int?

    /// The seed of the choice of positions.
    package var seed: UInt64 = 0

    /// All positions, no bias, unless said.
    package init(foldsBias: Bool = false, sampledPositions: Int? = nil, seed: UInt64 = 0) {
      self.foldsBias = foldsBias
      self.sampledPositions = sampledPositions
      self.seed = seed
    }
  }

  /// The sums of one layer, used by one thread at a time.
  private final class Gatherer: @unchecked Sendable {
    let layer: WeightLayer
    let source: Int
    private let foldsBias: Bool
    private var rowMoment: InputMoment
    private var patches: PatchMoment?
    private var sample: PositionSample?
    private var rows: [Float] = []

    init(_ layer: WeightLayer, source: Int, isFirst: Bool, settings: Settings) {
      self.layer = layer
      self.source = source
      foldsBias = settings.foldsBias && layer.biasSlot != nil
      // Whether a change is exactly inside the span needs full precision; it is asked of the first
      // layer, and costs little where rows are short.
      let isExact = isFirst || layer.fanIn <= 64
      if !isExact, let wanted = settings.sampledPositions, wanted < layer.positions {
        sample = PositionSample(wanted, of: layer.positions, seed: settings.seed, name: layer.name)
      } else if !isExact {
        patches = layer.patchGrid.map { PatchMoment($0) }
      }
      rowMoment = InputMoment(
        fanIn: patches == nil ? layer.fanIn : 1, includesBias: foldsBias && patches == nil,
        precision: isExact ? .full : .half)
    }

    var moment: InputMoment {
      patches.map { InputMoment($0, includesBias: foldsBias) } ?? rowMoment
    }

    /// The relative standard error that sampling positions gives the mean energy of inputs.
    var samplingError: Double? { sample?.relativeError }

    /// How many positions of an example were looked at; `nil` when all were.
    var sampledPositions: Int? { sample?.count }

    func add(_ values: UnsafeBufferPointer<Float>, examples: Int) throws(GeometryError) {
      let size = layer.inputTap.size
      if patches != nil {
        try patches?.add(
          images: UnsafeBufferPointer(rebasing: values[0..<examples * size]), count: examples)
      } else if layer.placement == nil, sample == nil {
        // A dense layer's inputs are the values as they lie.
        try rowMoment.add(
          rows: UnsafeBufferPointer(rebasing: values[0..<examples * size]),
          count: examples * layer.positions)
      } else {
        // A few examples at a time: patches are many times the image.
        let perExample = sample?.count ?? layer.positions
        let together = max(1, min(examples, 4096 / perExample))
        for start in stride(from: 0, to: examples, by: together) {
          try addPatches(values, start..<min(start + together, examples), perExample)
        }
      }
    }

    private func addPatches(
      _ values: UnsafeBufferPointer<Float>, _ examples: Range<Int>, _ perExample: Int
    ) throws(GeometryError) {
      let (count, fanIn) = (examples.count * perExample, layer.fanIn)
      if rows.count < count * fanIn { rows = [Float](repeating: 0, count: count * fanIn) }
      let result = rows.withUnsafeMutableBufferPointer { buffer in
        Result { () throws(GeometryError) in
          let block = UnsafeMutableBufferPointer(rebasing: buffer[0..<count * fanIn])
          if sample == nil {
            layer.inputRows(of: values, examples: examples, into: block)
          } else {
            for (place, example) in examples.enumerated() {
              let part = UnsafeMutableBufferPointer(
                rebasing: block[place * perExample * fanIn..<(place + 1) * perExample * fanIn])
              layer.inputRows(
                of: values, example: example, positions: sample?.next() ?? [], into: part)
              sample?.add(UnsafeBufferPointer(part), fanIn: fanIn)
            }
          }
          try rowMoment.add(rows: UnsafeBufferPointer(block), count: count)
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
  package init(
    _ layers: [WeightLayer], taps: [Tap], fixedNodes: Set<Int>, settings: Settings, threads: Int
  ) {
    gatherers = layers.map { layer in
      Gatherer(
        layer, source: taps.firstIndex(of: layer.inputTap) ?? 0,
        isFirst: fixedNodes.contains(layer.inputTap.node), settings: settings)
    }
    // The costliest first, so that the others fill the gaps.
    order = layers.indices.sorted {
      let (a, b) = (layers[$0], layers[$1])
      return a.positions * a.fanIn * a.fanIn > b.positions * b.fanIn * b.fanIn
    }
    self.threads = threads
  }

  /// The moments, in the order of the layers.
  package var moments: [InputMoment] { gatherers.map(\.moment) }

  /// The relative standard errors that sampling positions gives the mean energy of inputs; `nil` for
  /// layers all of whose positions were looked at.
  var samplingErrors: [Double?] { gatherers.map(\.samplingError) }

  /// How many positions of an example were looked at; `nil` for layers where all were.
  var sampledPositions: [Int?] { gatherers.map(\.sampledPositions) }

  /// Adds the values recorded for a batch of examples.
  package func add(_ values: [UnsafeBufferPointer<Float>], examples: Int) throws(GeometryError) {
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

extension WeightLayer {
  /// The window as sums over pixels take it: moving by one, without gaps, of more than one pixel.
  fileprivate var patchGrid: PatchGrid? {
    guard case .convolution(let window) = kind, let placement,
      window.strides == Extent(1), window.dilation == Extent(1),
      window.kernel.height * window.kernel.width > 1
    else { return nil }
    return PatchGrid(
      channels: fanIn / (window.kernel.height * window.kernel.width),
      height: placement.input.height, width: placement.input.width,
      kernelHeight: window.kernel.height, kernelWidth: window.kernel.width,
      top: placement.top, left: placement.left, outputHeight: placement.output.height,
      outputWidth: placement.output.width)
  }
}
