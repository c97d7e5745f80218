import Checkpoints
import HDF5
import Hypothesis
import Networks
import TestSupport
import Testing
import Training

@Suite struct OptimizerEvidenceTests {
  /// What a Keras checkpoint of one dense layer gives as evidence.
  private func keras(
    optimizer: String? = nil, _ settings: String = "{}", layer: String = ""
  ) throws -> OptimizerEvidence {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.h5"
      try File.create(path) { root in
        try root.setAttribute("keras_version", "2.15.0")
        try root.setAttribute("backend", "tensorflow")
        try root.setAttribute(
          "model_config",
          """
          {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense",
          "config": {"name": "d", "units": 2, "batch_input_shape": [null, 3]\(layer)}}]}}
          """)
        if let optimizer {
          try root.setAttribute(
            "training_config",
            """
            {"optimizer_config": {"class_name": "\(optimizer)", "config": \(settings)}}
            """)
        }
        let weights = try root.createGroup("model_weights")
        try weights.setAttribute("layer_names", ["d"])
        let group = try weights.createGroup("d")
        try group.setAttribute("weight_names", ["d/kernel:0", "d/bias:0"])
        try group.createGroup("d").write(
          "kernel:0", shape: [3, 2], [Float](repeating: 1, count: 6))
        try group.write("d/bias:0", shape: [2], [Float](repeating: 0, count: 2))
      }
      return OptimizerEvidence(try Checkpoint.open(path))
    }
  }

  private func own(_ record: TrainingRecord?) throws -> OptimizerEvidence {
    try withTemporaryFolder { folder in
      let path = "\(folder)/own.h5"
      try Comparisons.network(3, [4], 2).write(to: path, training: record?.json)
      return OptimizerEvidence(try Checkpoint.open(path))
    }
  }

  @Test func `Keras records are read`() throws {
    let sgd = try keras(optimizer: "SGD", "{\"momentum\": 0.9, \"weight_decay\": null}")
    #expect(sgd.keepsSpan == true && sgd.summary == "SGD")
    #expect(try keras(optimizer: "Custom>SGD").keepsSpan == true)
    let adam = try keras(optimizer: "Adam")
    #expect(adam.keepsSpan == false && adam.summary == "Adam")
    let decayed = try keras(optimizer: "SGD", "{\"weight_decay\": 0.004}")
    #expect(decayed.keepsSpan == false && decayed.summary == "SGD with weight decay 0.004")
    let none = try keras()
    #expect(none.keepsSpan == nil && none.summary == "not recorded")
  }

  @Test func `clipping by value leaves the span, clipping by norm does not`() throws {
    let clipped = try keras(optimizer: "SGD", "{\"clipvalue\": 0.5}")
    #expect(clipped.keepsSpan == false)
    #expect(clipped.summary == "SGD with gradients clipped by value")
    #expect(
      try keras(optimizer: "SGD", "{\"clipnorm\": 1.0, \"clipvalue\": null}").keepsSpan == true)
  }

  @Test func `penalties and constraints on kernels act like weight decay`() throws {
    for member in ["kernel_regularizer", "kernel_constraint", "W_regularizer"] {
      let penalised = try keras(
        optimizer: "SGD", layer: ", \"\(member)\": {\"class_name\": \"L2\", \"config\": {}}")
      #expect(penalised.keepsSpan == false)
      #expect(penalised.summary == "SGD with a penalty or constraint on the kernels")
      #expect(try keras(optimizer: "SGD", layer: ", \"\(member)\": null").keepsSpan == true)
    }
    #expect(
      try keras(layer: ", \"kernel_regularizer\": {\"class_name\": \"L2\"}").keepsSpan == false)
    #expect(
      try keras(optimizer: "SGD", layer: ", \"bias_regularizer\": {\"class_name\": \"L2\"}")
        .keepsSpan
        == true)
  }

  @Test func `our own records are read`() throws {
    func record(_ optimizer: OptimizerSettings?) -> TrainingRecord {
      TrainingRecord(method: "ft", optimizer: optimizer, seed: 0)
    }
    #expect(try own(record(OptimizerSettings(.sgd))).keepsSpan == true)
    #expect(try own(record(OptimizerSettings(.sgd, weightDecay: 0.1))).keepsSpan == false)
    #expect(
      try own(record(OptimizerSettings(.sgd, weightDecay: 0.1))).summary
        == "sgd with weight decay 0.1")
    #expect(try own(record(OptimizerSettings(.adam))).keepsSpan == false)
    #expect(try own(record(nil)).keepsSpan == nil)
    #expect(try own(nil).keepsSpan == nil)
  }

  @Test func `what the user says counts by its name`() {
    #expect(OptimizerEvidence(named: "sgd").keepsSpan == true)
    #expect(OptimizerEvidence(named: "SGD").keepsSpan == true)
    #expect(OptimizerEvidence(named: "AdamW").keepsSpan == false)
  }
}
