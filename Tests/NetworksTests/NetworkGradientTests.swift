import Checkpoints
import Foundation
import Networks
import TestSupport
import Testing

/// Every gradient of small networks, read from their state dictionaries, is the one that PyTorch
/// computes in Float64, as `Fixtures/make_fixtures_gradients.py` wrote it.
@Suite struct NetworkGradientTests {
  /// A network and the mode in which it was run.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let mode: TrainingExecutor.Mode
    var testDescription: String { "\(name), \(mode)" }
  }

  static let cases: [Case] = {
    let files =
      (try? FileManager.default.contentsOfDirectory(atPath: fixture("Gradients"))) ?? []
    return files.sorted().compactMap { file in
      let parts = file.split(separator: ".").map(String.init)
      guard parts.count == 3, ["train", "evaluate"].contains(parts[1]) else { return nil }
      return Case(name: parts[0], mode: parts[1] == "train" ? .train : .evaluate)
    }
  }()

  @Test func `networks of every kind are there`() {
    let names = Set(Self.cases.map(\.name))
    #expect(
      names.isSuperset(of: [
        "resnet_basic", "resnet_small", "resnet_bottleneck", "vit", "vit_scaled", "clip_vit",
        "mobilenet_v2", "mobilenet_v3", "vgg", "convnext",
      ]))
  }

  @Test(arguments: cases)
  func `every gradient is PyTorch's`(item: Case) throws {
    func open(_ part: String) throws -> Checkpoint {
      try Checkpoint.open(fixture("Gradients/\(item.name).\(part).safetensors"))
    }
    let mode = item.mode == .train ? "train" : "evaluate"
    let images = try tensor("images", in: open("\(mode)-images"))
    let examples = try Checkpoint.open(
      fixture("Gradients/size\(images.shape[1]).examples.safetensors"))
    let inputs = try tensor("images", in: examples).values
    let labels = try tensor("labels", in: examples).values.map { Int($0) }
    var options = StateDictionaryArchitecture.Options()
    options.imageSize = Extent(images.shape[1])
    let network = try Network(open("state"), options: options)
    // Under the same names, with the same axes, the gradients are.
    let expected = try Network(open(mode), options: options)
    #expect(expected.graph == network.graph)

    let executor = try TrainingExecutor(
      network, capacity: labels.count, differentiatesInput: true)
    let logits = try inputs.withUnsafeBufferPointer {
      Array(try executor.forward($0, count: labels.count, mode: item.mode))
    }
    try crossEntropyGradient(logits, labels).withUnsafeBufferPointer {
      try executor.backward($0)
    }
    let largest = expected.parameters.indices.reduce(Float(0)) { largest, slot in
      let isStatistic = network.graph.parameters[slot].role.isStatistic
      return isStatistic ? largest : max(largest, maximum(expected.parameters[slot].values))
    }
    let after = executor.copyParameters()
    var worst = (error: Float(0), place: "")
    for (index, slot) in network.graph.parameters.enumerated() {
      let reference = expected.parameters[index].values
      let computed = executor.gradients[index].map(Array.init) ?? after[index].values
      #expect((executor.gradients[index] == nil) == slot.role.isStatistic)
      if maximum(reference) < 1e-9 * largest {
        // Zero but for rounding, as what a softmax or a normalisation does not see.
        #expect(maximum(computed) < 1e-6 * largest, "\(slot)")
        continue
      }
      let error = relativeDifference(computed, reference)
      if error > worst.error { worst = (error, "\(slot.layer)/\(slot.role)") }
    }
    let ofImages = relativeDifference(
      Array(try #require(executor.inputGradient)), images.values)
    if ofImages > worst.error { worst = (ofImages, "images") }
    noteError("\(item.name)/\(mode)", worst.error)
    #expect(worst.error < 1e-5, "\(worst.place)")
  }

  private func tensor(_ name: String, in checkpoint: Checkpoint) throws -> Tensor {
    try checkpoint.tensor(try #require(checkpoint.parameters.first { $0.name == name }))
  }

  private func maximum(_ values: [Float]) -> Float { values.reduce(0) { max($0, abs($1)) } }

  /// `(softmax(z) − 1[label]) / n`, in Float64.
  private func crossEntropyGradient(_ logits: [Float], _ labels: [Int]) -> [Float] {
    let classes = logits.count / labels.count
    return labels.enumerated().flatMap { row, label in
      let powers = (0..<classes).map { exp(Double(logits[row * classes + $0])) }
      let sum = powers.reduce(0, +)
      return (0..<classes).map {
        Float((powers[$0] / sum - ($0 == label ? 1 : 0)) / Double(labels.count))
      }
    }
  }
}
