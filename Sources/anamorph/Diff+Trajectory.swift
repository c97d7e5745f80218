import Checkpoints
import Reports

extension Diff {
  /// Compares each checkpoint with the first and the one before it; whether all are the same.
  func follow(_ checkpoints: [Checkpoint], _ options: ComparisonOptions) throws -> Bool {
    let trajectory = try CheckpointTrajectory(
      checkpoints, tolerance: tolerance, options: options)
    let steps = Self.steps(trajectory)
    switch format {
    case .text:
      let folder = Self.sharedFolder(checkpoints.map(\.path))
      var text = oneLine("w₀: \(checkpoints[0].path)") + "\n\n"
      text += Self.steps(trajectory, leavingOut: folder).text(style: .standardOutput()) + "\n"
      text +=
        "Totals are over the \(trajectory.commonCount) of \(trajectory.parameters.count) parameters "
        + "of the first that every file has in the same shape.\n"
      for step in trajectory.steps where !step.missing.isEmpty || !step.unmatched.isEmpty {
        let missing = step.missing.map { "\($0.innermostLayer) \($0.role)" }
        let unmatched = step.unmatched.map { "\($0.innermostLayer) \($0.role)" }
        text +=
          oneLine(
            "\(step.path.dropFirst(folder.count)): without a partner of the same shape in it: \(Self.shown(missing)); "
              + "only in it: \(Self.shown(unmatched)).") + "\n"
      }
      text += Self.notes(checkpoints)
      try StandardOutput.write(text)
    case .csv: try StandardOutput.write(Self.points(trajectory).csv)
    case .json:
      let json: JSONText = [
        "first": .text(checkpoints[0].path),
        "same": Self.json(
          trajectory.isSame,
          isComplete: checkpoints.allSatisfy { $0.omissions(of: options).isEmpty }),
        "tolerance": .number(tolerance),
        "parameter_count": .integer(trajectory.parameters.count),
        "common_count": .integer(trajectory.commonCount),
        "not_compared": .array(checkpoints.map { Self.json($0.omissions(of: options)) }),
        "notes": .array(checkpoints.map { .array($0.notes.map(JSONText.text)) }),
        "steps": steps.json,
        "points": Self.points(trajectory).json,
      ]
      try StandardOutput.write(json.rendered() + "\n")
    }
    return trajectory.isSame
  }

  private static func shown(_ names: [String]) -> String {
    names.isEmpty
      ? "none" : names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
  }

  /// The folder that all paths begin with, with its slash.
  private static func sharedFolder(_ paths: [String]) -> String {
    guard let first = paths.first, let slash = first.lastIndex(of: "/") else { return "" }
    let folder = first[...slash]
    return paths.allSatisfy { $0.hasPrefix(folder) } ? String(folder) : ""
  }

  /// A row for each later file as a whole.
  private static func steps(
    _ trajectory: CheckpointTrajectory, leavingOut folder: String = ""
  ) -> Table {
    let number = Column.Kind.number(significantDigits: 4)
    var table = Table(
      "trajectory", caption: "Each checkpoint against the first and the one before it.",
      columns: [
        Column("step", .integer, meaning: "The number of the file, 1 for the second."),
        Column("file", meaning: "The file."),
        Column(
          "compared", .integer,
          meaning: "How many parameters of the first have a partner of the same shape."),
        Column(
          "relative_norm", number, title: "‖w−w₀‖/‖w₀‖",
          meaning: "The length of the change since the first relative to the first.",
          hasReason: true),
        Column(
          "cosine", .number(significantDigits: 6), title: "cos(w,w₀)",
          meaning: "The cosine with the first.", hasReason: true),
        Column(
          "step_length", number, title: "‖w−w₋₁‖",
          meaning: "The length of the change since the file before."),
        Column(
          "path_length", number, title: "path",
          meaning: "The sum of the changes up to here."),
        Column(
          "straightness", number, meaning: "‖w−w₀‖ divided by the length of the path.",
          hasReason: true),
      ])
    for (index, step) in trajectory.steps.enumerated() {
      let reason = "the first is zero, or a norm overflows"
      table.append([
        .integer(index + 1), .text(String(step.path.dropFirst(folder.count))),
        .integer(step.comparedCount),
        .number(step.relativeNorm, otherwise: reason), .number(step.cosine, otherwise: reason),
        .number(step.stepLength), .number(step.pathLength),
        .number(
          step.pathLength > 0 ? step.distance / step.pathLength : nil, otherwise: "nothing moved"),
      ])
    }
    return table
  }

