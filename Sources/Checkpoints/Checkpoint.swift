public import Files
public import HDF5

/// Named parameters in model order, as a file holds them; their values are read on demand.
///
///     let checkpoint = try Checkpoint.open("lenet.h5")
///     for parameter in checkpoint.parameters {
///       print(parameter.layer, parameter.role, parameter.shape)
///     }
///     let kernel = try checkpoint.tensor(checkpoint.parameters[0])
public struct Checkpoint: Sendable {
  /// One array of numbers that belongs to a layer.
  public struct Parameter: Hashable, Sendable {
    /// The name of its layer; for a nested model, the name of that model in the outer one.
    public var layer: String
    /// Where it belongs inside its layer, when that is made of several: a layer of a nested model,
    /// or a part such as the forward half of a bidirectional layer.
    public var innerLayer: String?
    /// What it does in its layer.
    public var role: Role
    /// Its name as the file gives it, such as `conv1/kernel:0`.
    public var name: String
    /// Where its values are in the file.
    public var path: String
    /// The extent of each axis.
    public var shape: [Int]
    /// What an element is in the file.
    public var elementType: ElementType
    /// Whether gradients change it, where that is known.
    public var isTrainable: Bool?

    /// The name of the innermost layer it belongs to: `backbone/conv1`, or just `conv1`.
    public var innermostLayer: String { innerLayer.map { "\(layer)/\($0)" } ?? layer }
    /// The number of values.
    public var count: Int { shape.reduce(1, *) }
    /// The bytes of the values without compression.
    public var byteCount: Int { count * (elementType.byteCount ?? 0) }
  }

  /// A layer with its parameters, which may be none.
  public struct Layer: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its kind, such as `Conv2D`, where the file records it.
    public var className: String?
    /// Its parameters in the order of the file.
    public var parameters: [Parameter]
  }

  /// The file as the caller named it.
  public let path: String
  /// How the file holds the parameters.
  public internal(set) var layout: Layout
  /// Why the file was taken for that layout, in a few words.
  public internal(set) var evidence: String
  /// The layers in model order.
  public internal(set) var layers: [Layer] = []
  /// The architecture as JSON text: Keras's `model_config`, or Anamorph's description.
  public internal(set) var architecture: String?
  /// What the file says of the program that wrote it, such as `Keras 2.15.0, tensorflow`.
  public internal(set) var writer: String?
  /// Keras's `training_config`: loss, metrics, optimizer.
  public internal(set) var trainingConfiguration: JSON?
  /// The optimizer that the file records, if any.
  public internal(set) var optimizer: OptimizerRecord?
  /// What Anamorph recorded of the training that made the checkpoint.
  public internal(set) var training: JSON?
  /// The digest of the checkpoint that the training began from.
  public internal(set) var parentDigest: String?
  /// The digest that was recorded when the file was written.
  public internal(set) var recordedDigest: String?
  /// What a reader of the numbers should know, one sentence each.
  public internal(set) var notes: [String] = []
  /// Why the values cannot be used in a network as they are, or `nil` when they can.
  ///
  /// Such files are inspected and compared as they are; whoever runs a network must refuse them
  /// with this reason.
  public internal(set) var conversionNeeded: String?

  let file: File

  init(_ file: File, layout: Layout, evidence: String) {
    self.file = file
    self.path = file.path
    self.layout = layout
    self.evidence = evidence
  }

  /// Every parameter, in model order.
  public var parameters: [Parameter] { layers.flatMap(\.parameters) }

  /// Opens the checkpoint at `path` and reads everything but the values.
  ///
  /// - Throws: `FileError` when it cannot be read or its layout is not known.
  public static func open(_ path: String) throws(FileError) -> Checkpoint {
    try converting { () throws(HDF5Error) in
      let file = try opened(path)
      let root = try file.root
      if try root.hasAttribute("anamorph_layout") { return try anamorph(file, root) }
      if let checkpoint = try kerasLegacy(file, root) { return checkpoint }
      throw HDF5Error(kind: .unsupported, path: path, reason: try unknownLayout(root))
    }
  }

  /// The values of `parameter` in single precision.
  ///
  /// - Throws: `FileError` when they cannot be read.
  public func tensor(_ parameter: Parameter) throws(FileError) -> Tensor {
    try converting { () throws(HDF5Error) in
      let dataset = try dataset(parameter)
      return Tensor(shape: parameter.shape, values: try dataset.read(as: Float.self))
    }
  }

  /// The values of `parameter` in double precision, which holds every floating-point value of a
  /// file exactly.
  ///
  /// - Throws: `FileError` when they cannot be read.
  public func values(_ parameter: Parameter) throws(FileError) -> [Double] {
    try converting { () throws(HDF5Error) in
      try dataset(parameter).read(as: Double.self)
    }
  }

  func dataset(_ parameter: Parameter) throws(HDF5Error) -> Dataset {
    let dataset = try file.root.dataset(parameter.path)
    guard dataset.shape == parameter.shape, !dataset.isNull else {
      throw HDF5Error(
        kind: .wrongShape, path: path, object: parameter.path, reason: "its shape has changed")
    }
    return dataset
  }
}

/// Runs `body`, its errors turned into those that every part of the package shares.
func converting<R>(_ body: () throws(HDF5Error) -> R) throws(FileError) -> R {
  do throws(HDF5Error) { return try body() } catch { throw error.fileError }
}

extension Checkpoint {
  /// The parameter whose values are the dataset at `path` below `group`.
  static func parameter(
    _ name: String, in group: Group, layer: String, role: Role
  ) throws(HDF5Error) -> Parameter {
    let dataset = try group.dataset(name)
    guard dataset.elementType.isNumeric, !dataset.isNull else {
      throw HDF5Error(
        kind: .wrongType, path: group.file.path, object: dataset.path,
        reason: dataset.isNull
          ? "a parameter without values" : "holds \(dataset.elementType), not numbers")
    }
    try dataset.requireReadable()
    return Parameter(
      layer: layer, role: role, name: name, path: dataset.path, shape: dataset.shape,
      elementType: dataset.elementType, isTrainable: role.isStatistic ? false : nil)
  }

  /// Opens the file, and says of other common checkpoint formats that they are those.
  private static func opened(_ path: String) throws(HDF5Error) -> File {
    do throws(HDF5Error) { return try File(readingAt: path) } catch {
      guard error.kind == .notHDF5 else { throw error }
      let ending = path.split(separator: ".").last?.lowercased() ?? ""
      var error = error
      switch ending {
      case "keras":
        error.reason =
          "a Keras 3 archive, which is not read; save the model with model.save('name.h5')"
      case "pt", "pth", "safetensors", "onnx", "npz", "ckpt", "pb":
        error.reason = "not an HDF5 file, and .\(ending) checkpoints are not read"
      default: break
      }
      throw error
    }
  }

  /// What to say of a file whose layout is none of those read.
  private static func unknownLayout(_ root: Group) throws(HDF5Error) -> String {
    let names = try root.entries().map(\.name)
    if names.contains("_layer_checkpoint_dependencies") || names.contains("layers") {
      return "a Keras 3 .weights.h5, which is not read; save the model with model.save('name.h5')"
    }
    let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    return "no known checkpoint layout: no layer_names at the top or in model_weights "
      + "(it holds \(names.isEmpty ? "nothing" : shown))"
  }
}
