import Checkpoints
import Foundation
import Hypothesis
import TestSupport
import Testing

/// The experiments in `samples/`, and what is said of descriptions that are wrong.
enum Samples {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(component: "samples")
    .path(percentEncoded: false)

  static func source(_ name: String) throws -> Verification.Source {
    try Verification.Source(contentsOf: "\(folder)/\(name).json")
  }

  /// A description with some members replaced, named by their paths; `nil` leaves a member out.
  static func text(_ name: String, changing changes: [String: JSON?]) throws -> String {
    var json = try JSON(
      parsing: String(contentsOfFile: "\(folder)/\(name).json", encoding: .utf8))
    for (path, value) in changes {
      json = replaced(json, path.split(separator: ".").map(String.init), value)
    }
    return String(decoding: try JSONEncoder().encode(json), as: UTF8.self)
  }

  private static func replaced(_ json: JSON, _ path: [String], _ value: JSON?) -> JSON {
    guard case .object(var members) = json, let first = path.first else { return json }
    if path.count == 1 {
      members[first] = value
    } else {
      members[first] = replaced(members[first] ?? .object([:]), Array(path.dropFirst()), value)
    }
    return .object(members)
  }
}

@Suite struct ExperimentTests {
  private func complaint(_ changes: [String: JSON?], of name: String = "demo") throws -> String {
    let text = try Samples.text(name, changing: changes)
    return reason { try Experiment(json: text, path: "e.json") }
  }

  @Test func `the shipped experiments are read and written the same`() throws {
    for name in ["demo", "demo2", "digits"] {
      let experiment = try Samples.source(name).experiment
      #expect(experiment.name == name && experiment.seeds == 10)
      let copy = try JSONDecoder().decode(
        Experiment.self, from: JSONEncoder().encode(experiment))
      #expect(copy == experiment)
    }
  }