  /// A row for each later file as a whole, each of its layers, and each of its parameters.
  private static func points(_ trajectory: CheckpointTrajectory) -> Table {
    let number = Column.Kind.number(significantDigits: 4)
    var table = Table(
      "trajectory", caption: "Every parameter of the first checkpoint through the others.",
      columns: [
        Column("level", meaning: "checkpoint, layer, or parameter."),
        Column("step", .integer, meaning: "The number of the file, 1 for the second."),
        Column("file", meaning: "The file."),
        Column("layer", meaning: "The layer in the first file; none for a file as a whole."),
        Column("role", meaning: "What the parameter does in its layer."),
        Column("parameter", meaning: "The parameter's name in the first file."),
        Column("parameter_after", meaning: "Its name in this file."),
        Column("matched_by", meaning: "What makes the two a pair."),
        Column("shape", meaning: "The shape in the first file."),
        Column(
          "relative_norm", number, meaning: "‖w−w₀‖/‖w₀‖, w₀ of the first file.", hasReason: true),
        Column("cosine", number, meaning: "The cosine with the first file.", hasReason: true),
        Column("distance", number, meaning: "‖w−w₀‖.", hasReason: true),
        Column("step_length", number, meaning: "‖w−w₋₁‖, w₋₁ of the file before.", hasReason: true),
        Column(
          "path_length", number, meaning: "The sum of the steps up to here; of files as a whole."),
        Column(
          "changed_share", number, meaning: "The share of values unlike the first's.",
          hasReason: true),
      ])
    let none = "no partner of the same shape"
    let zero = "one of the two is zero, or a norm overflows"
    for (index, step) in trajectory.steps.enumerated() {
      let nameless = [Cell](repeating: .none, count: 6)
      let start: [Cell] = [.integer(index + 1), .text(step.path)]
      let numbers: [Cell] = [
        .number(step.relativeNorm, otherwise: zero), .number(step.cosine, otherwise: zero),
        .number(step.distance), .number(step.stepLength), .number(step.pathLength),
        .undefined("for layers and parameters only"),
      ]
      table.append(["checkpoint"] + start + nameless + numbers)
      for layer in trajectory.layers(at: index + 1) {
        let change = layer.sinceFirst
        let names: [Cell] = [
          .text(change.layer), .none, .none, .none, .none,
          .text("\(change.parameterCount) parameter\(change.parameterCount == 1 ? "" : "s")"),
        ]
        let numbers: [Cell] = [
          .number(change.relativeNorm, otherwise: zero), .number(change.cosine, otherwise: zero),
          .number(change.distance), .number(layer.stepLength, otherwise: none), .none,
          .number(change.changedShare),
        ]
        table.append(["layer"] + start + names + numbers)
      }
      for point in trajectory.points where point.step == index + 1 {
        let first = point.sinceFirst
        let names: [Cell] = [
          .text(point.first.innermostLayer), .text(point.first.role.name), .text(point.first.name),
          point.partner.map { Cell.text($0.name) } ?? .none,
          point.evidence.map { Cell.text($0.title) } ?? .none, .text(shapeText(point.first.shape)),
        ]
        let numbers: [Cell] = [
          .number(first?.relativeNorm, otherwise: first == nil ? none : zero),
          .number(first?.cosine, otherwise: first == nil ? none : zero),
          .number(first?.distance, otherwise: none),
          .number(point.sincePrevious?.distance, otherwise: none), .none,
          .number(first?.changedShare, otherwise: none),
        ]
        table.append(["parameter"] + start + names + numbers)
      }
    }
    return table
  }
}
