import Training

/// What a downstream task consists of: where it is learned, and where it is tested.
struct TransferData {
  /// A test set with a name.
  struct Named {
    var name: String
    var examples: Examples
  }

  /// A test set with its part in the comparison.
  struct Test {
    var name: String
    var isID: Bool
    var examples: Examples
  }

  /// What the ID test set is called in tables.
  static let idName = "ID"

  var classes: Int

  /// In-distribution examples to learn from.
  var training: Examples

  /// In-distribution examples that choose learning rates, epochs and regularisation.
  var validation: Examples

  /// In-distribution examples that are only tested on.
  var id: Examples

  /// Out-of-distribution test sets.
  var ood: [Named]

  /// Every test set, the ID one first.
  var tests: [Test] {
    [Test(name: Self.idName, isID: true, examples: id)]
      + ood.map { Test(name: $0.name, isID: false, examples: $0.examples) }
  }
}
