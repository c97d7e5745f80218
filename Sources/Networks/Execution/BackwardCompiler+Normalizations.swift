import COneDNN
import Checkpoints

/// Gradients of normalisations.
extension BackwardCompiler {
  func normalizationBackward(
    _ index: Int, _ normalization: BatchNormalization, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let engine = forward.engine
    guard let hint = forward.descriptors[index], let statistics = forward.statistics[index] else {
      return
    }
    let data = try forward.images(node.shape, node.name)
    let attributes = try Attributes(layer: node.name)
    let flags = conednn_normalization_flags(
      forward.usesBatchStatistics ? 0 : 1, normalization.hasScale ? 1 : 0,
      normalization.hasShift ? 1 : 0)
    let kind =
      normalization.hasScale || normalization.hasShift ? dnnl_backward : dnnl_backward_data
    let descriptor = try PrimitiveDescriptor(layer: node.name, "differentiate") { result in
      conednn_normalization_backward(
        &result, engine.handle, attributes.handle, kind, data.handle, normalization.epsilon, flags,
        hint.handle)
    }
    let perChannel = try MemoryDescriptor([statistics.mean.count], dnnl_a, layer: node.name)
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, data, forward.input(index)), (DNNL_ARG_DIFF_DST, data, gradient),
      (DNNL_ARG_MEAN, perChannel, statistics.mean),
      (DNNL_ARG_VARIANCE, perChannel, statistics.variance),
      (DNNL_ARG_DIFF_SRC, data, inputGradient(index)),
    ]
    for slot in node.parameters {
      switch forward.graph.parameters[slot].role {
      case .gamma:
        bindings.append((DNNL_ARG_SCALE, perChannel, forward.parameters[slot]))
        bindings.append((DNNL_ARG_DIFF_SCALE, perChannel, gradientMemory(index, slot)))
      case .beta:
        if conednn_gradient_reads_shift() != 0 {
          bindings.append((DNNL_ARG_SHIFT, perChannel, forward.parameters[slot]))
        }
        bindings.append((DNNL_ARG_DIFF_SHIFT, perChannel, gradientMemory(index, slot)))
      default: break
      }
    }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }

  func rowNormalizationBackward(
    _ index: Int, _ normalization: LayerNormalization, _ gradient: Buffer
  ) throws(NetworkError) {
    let node = forward.graph.nodes[index]
    let engine = forward.engine
    guard let hint = forward.descriptors[index], let statistics = forward.statistics[index] else {
      return
    }
    let arrays = try forward.normalizedRows(index, normalization)
    let attributes = try Attributes(layer: node.name)
    let flags = conednn_normalization_flags(
      0, normalization.hasScale ? 1 : 0, normalization.hasShift ? 1 : 0)
    let kind =
      normalization.hasScale || normalization.hasShift ? dnnl_backward : dnnl_backward_data
    let descriptor = try PrimitiveDescriptor(layer: node.name, "differentiate") { result in
      conednn_row_normalization_backward(
        &result, engine.handle, attributes.handle, kind, arrays.data.handle,
        arrays.statistics.handle, normalization.epsilon, flags, hint.handle)
    }
    var bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)] = [
      (DNNL_ARG_SRC, arrays.data, forward.input(index)),
      (DNNL_ARG_DIFF_DST, arrays.data, gradient),
      (DNNL_ARG_MEAN, arrays.statistics, statistics.mean),
      (DNNL_ARG_VARIANCE, arrays.statistics, statistics.variance),
      (DNNL_ARG_DIFF_SRC, arrays.data, inputGradient(index)),
    ]
    for slot in node.parameters {
      let result = gradientMemory(index, slot)
      if forward.graph.parameters[slot].role == .gamma {
        bindings.append((DNNL_ARG_SCALE, arrays.parameter, forward.parameters[slot]))
        bindings.append((DNNL_ARG_DIFF_SCALE, arrays.parameter, result))
      } else {
        bindings.append((DNNL_ARG_SHIFT, arrays.parameter, forward.parameters[slot]))
        bindings.append((DNNL_ARG_DIFF_SHIFT, arrays.parameter, result))
      }
    }
    program.append(try PrimitiveStep(descriptor, engine: engine, bindings))
  }

  /// With x̂ the normalised value and g the gradient times gamma, the gradient of the value is
  /// `(g − mean(g) − x̂ · mean(g x̂)) / deviation` in each group; sums are kept in Float64.
  func groupNormalizationBackward(
    _ index: Int, _ normalization: GroupNormalization, _ gradient: Buffer
  ) {
    let node = forward.graph.nodes[index]
    let (input, result) = (forward.input(index), inputGradient(index))
    let channels = node.shape.last ?? 1
    let positions = node.size / channels
    let width = channels / normalization.groups
    let (hasScale, hasShift) = (normalization.hasScale, normalization.hasShift)
    let gamma = hasScale ? forward.parameter(index, 0) : nil
    let scaleResult = hasScale ? gradientMemory(index, node.parameters[0]) : nil
    let shiftResult = hasShift ? gradientMemory(index, node.parameters[hasScale ? 1 : 0]) : nil
    let (examples, size, epsilon) = (forward.count, node.size, Double(normalization.epsilon))
    program.append(
      PlainStep {
        var scales = [Double](repeating: 0, count: channels)
        var shifts = scales
        for example in 0..<examples {
          for first in stride(from: 0, to: channels, by: width) {
            let (x, g) = (input.pointer + example * size, gradient.pointer + example * size)
            let count = Double(positions * width)
            func sum(_ term: (_ place: Int, _ channel: Int) -> Double) -> Double {
              var sum = 0.0
              for position in 0..<positions {
                for channel in first..<first + width {
                  sum += term(position * channels + channel, channel)
                }
              }
              return sum
            }
            let mean = sum { place, _ in Double(x[place]) } / count
            let variance =
              sum { place, _ in (Double(x[place]) - mean) * (Double(x[place]) - mean) } / count
            let scale = 1 / (variance + epsilon).squareRoot()
            func scaled(_ place: Int, _ channel: Int) -> Double {
              Double(g[place]) * Double(gamma?.pointer[channel] ?? 1)
            }
            let average = sum(scaled) / count
            let slope = sum { scaled($0, $1) * (Double(x[$0]) - mean) * scale } / count
            let target = result.pointer + example * size
            for position in 0..<positions {
              for channel in first..<first + width {
                let place = position * channels + channel
                let normalized = (Double(x[place]) - mean) * scale
                target[place] = Float(
                  (scaled(place, channel) - average - normalized * slope) * scale)
                scales[channel] += Double(g[place]) * normalized
                shifts[channel] += Double(g[place])
              }
            }
          }
        }
        scaleResult?.fill(from: scales.map { Float($0) })
        shiftResult?.fill(from: shifts.map { Float($0) })
      })
  }

  func standardizationBackward(_ index: Int, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let (variance, result) = (forward.parameter(index, 1), inputGradient(index))
    let pairs = StretchedPair(
      node.shape, count: forward.count, (node.shape, false),
      (forward.graph.parameters[node.parameters[1]].shape, true))
    program.append(
      PlainStep {
        pairs.run(.standardize, gradient.pointer, variance.pointer, result.pointer)
      })
  }
}
