import Checkpoints
import Files
import Networks
import Reports

extension Inspect {
  /// Prints the operations of the network in the checkpoint.
  func showGraph(_ checkpoint: Checkpoint) throws {
    let network = try Network(
      checkpoint, architecture: try ArchitectureFile.read(architecture),
      inputShape: inputShape.isEmpty ? nil : inputShape, options: recognition.options)
    try show(network.graph, path: checkpoint.path)
  }

  /// Prints the operations of an architecture without parameters.
  func showGraph(of configuration: JSON) throws {
    try naming(file) {
      try show(
        Graph(architecture: configuration, inputShape: inputShape.isEmpty ? nil : inputShape),
        path: file)
    }
  }

  private func show(_ graph: Graph, path: String) throws {
    let table = Self.graphTable(graph)
    switch format {
    case .text:
      try StandardOutput.write(
        oneLine("\(path): \(Self.summary(graph))") + "\n\n"
          + table.text(style: .standardOutput()) + "\n" + Self.tapLines(graph))
    case .csv: try StandardOutput.write(table.csv)
    case .json:
      let document: JSONText = [
        "file": .text(path),
        "inputs": .array(
          graph.inputs.map { ["name": .text($0.name), "shape": Self.json($0.shape)] }),
        "outputs": .array(graph.outputs.map { .text(graph.nodes[$0].name) }),
        "penultimate": (try? graph.penultimate).map { .text($0.name) } ?? .null,
        "logits": .text(graph.logitsTap.name),
        "taps": .array(
          graph.layerTaps.map {
            [
              "name": .text($0.name), "shape": Self.json($0.shape),
              "features": .integer($0.featureCount),
            ]
          }),
        "nodes": table.json,
      ]
      try StandardOutput.write(document.rendered() + "\n")
    }
  }

  private static func json(_ shape: [Int]) -> JSONText { .array(shape.map { .integer($0) }) }

  private static func summary(_ graph: Graph) -> String {
    let values = graph.parameters.reduce(0) { $0 + $1.count }
    let inputs = graph.inputs.map { "\($0.name) \(shapeText($0.shape))" }.joined(separator: ", ")
    return "\(graph.nodes.count) operations, \(graph.parameters.count) parameters, "
      + "\(NumberText.count(values)) values; input \(inputs)"
  }

  /// Which layers `features --at` usually asks for.
  private static func tapLines(_ graph: Graph) -> String {
    var lines: [String] = []
    do throws(NetworkError) {
      let tap = try graph.penultimate
      lines.append(
        "penultimate tap: \(tap.name) (\(shapeText(tap.shape)))"
          + (graph.features == nil ? "" : ", the result: there is no classifier head"))
    } catch {
      lines.append("penultimate tap: none; \(error.reason)")
    }
    lines.append("logits: \(graph.logitsTap.name) (\(shapeText(graph.logitsTap.shape)))")
    for output in graph.outputs {
      lines.append("output: \(graph.nodes[output].name) (\(shapeText(graph.nodes[output].shape)))")
    }
    return lines.map(oneLine).joined(separator: "\n") + "\n"
  }

  /// A row for each operation, in the order in which they are computed.
  private static func graphTable(_ graph: Graph) -> Table {
    var table = Table(
      "graph", caption: "The operations of a network in the order in which they are computed.",
      columns: [
        Column("node", meaning: "The operation's name."),
        Column("layer", meaning: "The layer that it belongs to; features --at takes it."),
        Column("operation", meaning: "What is computed."),
        Column("inputs", meaning: "The nodes whose values it reads, joined by commas."),
        Column("shape", meaning: "The shape of its value for one example."),
        Column("parameters", .integer, meaning: "How many numbers its parameters hold."),
        Column(
          "shared", .truth, meaning: "Whether its parameters are those of an operation before it."),
        Column("tap", meaning: "penultimate, logits or output, where it is one."),
      ])
    let penultimate = (try? graph.penultimate)?.node
    var seen: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      var taps: [String] = []
      if index == penultimate { taps.append("penultimate") }
      if index == graph.logits { taps.append("logits") }
      if graph.outputs.contains(index) { taps.append("output") }
      let isShared = node.parameters.contains(where: seen.contains)
      seen.formUnion(node.parameters)
      table.append([
        .text(node.name), .text(node.layer), .text(node.operation.kind),
        .text(node.inputs.map { graph.nodes[$0].name }.joined(separator: ",")),
        .text(shapeText(node.shape)),
        .integer(node.parameters.reduce(0) { $0 + graph.parameters[$1].count }),
        .truth(isShared), .text(taps.joined(separator: ",")),
      ])
    }
    return table
  }
}
