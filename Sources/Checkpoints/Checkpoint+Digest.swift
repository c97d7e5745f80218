public import Files
import HDF5

extension Checkpoint {
  /// The SHA-256 digest of the parameters, as 64 hexadecimal digits.
  ///
  /// It covers, in model order, the shape and the values of every parameter, each value as the
  /// Float64 it equals. Names, layout, element type and compression do not matter, nor how the axes
  /// of kernels are ordered: those with outputs first count as they are with inputs first, and a
  /// depthwise kernel of one filter for each channel as one with groups. So the same network has one
  /// digest as a whole model, as weights only, in Anamorph's layout, and as a state dictionary whose
  /// layers have the order of their names. Inside a model that is one layer of another, parameters
  /// count by inner layer, as layouts disagree on whether statistics come last. The count of batches
  /// that PyTorch keeps beside statistics is no parameter. Every NaN counts as the same value; 0 and
  /// −0 do not.
  ///
  /// - Throws: `FileError` when values cannot be read.
  public func digest() throws(FileError) -> String {
    var digest = ParameterDigest()
    for parameter in parametersInDigestOrder where parameter.role != .batchCount {
      digest.append(shape: parameter.shapeInputsFirst)
      if parameter.kernelOrder == .outputsFirst, parameter.shape.count >= 2 {
        let axes = KernelOrder.outputsFirst.axesInOtherOrder(rank: parameter.shape.count)
        digest.append(
          permuted(try source.values(parameter), shape: parameter.shape, axes: axes))
      } else {
        // Axes of length 1 may change places without any value doing so.
        try source.eachBlock(parameter) { digest.append($0) }
      }
    }
    return digest.hexadecimal()
  }

  /// Every parameter, those of one inner layer together, in the order in which inner layers begin.
  var parametersInDigestOrder: [Parameter] {
    layers.flatMap { layer in
      var places: [String?: Int] = [:]
      for parameter in layer.parameters where places[parameter.innerLayer] == nil {
        places[parameter.innerLayer] = places.count
      }
      return layer.parameters.enumerated().sorted {
        (places[$0.element.innerLayer] ?? 0, $0.offset)
          < (places[$1.element.innerLayer] ?? 0, $1.offset)
      }.map(\.element)
    }
  }

  /// The first parameter that holds a NaN or an infinity, and how many.
  ///
  /// Whoever runs a network refuses such a checkpoint.
  ///
  /// - Throws: `FileError` when values cannot be read.
  public func firstNonFinite() throws(FileError) -> (parameter: Parameter, count: Int)? {
    for parameter in parameters {
      var count = 0
      try source.eachBlock(parameter) { count += $0.reduce(0) { $1.isFinite ? $0 : $0 + 1 } }
      if count > 0 { return (parameter, count) }
    }
    return nil
  }

  /// Refuses parameters that are not all finite numbers.
  ///
  /// - Throws: `FileError` that names the parameter.
  public func requireFinite() throws(FileError) {
    guard let (parameter, count) = try firstNonFinite() else { return }
    throw FileError(
      path: path, object: parameter.path,
      reason: "holds NaN or infinity in \(count) of \(parameter.count) values")
  }
}

/// The digest of tensors in an order.
struct ParameterDigest {
  private var hash = SHA256()

  mutating func append(shape: [Int]) {
    hash.update(UInt64(shape.count))
    for extent in shape { hash.update(UInt64(extent)) }
  }

  mutating func append(_ values: [Double]) {
    var bits: [UInt64] = []
    bits.reserveCapacity(min(values.count, 4096))
    for start in stride(from: 0, to: values.count, by: 4096) {
      bits.removeAll(keepingCapacity: true)
      for value in values[start..<min(start + 4096, values.count)] {
        bits.append((value.isNaN ? Double.nan.bitPattern : value.bitPattern).littleEndian)
      }
      bits.withUnsafeBytes { hash.update($0) }
    }
  }

  consuming func hexadecimal() -> String { hash.hexadecimal() }
}

extension ParameterDigest {
  /// The digest of `tensors`, as a checkpoint with them has it.
  static func of(_ tensors: [NamedTensor]) -> String {
    var digest = ParameterDigest()
    for named in tensors where named.role != .batchCount {
      var parameter = Checkpoint.Parameter(
        layer: named.layer, role: named.role, name: "", path: "", shape: named.tensor.shape,
        elementType: .float32, kernelOrder: named.role.isKernel ? .inputsFirst : nil)
      parameter.takeOrder(ofRole: named.role.name)
      digest.append(shape: parameter.shapeInputsFirst)
      let values = named.tensor.values.map { Double($0) }
      if parameter.kernelOrder == .outputsFirst, parameter.shape.count >= 2 {
        let axes = KernelOrder.outputsFirst.axesInOtherOrder(rank: parameter.shape.count)
        digest.append(permuted(values, shape: parameter.shape, axes: axes))
      } else {
        digest.append(values)
      }
    }
    return digest.hexadecimal()
  }
}
