import Randomness
import Testing
import Training

@Suite struct LossTests {
  private func crossEntropy(_ logits: [Float], _ labels: [Int]) -> (loss: Double, gradient: [Float])
  {
    var gradient = [Float](repeating: 0, count: logits.count)
    let loss = logits.withUnsafeBufferPointer { logits in
      labels.withUnsafeBufferPointer { labels in
        gradient.withUnsafeMutableBufferPointer {
          Loss.crossEntropy(logits, labels: labels, gradient: $0)
        }
      }
    }
    return (loss, gradient)
  }

  private func squaredError(_ outputs: [Float], _ targets: [Float], _ examples: Int)
    -> (loss: Double, gradient: [Float])
  {
    var gradient = [Float](repeating: 0, count: outputs.count)
    let loss = outputs.withUnsafeBufferPointer { outputs in
      targets.withUnsafeBufferPointer { targets in
        gradient.withUnsafeMutableBufferPointer {
          Loss.squaredError(outputs, targets: targets, examples: examples, gradient: $0)
        }
      }
    }
    return (loss, gradient)
  }

  @Test func `equal logits lose the logarithm of the number of classes`() {
    let (loss, gradient) = crossEntropy([5, 5, 5, 5, -2, -2, -2, -2], [1, 3])
    #expect(abs(loss - 1.3862943611) < 1e-6)
    #expect(gradient[0] == 0.125 && gradient[1] == -0.375 && gradient[7] == -0.375)
  }

  @Test func `logits far apart neither overflow nor vanish`() {
    let (loss, gradient) = crossEntropy([1e30, 0, -1e30, 0, 200, 0], [0, 0])
    #expect(abs(loss - 100) < 1e-4)
    #expect(gradient.allSatisfy { $0.isFinite })
  }

  @Test func `derivatives are the slopes of the losses`() {
    var generator = SeededGenerator(seed: 1, "losses")
    let values = (0..<12).map { _ in Float(generator.normal()) }
    let targets = (0..<12).map { _ in Float(generator.normal()) }
    let labels = [2, 0, 1, 1]
    let entropy = crossEntropy(values, labels).gradient
    let squared = squaredError(values, targets, 4).gradient
    let step: Float = 1.0 / 64
    for i in values.indices {
      var (up, down) = (values, values)
      up[i] += step
      down[i] -= step
      let width = Double(up[i] - down[i])
      let slope = (crossEntropy(up, labels).loss - crossEntropy(down, labels).loss) / width
      #expect(abs(slope - Double(entropy[i])) < 5e-5)
      let other = (squaredError(up, targets, 4).loss - squaredError(down, targets, 4).loss) / width
      #expect(abs(other - Double(squared[i])) < 1e-5)
    }
    for row in 0..<4 { #expect(abs(entropy[row * 3..<row * 3 + 3].reduce(0, +)) < 1e-7) }
  }

  @Test func `squared error is half the mean over examples`() {
    let (loss, gradient) = squaredError([1, 2, 3, 4], [0, 2, 3, 1], 2)
    #expect(loss == 2.5)
    #expect(gradient == [0.5, 0, 0, 1.5])
  }

  @Test func `schedules begin at the full rate, and the cosine ends at none`() {
    #expect((0...10).allSatisfy { Schedule.constant.factor(at: $0, of: 10) == 1 })
    #expect(Schedule.cosine.factor(at: 0, of: 10) == 1)
    #expect(abs(Schedule.cosine.factor(at: 5, of: 10) - 0.5) < 1e-15)
    #expect(abs(Schedule.cosine.factor(at: 1, of: 3) - 0.75) < 1e-15)
    #expect(abs(Schedule.cosine.factor(at: 10, of: 10)) < 1e-15)
    #expect(Schedule.cosine.factor(at: 0, of: 0) == 1)
  }
}
