import COneDNN

/// Gradients of attention, embeddings and products between values.
extension BackwardCompiler {
  /// For each example and head, with P the softmax of the scores S and G the gradient of P V:
  /// dV = Pᵀ G; dP = G Vᵀ; dS = P (dP − Σ P dP) row by row; dQ = scale dS K and dK = scale dSᵀ Q. P is
  /// computed once more, which costs less than keeping it for every head.
  func attentionBackward(_ index: Int, _ attention: Attention, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    let shapes = node.inputs.map { forward.graph.nodes[$0].shape }
    let isPacked = node.inputs.count == 1
    let (rows, width) = (shapes[0][0], isPacked ? shapes[0][1] / 3 : shapes[0][1])
    let keys = isPacked ? rows : shapes[1][0]
    let valueWidth = isPacked ? width : shapes[2][1]
    let heads = attention.heads
    let (headWidth, headValues) = (width / heads, valueWidth / heads)
    let scale = attention.scale ?? 1 / Float(headWidth).squareRoot()
    let sources = node.inputs.map { forward.values[$0] }
    let results = node.inputs.indices.map { inputGradient(index, $0) }
    let sizes = shapes.map { $0.reduce(1, *) }
    // Queries, keys and values: which input, from which column on, rows how far apart.
    let parts: [(input: Int, start: Int, head: Int, stride: Int)] = (0..<3).map { part in
      let input = isPacked ? 0 : part
      return (
        input, isPacked ? part * width : 0, part == 2 ? headValues : headWidth, shapes[input][1]
      )
    }
    let (shares, slopes) = (Buffer(count: rows * keys), Buffer(count: rows * keys))
    let (examples, size, isCausal) = (forward.count, node.size, attention.isCausal)
    program.append(
      PlainStep { [engine = forward.engine] () throws(NetworkError) in
        // Products this small take less time than threads to meet.
        conednn_use_threads(1)
        defer { engine.enter() }
        for example in 0..<examples {
          for head in 0..<heads {
            func place(_ part: Int, _ buffers: [Buffer]) -> UnsafeMutablePointer<Float> {
              let (input, start, columns, _) = parts[part]
              return buffers[input].pointer + example * sizes[input] + start + head * columns
            }
            let (q, k, v) = (place(0, sources), place(1, sources), place(2, sources))
            let (qStride, kStride, vStride) = (parts[0].stride, parts[1].stride, parts[2].stride)
            let g = gradient.pointer + example * size + head * headValues
            try multiply(
              q, by: k, transposed: true, into: shares.pointer, rows: rows, columns: keys,
              inner: headWidth, strides: (qStride, kStride, keys), scale: scale, layer: layer)
            for row in 0..<rows {
              let line = shares.pointer + row * keys
              let seen = isCausal ? row + 1 : keys
              softmax(line, count: seen)
              if seen < keys { (line + seen).update(repeating: 0, count: keys - seen) }
            }
            try multiply(
              shares.pointer, turned: true, by: g, into: place(2, results), rows: keys,
              columns: headValues, inner: rows, strides: (keys, valueWidth, vStride), layer: layer)
            try multiply(
              g, by: v, transposed: true, into: slopes.pointer, rows: rows, columns: keys,
              inner: headValues, strides: (valueWidth, vStride, keys), layer: layer)
            for row in 0..<rows {
              let (share, slope) = (shares.pointer + row * keys, slopes.pointer + row * keys)
              var mean = 0.0
              for key in 0..<keys { mean += Double(share[key]) * Double(slope[key]) }
              let center = Float(mean)
              for key in 0..<keys { slope[key] = share[key] * (slope[key] - center) }
            }
            try multiply(
              slopes.pointer, by: k, into: place(0, results), rows: rows, columns: headWidth,
              inner: keys, strides: (keys, kStride, qStride), scale: scale, layer: layer)
            try multiply(
              slopes.pointer, turned: true, by: q, into: place(1, results), rows: keys,
              columns: headWidth, inner: rows, strides: (keys, qStride, kStride), scale: scale,
              layer: layer)
          }
        }
      })
  }

