import HDF5

/// The datasets of an HDF5 file below a group, in the order of their names, numbers counted as
/// numbers.
struct Members {
  /// A dataset of numbers.
  struct Member {
    /// The names from the group to the dataset.
    var components: [String]
    var dataset: Dataset
  }

  /// The datasets of numbers.
  private(set) var numbers: [Member] = []
  /// The other datasets: texts, records, datasets without values.
  private(set) var others: [Member] = []

  /// Walks everything below `root`; links inside the file are followed, as tied weights are kept so.
  ///
  /// - Throws: `HDF5Error`, also for what no walk follows: see ``GroupWalk``.
  init(of root: Group) throws(HDF5Error) {
    var walk = GroupWalk()
    var pending: [(components: [String], place: GroupWalk.Place)] = [([], GroupWalk.Place(root))]
    while let (components, place) = pending.popLast() {
      for (name, member) in try walk.members(of: place) {
        switch member {
        case .group(let inner): pending.append((components + [name], inner))
        case .dataset(let dataset):
          let member = Member(components: components + [name], dataset: dataset)
          if dataset.elementType.isNumeric, !dataset.isNull {
            numbers.append(member)
          } else {
            others.append(member)
          }
        case .namedType: break
        }
      }
    }
    numbers.sort { NaturalOrder.precedes($0.components, $1.components) }
    others.sort { NaturalOrder.precedes($0.components, $1.components) }
  }
}