  @Test func `a member that is missing is named with its place`() throws {
    #expect(try complaint(["seeds": nil]) == "e.json: seeds: is missing")
    #expect(
      try complaint(["task.subspace.classes": nil])
        == "e.json: task.subspace.classes: is missing")
    #expect(
      try complaint(["fineTuning.optimizer": ["momentum": 0.5]])
        == "e.json: fineTuning.optimizer.method: is missing")
    #expect(try complaint(["task": nil]) == "e.json: task: is missing")
    #expect(
      try complaint(["pretraining": nil])
        == "e.json: pretraining: is missing, and the task names no checkpoint")
  }

  @Test func `a member of the wrong type is named with what it must be`() throws {
    #expect(
      try complaint(["task.subspace.classes": "4"])
        == "e.json: task.subspace.classes: must be a whole number")
    #expect(
      try complaint(["pretraining.bias": "yes"])
        == "e.json: pretraining.bias: must be true or false")
    #expect(try complaint(["name": 3]) == "e.json: name: must be text")
    #expect(
      try complaint(["seeds": .null]) == "e.json: seeds: is null; it must be a whole number")
    #expect(
      try complaint(["fineTuning.schedule": "linear"]).hasPrefix("e.json: fineTuning.schedule: "))
  }

  @Test func `an unknown task and a slip in a name are pointed out`() throws {
    #expect(
      try complaint(["task": ["subspaces": [:]]])
        == "e.json: task: must hold one of 'subspace', 'styles', 'files'")
    for member in [
      "linearProbeFinetuningRates", "fineTuning.scedule", "fineTuning.optimizer.momentun",
      "task.subspace.angel",
    ] {
      #expect(
        try complaint([member: 0.1])
          == "e.json: \(member): there is no such member; look at its spelling")
    }
    #expect(try complaint(["linearProbeFineTuningRates": .null]) == "")
  }

  @Test(
    arguments: [
      ("name", "../x", "name: '../x' must be letters, digits, '-' and '_', for it names files"),
      ("name", "", "name: '' must be letters, digits, '-' and '_', for it names files"),
      ("seeds", 0, "seeds: 0 seeds; at least one is needed"),
      ("seeds", 9e15, "seeds: 9000000000000000 seeds are too many; at most 1000000 are run"),
      (
        "fineTuning.learningRates", [],
        "fineTuning.learningRates: learning rates must be positive, and there must be one"
      ),
      (
        "linearProbeFineTuningRates", [0.1, -0.1],
        "linearProbeFineTuningRates: learning rates must be positive, and there must be one"
      ),
      ("fineTuning.epochs", 0, "fineTuning: epochs and batchSize must be positive"),
      (
        "fineTuning.optimizer.momentum", 1,
        "fineTuning.optimizer: momentum, firstDecay and secondDecay must be in 0..<1"
      ),
      (
        "linearProbe.regularisation", [-1],
        "linearProbe.regularisation: strengths must not be negative, and there must be one"
      ),
      (
        "pretraining.training.steps", 0,
        "pretraining.training: steps, batchSize and learningRate must be positive"
      ),
      (
        "primaryOOD", "45°",
        "primaryOOD: '45°' is none of the OOD sets, '30°', '60°', '90°', 'full'"
      ),
      ("task.subspace.angles", [60, 60, 90], "task: two of its test sets are called '60°'"),
      (
        "task.subspace.idDimension", 16,
        "task.subspace: idDimension 16 needs a dimension of at least 32, so that inputs can be turned "
          + "out of their span; it is 30"
      ),
      (
        "task.subspace.classes", 1,
        "task.subspace: every count of a subspace task must be positive, and classes above 1"
      ),
      (
        "task.subspace.teacherShift", 2,
        "task.subspace: teacherShift must be in 0…1 and noise not negative"
      ),
    ] as [(String, JSON, String)])
  func `a number out of its range is named`(_ member: String, _ value: JSON, _ words: String) throws
  {
    #expect(try complaint([member: value]) == "e.json: \(words)")
  }

  @Test func `sizes that no memory holds are refused before anything is made`() throws {
    for member in ["dimension", "targets", "teacherFeatures", "classes", "training", "test"] {
      #expect(
        try complaint(["task.subspace.\(member)": 4e15]).hasPrefix("e.json: task.subspace: "))
    }
  }

  @Test func `a task with a checkpoint has no pretraining`() throws {
    let files: JSON = [
      "files": [
        "pretrained": "p.h5", "classes": 3, "training": ["set": "a.h5"],
        "validation": ["set": "b.h5"], "id": ["set": "c.h5"],
        "ood": [["name": "90°", "set": "d.h5"]],
      ]
    ]
    #expect(
      try complaint(["task": files]).hasPrefix("e.json: pretraining: has no use"))
    #expect(try complaint(["task": files, "pretraining": nil]) == "")
    #expect(
      try complaint(["task": files, "pretraining": nil, "primaryOOD": "ID"])
        == "e.json: primaryOOD: 'ID' is none of the OOD sets, '90°'")
  }

  @Test func `what is left out has the usual value`() throws {
    let full = try Experiment(
      json: Samples.text(
        "demo",
        changing: [
          "fineTuning.optimizer": ["method": "sgd", "momentum": 0.9, "weightDecay": 0],
          "fineTuning.schedule": "cosine", "fineTuning.batchNormalization": "train",
        ]), path: "e.json")
    let short = try Experiment(
      json: Samples.text(
        "demo",
        changing: [
          "fineTuning.optimizer": nil, "fineTuning.schedule": nil,
          "fineTuning.batchNormalization": nil,
        ]), path: "e.json")
    #expect(short == full)
  }

  @Test func `text that is no JSON is refused`() {
    #expect(reason { try Experiment(json: "{", path: "e.json") }.hasPrefix("e.json: "))
    #expect(reason { try Experiment(json: "[]", path: "e.json") }.hasPrefix("e.json: "))
  }
}
