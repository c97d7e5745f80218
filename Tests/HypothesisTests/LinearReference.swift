import Foundation
import Hypothesis
import LinearAlgebra
import TestSupport

/// A problem and its solution by SciPy, from `Fixtures/linear_flow.json`.
struct LinearReference: Decodable {
  var trueFeatures: [[Double]]
  var trueHead: [Double]
  var features: [[Double]]
  var head: [Double]
  var span: [[Double]]
  var complement: [[Double]]
  var inputs: [[Double]]
  var fineTunedHead: [Double]
  var fineTunedFeatures: [[Double]]
  var probedHead: [Double]
  var oodError: Double
  var probeOodError: Double
  var distance: Double
  var cosineToComplement: Double
  var cosineToSpan: Double
  var headAlignmentError: Double
  var conditionNumber: Double

  var problem: LinearProblem {
    LinearProblem(
      truth: LinearModel(head: trueHead, features: Matrix(trueFeatures)),
      pretrained: LinearModel(head: head, features: Matrix(features)),
      inputs: Matrix(inputs), span: Matrix(span), complement: Matrix(complement))
  }

  static func all() throws -> [LinearReference] {
    struct File: Decodable { var problems: [LinearReference] }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = try Data(contentsOf: URL(filePath: fixture("linear_flow.json", beside: #filePath)))
    return try decoder.decode(File.self, from: data).problems
  }
}
