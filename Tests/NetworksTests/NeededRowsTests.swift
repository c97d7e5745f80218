import Checkpoints
import Networks
import Testing

@Suite struct NeededRowsTests {
  /// One block of a transformer on 6 rows of 8 columns, and its first rows; the places of its values by
  /// name.
  private struct Block {
    var builder: GraphBuilder
    var end: Int

    init(separate: Bool = false, isCausal: Bool = false) throws {
      builder = try GraphBuilder(inputShape: [6, 8])
      let attention = Operation.attention(Attention(heads: 2, isCausal: isCausal))
      let normalization = Operation.layerNormalization(LayerNormalization(epsilon: 1e-5))
      var path = try builder.add("norm", normalization, to: builder.input)
      if separate {
        var projections: [Int] = []
        for name in ["queries", "keys", "values"] {
          projections.append(try builder.add(name, .dense(outputs: 8, hasBias: true), to: path))
        }
        path = try builder.add("attention", attention, to: projections)
      } else {
        path = try builder.add("qkv", .dense(outputs: 24, hasBias: true), to: path)
        path = try builder.add("attention", attention, to: path)
      }
      path = try builder.add("projection", .dense(outputs: 8, hasBias: true), to: path)
      let middle = try builder.add("sum", .add, to: [path, builder.input])
      path = try builder.add("norm2", normalization, to: middle)
      path = try builder.add("up", .dense(outputs: 16, hasBias: true), to: path)
      path = try builder.add("gelu", .activation(.gelu), to: path)
      path = try builder.add("same", .reshape([6, 16]), to: path)
      path = try builder.add("dropout", .dropout(rate: 0.5), to: path)
      path = try builder.add("down", .dense(outputs: 8, hasBias: true), to: path)
      path = try builder.add("scale", .multiplyParameter(.gamma, shape: [8]), to: path)
      end = try builder.add("block", .add, to: [middle, path])
    }

    mutating func rows(_ count: Int, _ name: String) throws -> Int {
      try builder.add(name, .slice(starts: [0, 0], counts: [count, 8]), to: end)
    }
  }

  /// The rows that are computed of each value, by name.
  private func rows(_ graph: Graph, at names: String...) throws -> [String: Int] {
    let needed = NeededRows(graph, taps: try names.map { try graph.tap(named: $0) })
    return Dictionary(
      uniqueKeysWithValues: needed.graph.nodes.map { ($0.name, $0.shape[0]) })
  }

  @Test(arguments: [false, true])
  func `of the last block only keys and values are computed for all rows`(separate: Bool) throws {
    var block = try Block(separate: separate)
    let first = try block.rows(1, "first")
    let rows = try rows(block.builder.graph(output: first), at: "first")
    for name in [
      "attention", "projection", "sum", "norm2", "up", "gelu", "same", "dropout", "down", "scale",
      "block",
    ] {
      #expect(rows[name] == 1, "\(name)")
    }
    for name in separate ? ["norm", "keys", "values"] : ["norm", "qkv"] {
      #expect(rows[name] == 6, "\(name)")
    }
    if separate { #expect(rows["queries"] == 1) }
    // What the block's rows already are.
    #expect(rows["first"] == nil)
  }

  @Test func `a value that is recorded is computed whole, and what follows it in part`() throws {
    var block = try Block()
    let first = try block.rows(1, "first")
    let rows = try rows(block.builder.graph(output: first), at: "first", "gelu")
    #expect(rows["up"] == 6)
    #expect(rows["gelu"] == 6)
    #expect(rows["gelu/first rows"] == 1)
    #expect(rows["down"] == 1)
    #expect(rows["block"] == 1)
  }

  @Test func `the most rows that are taken count where several numbers are`() throws {
    var block = try Block()
    let first = try block.rows(1, "first")
    let both = try block.rows(2, "both")
    let graph = block.builder.graph(outputs: [first, both])
    #expect(try rows(graph, at: "first", "both")["up"] == 2)
    #expect(try rows(graph, at: "first", "both")["first"] == 1)
    #expect(try rows(graph, at: "first")["up"] == 1)
  }

  @Test func `everything is computed where it is all needed`() throws {
    var block = try Block(isCausal: true)
    let first = try block.rows(1, "first")
    let causal = try rows(block.builder.graph(output: first), at: "first")
    #expect(causal["attention"] == 6)
    #expect(causal["projection"] == 1)

    block = try Block()
    let later = try block.builder.add(
      "later", .slice(starts: [1, 0], counts: [2, 8]), to: block.end)
    #expect(try rows(block.builder.graph(output: later), at: "later")["up"] == 6)

    block = try Block()
    let positions = try block.builder.add(
      "positions", .addParameter(.embeddings, shape: [6, 8]), to: block.end)
    block.end = positions
    let rest = try block.rows(1, "first")
    let rows = try rows(block.builder.graph(output: rest), at: "first")
    #expect(rows["positions"] == 6)
    #expect(rows["block"] == 6)
  }

  @Test(arguments: [Precision.float32, .bfloat16], [false, true])
  func `what is left gives what the whole gives`(precision: Precision, separate: Bool) throws {
    guard precision.isSupported else { return }
    var block = try Block(separate: separate)
    let first = try block.rows(2, "first")
    let one = try block.rows(1, "one")
    let graph = block.builder.graph(outputs: [first, one])
    let network = randomNetwork(graph, seed: 5)
    let inputs = randomValues(7 * 48, seed: 6)
    let taps = [graph.tap(at: first), graph.tap(at: one)]
    for threads in [1, 2] {
      func values(_ taps: [Tap]) throws -> [[Float]] {
        try InferenceExecutor(
          network, taps: taps, batchSize: 7, threads: threads, precision: precision
        ).run(inputs)
      }
      let part = try values(taps)
      let whole = try values(taps + [graph.tap(at: block.end)])[2]
      for example in 0..<7 {
        let expected = whole[example * 48..<example * 48 + 16]
        let found = part[0][example * 16..<example * 16 + 16]
        let tolerance: Float = precision == .float32 ? 1e-6 : 1e-2
        #expect(relativeDifference(Array(found), Array(expected)) <= tolerance)
        #expect(part[1][example * 8..<example * 8 + 8] == found.prefix(8))
      }
    }
  }
}
