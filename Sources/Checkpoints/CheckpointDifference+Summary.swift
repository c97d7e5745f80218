import HDF5

extension CheckpointDifference {
  /// The difference in a sentence or two.
  public var summary: String {
    let changed = pairs.filter { !$0.isSame }
    let reshaped = changed.filter { $0.change == nil }
    var sentence: String
    switch extent {
    case .identical:
      sentence = "Identical: all \(pairs.count) parameters hold the same values"
      if tolerance > 0 { sentence += " within \(tolerance)" }
    case .identicalAsRead:
      sentence =
        "What was read is identical, but not everything was: \(pairs.count) "
        + "parameter\(pairs.count == 1 ? " holds" : "s hold") the same values"
      if tolerance > 0 { sentence += " within \(tolerance)" }
    case .typeConversion:
      let kinds = Set(changed.compactMap(\.conversion)).sorted().joined(separator: ", ")
      sentence =
        "Only the element type changed, \(kinds): the values of \(changed.count) of "
        + "\(pairs.count) parameters differ by that rounding and nothing more"
    case .statisticsOnly:
      sentence =
        "Only batch-normalisation statistics changed: \(changed.count) of \(pairs.count) parameters"
    case .headOnly:
      sentence = "Only the head changed, as a linear probe does: layer \(head ?? "")"
    case .biasesOnly:
      sentence = "Only biases changed: \(changed.count) of \(pairs.count) parameters"
    case .backboneOnly: sentence = "Every layer but the head, \(head ?? ""), changed"
    case .allLayers:
      sentence =
        "All layers changed: \(changed.count) of \(pairs.count) pairs of parameters"
    case .someLayers:
      var layers: [String] = []
      var seen: Set<String> = []
      for layer in changed.map(\.before.innermostLayer) where seen.insert(layer).inserted {
        layers.append(layer)
      }
      sentence = layers.isEmpty ? "What both hold is identical" : "Changed: \(shown(layers))"
      let all = Set(pairs.map(\.before.innermostLayer)).count
      if !layers.isEmpty { sentence += " (\(layers.count) of \(all) layers)" }
    case .nothingShared: sentence = "No parameter of one has a partner in the other"
    }
    var parts = [sentence]
    if !reshaped.isEmpty {
      parts.append("\(pairs.count - reshaped.count) of \(pairs.count) pairs can be compared")
    }
    for pair in reshaped.prefix(6) {
      parts.append(
        "\(pair.before.innermostLayer) \(pair.before.role) has another shape, "
          + "\(text(pair.before.shape)) and \(text(pair.after.shape))")
    }
    if reshaped.count > 6 { parts.append("\(reshaped.count - 6) more have another shape") }
    if !onlyBefore.isEmpty { parts.append("\(onlyBefore.count) only in the first") }
    if !onlyAfter.isEmpty { parts.append("\(onlyAfter.count) only in the second") }
    if let words = bookkeepingWords { parts.append(words) }
    let damaged = pairs.filter { ($0.change?.nonFiniteAfter ?? 0) > 0 }.count
    if damaged > 0 { parts.append("\(damaged) hold NaN or infinity in the second") }
    let turned = Set(pairs.compactMap(\.transposition)).sorted()
    if !turned.isEmpty {
      let count = pairs.filter { $0.transposition != nil }.count
      parts.append(
        "\(count) kernels of the second were transposed to compare them, "
          + turned.joined(separator: " and "))
    }
    for (omitted, place) in [(omittedBefore, "first"), (omittedAfter, "second")]
    where !omitted.isEmpty {
      parts.append("not compared of the \(place): \(shown(omitted.map(\.name)))")
    }
    if excludedBefore > 0 || excludedAfter > 0 {
      parts.append("\(excludedBefore) and \(excludedAfter) parameters were excluded")
    }
    let retyped = pairs.filter { $0.before.elementType != $0.after.elementType }.count
    if retyped > 0, extent != .typeConversion {
      parts.append("\(retyped) are stored in another element type")
    }
    let whole = pairs.filter {
      $0.before.role != .batchCount
        && $0.before.elementType.isFloatingPoint != $0.after.elementType.isFloatingPoint
    }.count
    if whole > 0 {
      parts.append("\(whole) are whole numbers on one side, compared as stored and without a scale")
    }
    return parts.joined(separator: "; ") + "."
  }

  private func shown(_ names: [String]) -> String {
    names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", …" : "")
  }

  private func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " × ") }
}
