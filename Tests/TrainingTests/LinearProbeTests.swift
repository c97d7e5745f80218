import Checkpoints
import Networks
import Testing
import Training

@Suite struct LinearProbeTests {
  private struct Reference: Decodable {
    struct Solution: Decodable {
      var regularisation: Double
      var objective: Double
      var kernel: [Double]
      var bias: [Double]
      var accuracy: Double
    }
    var width: Int
    var classes: Int
    var features: [Float]
    var labels: [Int]
    var solutions: [Solution]
  }

  @Test func `the optimum is scikit-learn's for strong, middling and weak regularisation`() throws {
    let reference = try decode(Reference.self, from: "probes.json")
    let set = FeatureSet(
      width: reference.width, values: reference.features, labels: reference.labels)
    #expect(reference.solutions.count == 3)
    for solution in reference.solutions {
      let probe = try LinearProbe(
        training: set, validation: set, classes: reference.classes,
        settings: .init(regularisation: [solution.regularisation]))
      let candidate = try #require(probe.chosen)
      #expect(abs(candidate.objective - solution.objective) < 1e-10)
      #expect(candidate.gradientNorm <= 1e-7)
      for (value, expected) in zip(probe.kernel, solution.kernel) {
        #expect(abs(Double(value) - expected) < 1e-5)
      }
      let mean = probe.bias.reduce(0.0) { $0 + Double($1) } / Double(reference.classes)
      for (value, expected) in zip(probe.bias, solution.bias) {
        #expect(abs(Double(value) - mean - expected) < 1e-5)
      }
      #expect(abs(candidate.validationAccuracy - solution.accuracy) < 1e-12)
      #expect(abs(try probe.accuracy(on: set) - solution.accuracy) < 1e-12)
    }
  }

  @Test func `a warm start from stronger regularisation ends at the same optimum`() throws {
    let reference = try decode(Reference.self, from: "probes.json")
    let set = FeatureSet(
      width: reference.width, values: reference.features, labels: reference.labels)
    let probe = try LinearProbe(
      training: set, validation: set, classes: reference.classes,
      settings: .init(regularisation: reference.solutions.map(\.regularisation)))
    #expect(probe.candidates.count == 3)
    for (candidate, solution) in zip(probe.candidates, reference.solutions) {
      #expect(abs(candidate.objective - solution.objective) < 1e-10)
    }
  }

  @Test func `of equal accuracies the strongest regularisation is chosen`() throws {
    let easy = FeatureSet(width: 1, values: [-5, -4, 4, 5], labels: [0, 0, 1, 1])
    let probe = try LinearProbe(
      training: easy, validation: easy, classes: 2,
      settings: .init(regularisation: [10, 1, 0.1]))
    #expect(probe.candidates.map(\.validationAccuracy) == [1, 1, 1])
    #expect(probe.regularisation == 10)
  }

  @Test func `constant features give the logarithms of class shares as biases`() throws {
    let constant = FeatureSet(width: 2, values: [7, 7, 7, 7, 7, 7, 7, 7], labels: [0, 0, 0, 1])
    let probe = try LinearProbe(
      training: constant, validation: constant, classes: 2,
      settings: .init(regularisation: [0.1]))
    #expect(probe.kernel.allSatisfy { abs($0) < 1e-6 })
    #expect(abs(probe.bias[0] - probe.bias[1] - 1.0986123) < 1e-4)
  }

  @Test func `a class without examples is never predicted and harms nothing`() throws {
    let set = FeatureSet(width: 1, values: [-1, 1, -1.1, 1.2], labels: [0, 2, 0, 2])
    let probe = try LinearProbe(training: set, validation: set, classes: 3)
    #expect(probe.predictions(on: set) == [0, 2, 0, 2])
    #expect((probe.kernel + probe.bias).allSatisfy { $0.isFinite })
  }

  @Test func `as the head of a network it predicts what it predicts on the features`() throws {
    let examples = Perceptrons.clusters(90, dimension: 5, classes: 3, distance: 2, seed: 3)
    let network = try Perceptrons.network(5, [8], 3)
    let (probed, probe) = try network.linearlyProbed(training: examples, validation: examples)
    #expect(
      try probed.predictions(on: examples)
        == probe.predictions(on: network.features(of: examples)))
    #expect(probed.parameters[0] == network.parameters[0])
    #expect(probed.parameters[2].values == probe.kernel)
    #expect(probed.parameters[3].values == probe.bias)
  }

  @Test func `what cannot be learned from is refused in words`() {
    func reason(_ training: FeatureSet, _ validation: FeatureSet, _ strengths: [Double] = [1])
      -> String
    {
      do {
        _ = try LinearProbe(
          training: training, validation: validation, classes: 2,
          settings: .init(regularisation: strengths))
        return ""
      } catch { return "\(error)" }
    }
    let good = FeatureSet(width: 1, values: [0, 1], labels: [0, 1])
    #expect(reason(good, good) == "")
    #expect(
      reason(FeatureSet(width: 1, values: [], labels: []), good)
        == "a set without examples cannot be learned from")
    #expect(
      reason(good, FeatureSet(width: 1, values: [0, 1], labels: nil)) == "the set has no labels")
    #expect(
      reason(FeatureSet(width: 1, values: [0, 1], labels: [0, 2]), good)
        == "row 1: label 2 is outside the classes 0…1")
    #expect(
      reason(good, FeatureSet(width: 2, values: [0, 1], labels: [0]))
        == "the training features are 1 wide and the validation features 2")
    #expect(
      reason(FeatureSet(width: 1, values: [0, .nan], labels: [0, 1]), good)
        == "row 1: its features are not finite")
    #expect(reason(good, good, []) == "the linear probe has no regularisation strengths to try")
    #expect(reason(good, good, [-1]) == "regularisation strengths must not be negative")
  }
}
