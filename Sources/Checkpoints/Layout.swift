/// How a file holds a network's parameters.
public enum Layout: String, Hashable, Sendable, CaseIterable {
  /// Anamorph's own, described in `Documentation/layouts/anamorph.md`.
  case anamorph
  /// `model.save("x.h5")` of Keras 1, 2 and 3: configuration, parameters, optimizer state.
  case kerasLegacyModel
  /// `model.save_weights("x.h5")` of Keras 1 and 2: parameters only.
  case kerasLegacyWeights
  /// Keras before 1.0: `layer_0/param_0`, without names.
  case kerasNumbered

  /// The layout in words.
  public var title: String {
    switch self {
    case .anamorph: "Anamorph checkpoint"
    case .kerasLegacyModel: "Keras whole model (legacy HDF5)"
    case .kerasLegacyWeights: "Keras weights only (legacy HDF5)"
    case .kerasNumbered: "Keras weights by number (before 1.0)"
    }
  }
}
