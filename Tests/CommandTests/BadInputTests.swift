import Checkpoints
import Foundation
import HDF5
import Testing

/// Files that are wrong, and what each command says of them.
@Suite struct BadInputTests {
  /// Every command that opens a checkpoint and a set, with the places of both.
  private func commands(checkpoint: String, set: String) -> [[String]] {
    [
      ["train", "lp", "--from", checkpoint, "--data", set, "-o", "out.h5"],
      ["train", "ft", "--from", checkpoint, "--data", set, "-o", "out.h5", "--epochs", "1"],
      ["train", "lp-ft", "--from", checkpoint, "--data", set, "-o", "out.h5", "--epochs", "1"],
      ["features", checkpoint, "--data", set, "-o", "out.h5"],
      [
        "distortion", "--before", "pre.h5", "--after", checkpoint, "--id", set, "--ood", set, "-o",
        "run",
      ],
    ]
  }

  @Test func `checkpoints that cannot be used`() throws {
    try Workbench.run { bench in
      try bench.train()
      try "no HDF5".write(toFile: bench.path("text.h5"), atomically: true, encoding: .utf8)
      let whole = try Data(contentsOf: URL(filePath: bench.path("ft.h5")))
      try whole.prefix(whole.count / 2).write(to: URL(filePath: bench.path("half.h5")))
      try bench.writeKeras("odd", layer: "Unheard", "")
      try bench.writeKeras("lambda", layer: "Lambda", ", \"function\": [\"4wEA\", null, null]")
      try bench.writeNaN("nan")
      for (name, words) in [
        ("none.h5", "none.h5: no such file or folder"), ("text.h5", "text.h5: not an HDF5 file"),
        ("half.h5", "half.h5: "), ("id.h5", "id.h5: no known checkpoint layout"),
        ("odd.h5", "odd.h5: layer 'odd'"), ("lambda.h5", "lambda.h5: layer 'odd'"),
        ("nan.h5", "nan.h5: hidden1/kernel: holds NaN at [0, 1]"),
      ] {
        for arguments in commands(checkpoint: name, set: "id.h5") {
          try bench.expectTrouble(arguments, says: words)
        }
      }
    }
  }

  @Test func `sets that cannot be used`() throws {
    try Workbench.run { bench in
      try bench.train()
      try "no HDF5".write(toFile: bench.path("text.h5"), atomically: true, encoding: .utf8)
      try bench.writeSet("wide", width: 7)
      try bench.writeSet("nan", damage: .nan)
      try bench.writeSet("infinite", damage: -.infinity)
      try File.create(bench.path("empty.h5")) { root in
        try root.write("images", shape: [0, 6], [Float]())
      }
      for (name, words) in [
        ("none.h5", "none.h5: no such file or folder"), ("text.h5", "text.h5: "),
        ("empty.h5", "empty.h5: /images: the set holds no examples"),
        ("wide.h5", "wide.h5: "), ("nan.h5", "nan.h5: example 5: holds NaN"),
        ("infinite.h5", "infinite.h5: example 5: holds an infinity"),
        ("id.h5::/nothing", "id.h5: "),
      ] {
        for arguments in commands(checkpoint: "ft.h5", set: name) {
          try bench.expectTrouble(arguments, says: words)
        }
        try bench.expectTrouble(
          [
            "train", "ft", "--from", "pre.h5", "--data", "id.h5", "--validation", name, "-o",
            "o.h5",
          ],
          says: words)
        if name != "wide.h5" {
          try bench.expectTrouble(
            ["train", "pretrain", "--data", name, "--hidden", "4", "--steps", "2", "-o", "o.h5"],
            says: words)
        }
      }
      try bench.expectTrouble(
        [
          "distortion", "--before", "pre.h5", "--after", "ft.h5", "--id", "id.h5", "--ood",
          "wide.h5", "-o", "run",
        ], says: "wide.h5: its examples are [7] and those of the ID set [6]")
      try bench.expectTrouble(
        [
          "distortion", "--before", "pre.h5", "--after", "ft.h5", "--id", "id.h5", "--ood",
          "nan.h5",
          "-o", "run",
        ], says: "nan.h5: example 5: holds NaN")
    }
  }

  @Test func `labels that are no classes`() throws {
    try Workbench.run { bench in
      try bench.train()
      try bench.writeSet("five", classes: 5)
      try bench.expectTrouble(
        ["train", "ft", "--from", "pre.h5", "--data", "five.h5", "--classes", "3", "-o", "o.h5"],
        says: "five.h5: /labels: row 3: label 3 is outside the classes 0…2")
      try bench.expectTrouble(
        ["train", "ft", "--from", "pre.h5", "--data", "five.h5", "--keep-head", "-o", "o.h5"],
        says: "five.h5: has 5 classes, and the head of pre.h5 3; leave --keep-head out")
      try bench.expectTrouble(
        [
          "train", "ft", "--from", "pre.h5", "--data", "id.h5", "--validation", "five.h5", "-o",
          "o",
        ],
        says: "five.h5: /labels: row 3: label 3 is outside the classes 0…2")
      try File.create(bench.path("plain.h5")) { root in
        try root.write("images", shape: [20, 6], [Float](repeating: 1, count: 120))
      }
      try bench.expectTrouble(
        ["train", "lp", "--from", "pre.h5", "--data", "plain.h5", "-o", "o.h5"],
        says: "plain.h5: has no labels; name them with --labels")
    }
  }

