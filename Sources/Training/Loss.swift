#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What a run minimises, with its derivative by the network's outputs.
package enum Loss {
  /// The mean cross-entropy of softmax(logits) against class labels.
  ///
  /// `−(1/n) Σᵢ log softmax(zᵢ)[yᵢ]` over n rows of as many logits as classes; fills `gradient` with
  /// `(softmax(zᵢ) − 1[yᵢ]) / n`. The sum over examples is in Float64.
  package static func crossEntropy(
    _ logits: UnsafeBufferPointer<Float>, labels: UnsafeBufferPointer<Int>,
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(
      !labels.isEmpty && logits.count % labels.count == 0 && gradient.count == logits.count,
      "\(logits.count) logits for \(labels.count) labels")
    let classes = logits.count / labels.count
    var total = 0.0
    let share = 1 / Float(labels.count)
    for (row, label) in labels.enumerated() {
      let start = row * classes
      var highest = logits[start]
      for c in 1..<classes { highest = max(highest, logits[start + c]) }
      var sum: Float = 0
      for c in 0..<classes {
        let power = expf(logits[start + c] - highest)
        gradient[start + c] = power
        sum += power
      }
      for c in 0..<classes { gradient[start + c] *= share / sum }
      gradient[start + label] -= share
      total += Double(logf(sum)) - Double(logits[start + label] - highest)
    }
    return total / Double(labels.count)
  }

  /// Half the squared error per example: `(1/2n) Σᵢ ‖zᵢ − tᵢ‖²`; fills `gradient` with
  /// `(zᵢ − tᵢ) / n`.
  package static func squaredError(
    _ outputs: UnsafeBufferPointer<Float>, targets: UnsafeBufferPointer<Float>, examples: Int,
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    precondition(
      outputs.count == targets.count && gradient.count == outputs.count,
      "\(outputs.count) outputs for \(targets.count) targets")
    var total = 0.0
    let share = 1 / Float(examples)
    for i in outputs.indices {
      let difference = outputs[i] - targets[i]
      gradient[i] = difference * share
      total += Double(difference * difference)
    }
    return total / (2 * Double(examples))
  }
}
