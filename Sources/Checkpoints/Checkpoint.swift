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
    /// How the axes of a kernel are ordered, where the layout says so; `nil` for anything else.
    public var kernelOrder: KernelOrder?

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
  /// Arrays of the file that could be parameters and are not among them.
  public internal(set) var omissions: [Omission] = []
  /// Why the values cannot be used in a network as they are, or `nil` when they can.
  ///
  /// Such files are inspected and compared as they are; whoever runs a network must refuse them
  /// with this reason.
  public internal(set) var conversionNeeded: String?

  /// Whether the file records the order of the layers; where it does not, they come in the order
  /// of their names, numbers counted as numbers.
  public internal(set) var orderIsRecorded = true

  /// What a `.weights.h5` holds, by groups that are numbered within their classes.
  var kerasModel: KerasNode?

  var source: any ValueSource

  init(_ source: any ValueSource, layout: Layout, evidence: String) {
    self.source = source
    self.path = source.path
    self.layout = layout
    self.evidence = evidence
  }

  init(_ file: File, layout: Layout, evidence: String) {
    self.init(HDF5Values(file: file, path: file.path), layout: layout, evidence: evidence)
  }

  /// Every parameter, in model order.
  public var parameters: [Parameter] { layers.flatMap(\.parameters) }

  /// The values of `parameter` in single precision.
  ///
  /// - Throws: `FileError` when they cannot be read.
  public func tensor(_ parameter: Parameter) throws(FileError) -> Tensor {
    Tensor(shape: parameter.shape, values: try source.floats(parameter))
  }

  /// The values of `parameter` in double precision, which holds every floating-point value of a
  /// file exactly.
  ///
  /// - Throws: `FileError` when they cannot be read.
  public func values(_ parameter: Parameter) throws(FileError) -> [Double] {
    try source.values(parameter)
  }
}

extension Checkpoint {
  /// The parameter whose values are the dataset `name` in `group`.
  ///
  /// - Parameter areBrainFloats: Whether two opaque bytes are bfloat16 in this layer.
  static func parameter(
    _ name: String, in group: Group, layer: String, role: Role,
    areBrainFloats: @autoclosure () -> Bool = false
  ) throws(HDF5Error) -> Parameter {
    var dataset = try group.dataset(name)
    if let taken = try dataset.takenForBrainFloats(), areBrainFloats() { dataset = taken }
    guard dataset.elementType.isNumeric, !dataset.isNull else {
      var reason =
        dataset.isNull ? "a parameter without values" : "holds \(dataset.elementType), not numbers"
      if dataset.elementType == .opaque(bytes: 2, tag: "") {
        reason +=
          "; if they are bfloat16, save them as .weights.h5 or .keras, where the file says so"
      }
      throw HDF5Error(
        kind: .wrongType, path: group.file.path, object: dataset.path, reason: reason)
    }
    try dataset.requireReadable()
    return Parameter(
      layer: layer, role: role, name: name, path: dataset.path, shape: dataset.shape,
      elementType: dataset.elementType, isTrainable: role.isStatistic ? false : nil,
      kernelOrder: role.isKernel ? .inputsFirst : nil)
  }
}
