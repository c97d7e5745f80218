import Files

/// What a library keeps beside the numbers a network computes with, and others do not keep.
struct Bookkeeping {
  /// The other checkpoint's roles.
  private let roles: Set<Role>
  private let checkpoint: Checkpoint

  /// What `checkpoint` keeps that `other` has nowhere.
  init(of checkpoint: Checkpoint, besides other: Checkpoint) {
    self.checkpoint = checkpoint
    roles = Set(other.parameters.map(\.role))
  }

  /// Whether `parameter` without a partner is no difference between the networks: the count of batches
  /// that PyTorch keeps with statistics, or a factor of 1 that Caffe divides them by, where the other
  /// checkpoint has no such thing at all.
  func holds(_ parameter: Checkpoint.Parameter) throws(FileError) -> Bool {
    guard !roles.contains(parameter.role) else { return false }
    if parameter.role == .batchCount { return true }
    guard parameter.role == .movingFactor else { return false }
    return try checkpoint.values(parameter).allSatisfy { $0 == 1 }
  }

  /// `parameters` without and with bookkeeping.
  func split(
    _ parameters: [Checkpoint.Parameter]
  ) throws(FileError) -> (network: [Checkpoint.Parameter], kept: [Checkpoint.Parameter]) {
    var (network, kept): ([Checkpoint.Parameter], [Checkpoint.Parameter]) = ([], [])
    for parameter in parameters {
      if try holds(parameter) { kept.append(parameter) } else { network.append(parameter) }
    }
    return (network, kept)
  }
}

extension CheckpointDifference {
  /// What is said of bookkeeping that one side has alone; `nil` when there is none.
  var bookkeepingWords: String? {
    let parts = [(bookkeepingBefore, "first", "second"), (bookkeepingAfter, "second", "first")]
      .compactMap { parameters, one, other -> String? in
        guard !parameters.isEmpty else { return nil }
        let counts = parameters.filter { $0.role == .batchCount }.count
        let factors = parameters.count - counts
        var kinds: [String] = []
        if counts > 0 {
          kinds.append(counts == 1 ? "1 count of batches" : "\(counts) counts of batches")
        }
        if factors > 0 {
          kinds.append(factors == 1 ? "1 factor of 1" : "\(factors) factors of 1")
        }
        return
          "\(kinds.joined(separator: " and ")) of the \(one), which the \(other) does not keep, "
          + (parameters.count == 1 ? "does" : "do") + " not count"
      }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
