package import Training

/// What a downstream task consists of: where it is learned, and where it is tested.
package struct TransferData {
  /// A test set with a name.
  package struct Named {
    package var name: String
    package var examples: Examples
  }

  /// A test set with its part in the comparison.
  package struct Test {
    package var name: String
    package var isID: Bool
    package var examples: Examples
  }

  /// What the ID test set is called in tables.
  package static let idName = "ID"

  package var classes: Int

  /// In-distribution examples to learn from.
  package var training: Examples

  /// In-distribution examples that choose learning rates, epochs and regularisation.
  package var validation: Examples

  /// In-distribution examples that are only tested on.
  package var id: Examples

  /// Out-of-distribution test sets.
  package var ood: [Named]

  /// Every test set, the ID one first.
  package var tests: [Test] {
    [Test(name: Self.idName, isID: true, examples: id)]
      + ood.map { Test(name: $0.name, isID: false, examples: $0.examples) }
  }
}