  @Test func `places that cannot be written to, and rates that overflow`() throws {
    try Workbench.run { bench in
      try bench.train()
      for output in ["nowhere/o.h5", "id.h5/o.h5"] {
        for arguments in commands(checkpoint: "ft.h5", set: "id.h5") {
          let place = try #require(arguments.firstIndex { $0 == "out.h5" || $0 == "run" })
          var changed = arguments
          changed[place] = output
          try bench.expectTrouble(changed, says: output)
        }
      }
      try bench.expectTrouble(
        ["train", "ft", "--from", "pre.h5", "--data", "id.h5", "-o", bench.folder],
        says: "\(bench.folder): is a folder; name a file in it")
      try bench.expectTrouble(
        ["train", "ft", "--from", "pre.h5", "--data", "id.h5", "-o", "o.h5", "--rates", "1e30"],
        says: "id.h5: the loss or a weight was not finite in the first epoch at learning rate 1e+30"
      )
      for size in [["--step-size"], ["--epochs"]] {
        try bench.expectTrouble(
          ["train", "ft", "--from", "pre.h5", "--data", "id.h5", "-o", "o.h5"] + size
            + ["9223372036854775807"], says: "id.h5: ")
      }
    }
  }

  @Test func `architectures that do not fit the examples`() throws {
    try Workbench.run { bench in
      func write(_ inputs: Int, _ classes: Int) throws {
        try """
        {"format": "anamorph-architecture", "version": 1, "dataOrder": "channelsLast", "inputShape": [\(inputs)], "layers":
        [{"name": "head", "kind": "dense", "outputs": \(classes), "bias": true}]}
        """.write(toFile: bench.path("a.json"), atomically: true, encoding: .utf8)
      }
      let arguments = [
        "train", "pretrain", "--data", "id.h5", "--architecture", "a.json", "-o", "o.h5",
      ]
      try write(5, 3)
      try bench.expectTrouble(
        arguments, says: "a.json: reads examples of [5], and those of id.h5 are [6]")
      try write(6, 4)
      try bench.expectTrouble(
        arguments, says: "a.json: has 4 outputs, and the examples 3 classes")
      try "{".write(toFile: bench.path("a.json"), atomically: true, encoding: .utf8)
      try bench.expectTrouble(arguments, says: "a.json: ")
    }
  }

  @Test func `networks of two architectures cannot be compared`() throws {
    try Workbench.run { bench in
      try bench.train()
      let other = try bench.anamorph(
        "train", "pretrain", "--data", "id.h5", "--hidden", "9", "--steps", "2", "-o", "other.h5")
      #expect(other.status == 0)
      try bench.expectTrouble(
        [
          "distortion", "--before", "pre.h5", "--after", "other.h5", "--id", "id.h5", "--ood",
          "ood.h5", "-o", "run",
        ], says: "pre.h5, other.h5: the networks are not of one architecture: ")
    }
  }
}

extension Workbench {
  /// A Keras checkpoint whose second layer is of the given class.
  func writeKeras(_ name: String, layer: String, _ settings: String) throws {
    try File.create(path("\(name).h5")) { root in
      try root.setAttribute("keras_version", "2.15.0")
      try root.setAttribute("backend", "tensorflow")
      try root.setAttribute(
        "model_config",
        """
        {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense",
        "config": {"name": "d", "units": 3, "batch_input_shape": [null, 6]}}, {"class_name":
        "\(layer)", "config": {"name": "odd"\(settings)}}]}}
        """)
      let weights = try root.createGroup("model_weights")
      try weights.setAttribute("layer_names", ["d", "odd"])
      let group = try weights.createGroup("d")
      try group.setAttribute("weight_names", ["d/kernel:0", "d/bias:0"])
      try group.createGroup("d").write(
        "kernel:0", shape: [6, 3], [Float](repeating: 1, count: 18))
      try group.write("d/bias:0", shape: [3], [Float](repeating: 0, count: 3))
      try weights.createGroup("odd").setAttribute("weight_names", [String]())
    }
  }

  /// `ft.h5` with a NaN among the weights of its first layer.
  func writeNaN(_ name: String) throws {
    let source = try Checkpoint.open(path("ft.h5"))
    let tensors = try source.parameters.map { parameter in
      var tensor = try source.tensor(parameter)
      if parameter.layer == "hidden1", parameter.role == .kernel { tensor.values[1] = .nan }
      return NamedTensor(
        layer: parameter.layer, role: parameter.role, tensor: tensor, isTrainable: true)
    }
    let architecture = try source.architecture.map { try JSON(parsing: $0) }
    try Checkpoint.write(
      to: path("\(name).h5"), architecture: architecture, parameters: tensors, training: nil,
      parentDigest: nil)
  }
}