  /// The rows of the table that were read add up the gradients of where they went.
  func embeddingBackward(_ index: Int, width: Int, _ gradient: Buffer) {
    guard isTrained(index) else { return }
    let node = forward.graph.nodes[index]
    let (input, result) = (forward.input(index), gradientMemory(index, node.parameters[0]))
    let size = forward.graph.parameters[node.parameters[0]].count
    let total = forward.count * node.size / width
    program.append(
      PlainStep {
        result.pointer.update(repeating: 0, count: size)
        for position in 0..<total {
          // The forward pass has checked that these are rows of the table.
          let row = result.pointer + Int(input.pointer[position]) * width
          let source = gradient.pointer + position * width
          for column in 0..<width { row[column] += source[column] }
        }
      })
  }

  /// With A and B the values as matrices whose rows run over the axis of the sum, and G the gradient
  /// of A Bᵀ: dA = G B and dB = Gᵀ A.
  func dotBackward(_ index: Int, _ axes: [Int], normalizes: Bool, _ gradient: Buffer) {
    let node = forward.graph.nodes[index]
    let layer = node.name
    let shapes = node.inputs.map { forward.graph.nodes[$0].shape }
    let sources = node.inputs.map { forward.values[$0] }
    let results = node.inputs.indices.map { inputGradient(index, $0) }
    let inner = shapes[0][axes[0]]
    var copies: [(there: StridedCopy, back: StridedCopy)] = []
    for (shape, axis) in zip(shapes, axes) {
      let steps = StridedCopy.strides(of: shape)
      let rest = shape.indices.filter { $0 != axis }
      let extents = rest.map { shape[$0] } + [inner]
      let (apart, together) = (
        rest.map { steps[$0] } + [steps[axis]], StridedCopy.strides(of: extents)
      )
      copies.append(
        (
          StridedCopy(extents, from: apart, to: together),
          StridedCopy(extents, from: together, to: apart)
        ))
    }
    let sizes = shapes.map { $0.reduce(1, *) }
    let (originals, matrices, slopes) = (
      sizes.map(Buffer.init(count:)), sizes.map(Buffer.init(count:)), sizes.map(Buffer.init(count:))
    )
    let (rows, columns) = (sizes[0] / inner, sizes[1] / inner)
    let examples = forward.count
    program.append(
      PlainStep { [copies] () throws(NetworkError) in
        for example in 0..<examples {
          for side in 0..<2 {
            copies[side].there.run(
              from: sources[side].pointer + example * sizes[side], to: originals[side].pointer)
            matrices[side].fill(from: UnsafeBufferPointer(originals[side].values))
            if normalizes { normalizeRows(matrices[side], width: inner) }
          }
          let g = gradient.pointer + example * rows * columns
          try multiply(
            g, by: matrices[1].pointer, into: slopes[0].pointer, rows: rows, columns: inner,
            inner: columns, strides: (columns, inner, inner), layer: layer)
          try multiply(
            g, turned: true, by: matrices[0].pointer, into: slopes[1].pointer, rows: columns,
            columns: inner, inner: rows, strides: (columns, inner, inner), layer: layer)
          for side in 0..<2 {
            if normalizes {
              differentiateLengths(
                slopes[side], of: originals[side], normalized: matrices[side], width: inner)
            }
            copies[side].back.run(
              from: slopes[side].pointer, to: results[side].pointer + example * sizes[side])
          }
        }
      })
  }
}

/// From the gradient of rows divided by their lengths to that of the rows:
/// `(g − x̂ (x̂ · g)) / length`; rows too short to be divided by their own length stand for themselves.
private func differentiateLengths(
  _ gradient: Buffer, of rows: Buffer, normalized: Buffer, width: Int
) {
  for start in stride(from: 0, to: rows.count, by: width) {
    var (squares, along) = (0.0, 0.0)
    for i in start..<start + width {
      squares += Double(rows.pointer[i]) * Double(rows.pointer[i])
      along += Double(normalized.pointer[i]) * Double(gradient.pointer[i])
    }
    if squares <= 1e-12 { along = 0 }
    let scale = 1 / max(squares, 1e-12).squareRoot()
    for i in start..<start + width {
      let across = Double(gradient.pointer[i]) - Double(normalized.pointer[i]) * along
      gradient.pointer[i] = Float(across * scale)
    }
  }
}
