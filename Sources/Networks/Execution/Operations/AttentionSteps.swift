import COneDNN
import Glibc

/// Attention, embeddings and products between values.
extension Compiler {
  func attentionForward(_ index: Int, _ attention: Attention) {
    let node = graph.nodes[index]
    let layer = node.name
    let output = values[index]
    let shapes = node.inputs.map { graph.nodes[$0].shape }
    let isPacked = node.inputs.count == 1
    let (rows, width) = (shapes[0][0], isPacked ? shapes[0][1] / 3 : shapes[0][1])
    let keys = isPacked ? rows : shapes[1][0]
    let valueWidth = isPacked ? width : shapes[2][1]
    let heads = attention.heads
    let (headWidth, headValues) = (width / heads, valueWidth / heads)
    let scale = attention.scale ?? 1 / Float(headWidth).squareRoot()
    let sources = node.inputs.map { values[$0] }
    let sizes = shapes.map { $0.reduce(1, *) }
    let strides = shapes.map { $0[1] }
    let scores = Buffer(count: rows * keys)
    let (examples, size, isCausal) = (count, node.size, attention.isCausal)
    program.append(
      PlainStep { [engine] () throws(NetworkError) in
        // Products this small take less time than threads to meet.
        conednn_use_threads(1)
        defer { engine.enter() }
        for example in 0..<examples {
          let starts = sources.indices.map { sources[$0].pointer + example * sizes[$0] }
          for head in 0..<heads {
            let q = starts[0] + head * headWidth
            let k = (isPacked ? starts[0] + width : starts[1]) + head * headWidth
            let v = (isPacked ? starts[0] + 2 * width : starts[2]) + head * headValues
            let (kStride, vStride) =
              isPacked ? (strides[0], strides[0]) : (strides[1], strides[2])
            try multiply(
              q, by: k, transposed: true, into: scores.pointer, rows: rows, columns: keys,
              inner: headWidth, strides: (strides[0], kStride, keys), scale: scale, layer: layer)
            for row in 0..<rows {
              let line = scores.pointer + row * keys
              let seen = isCausal ? row + 1 : keys
              softmax(line, count: seen)
              if seen < keys { (line + seen).update(repeating: 0, count: keys - seen) }
            }
            try multiply(
              scores.pointer, by: v, into: output.pointer + example * size + head * headValues,
              rows: rows, columns: headValues, inner: keys,
              strides: (keys, vStride, valueWidth), layer: layer)
          }
        }
      })
  }

  func embeddingForward(_ index: Int, count rows: Int, width: Int) {
    let layer = graph.nodes[index].layer
    let (input, output, table) = (input(index), values[index], parameter(index, 0))
    let total = count * graph.nodes[index].size / width
    program.append(
      PlainStep { () throws(NetworkError) in
        for position in 0..<total {
          let number = input.pointer[position]
          guard let row = Int(exactly: number), 0..<rows ~= row else {
            throw NetworkError(
              layer: layer,
              reason: "the input \(number) is no row of its table, 0 to \(rows - 1)")
          }
          (output.pointer + position * width).update(
            from: table.pointer + row * width, count: width)
        }
      })
  }

  func dotForward(_ index: Int, _ axes: [Int], normalizes: Bool) {
    let node = graph.nodes[index]
    let layer = node.name
    let shapes = node.inputs.map { graph.nodes[$0].shape }
    let sources = node.inputs.map { values[$0] }
    let output = values[index]
    let inner = shapes[0][axes[0]]
    // Each value as a matrix whose rows run over the axis of the sum.
    var copies: [StridedCopy] = []
    var matrices: [Buffer] = []
    for (shape, axis) in zip(shapes, axes) {
      let steps = StridedCopy.strides(of: shape)
      let rest = shape.indices.filter { $0 != axis }
      let extents = rest.map { shape[$0] } + [inner]
      copies.append(
        StridedCopy(
          extents, from: rest.map { steps[$0] } + [steps[axis]],
          to: StridedCopy.strides(of: extents)))
      matrices.append(Buffer(count: shape.reduce(1, *)))
    }
    let (rows, columns) = (matrices[0].count / inner, matrices[1].count / inner)
    let examples = count
    program.append(
      PlainStep { [copies, matrices] () throws(NetworkError) in
        for example in 0..<examples {
          for (number, copy) in copies.enumerated() {
            let matrix = matrices[number]
            copy.run(from: sources[number].pointer + example * matrix.count, to: matrix.pointer)
            if normalizes { normalizeRows(matrix, width: inner) }
          }
          try multiply(
            matrices[0].pointer, by: matrices[1].pointer, transposed: true,
            into: output.pointer + example * rows * columns, rows: rows, columns: columns,
            inner: inner, strides: (inner, inner, columns), layer: layer)
        }
      })
  }
}

/// Replaces numbers by eˣ over the sum of eˣ.
func softmax(_ line: UnsafeMutablePointer<Float>, count: Int) {
  var largest = -Float.infinity
  for i in 0..<count { largest = max(largest, line[i]) }
  var sum = 0.0
  for i in 0..<count {
    line[i] = expf(line[i] - largest)
    sum += Double(line[i])
  }
  let share = Float(1 / sum)
  for i in 0..<count { line[i] *= share }
}

/// Divides each row by its length, as TensorFlow's `l2_normalize` does.
func normalizeRows(_ matrix: Buffer, width: Int) {
  for start in stride(from: 0, to: matrix.count, by: width) {
    var squares = 0.0
    for i in start..<start + width { squares += Double(matrix.pointer[i] * matrix.pointer[i]) }
    let scale = Float(1 / max(squares, 1e-12).squareRoot())
    for i in start..<start + width { matrix.pointer[i] *= scale }
  }
}
