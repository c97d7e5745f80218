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
  /// `model.save_weights("x.weights.h5")` of Keras 3, and of TensorFlow 2.12 and later.
  case kerasWeights
  /// `model.save("x.keras")` of Keras 3: an archive of the configuration and the weights.
  case kerasArchive
  /// `tf_model.h5` as Hugging Face Transformers wrote it: Keras weights whose names are scopes.
  case huggingFaceTensorFlow
  /// A state dictionary, as PyTorch names parameters, written to HDF5.
  case stateDictionary
  /// `.caffemodel.h5`: blobs by number in `/data/<layer>`.
  case caffe
  /// `.safetensors`, one file or several with an index.
  case safeTensors
  /// `.npz`: arrays by name.
  case numPyArchive

  /// The layout in words.
  public var title: String {
    switch self {
    case .anamorph: "Anamorph checkpoint"
    case .kerasLegacyModel: "Keras whole model (legacy HDF5)"
    case .kerasLegacyWeights: "Keras weights only (legacy HDF5)"
    case .kerasNumbered: "Keras weights by number (before 1.0)"
    case .kerasWeights: "Keras 3 weights (.weights.h5)"
    case .kerasArchive: "Keras 3 archive (.keras)"
    case .huggingFaceTensorFlow: "Hugging Face TensorFlow weights (legacy Keras HDF5)"
    case .stateDictionary: "state dictionary in HDF5"
    case .caffe: "Caffe model (HDF5)"
    case .safeTensors: "safetensors"
    case .numPyArchive: "NumPy archive (.npz)"
    }
  }
}
