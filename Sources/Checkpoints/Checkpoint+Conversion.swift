public import Files
import HDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A layout that checkpoints are written in.
public enum WrittenLayout: String, Sendable, CaseIterable {
  /// Anamorph's own, in HDF5.
  case anamorph
  /// `.safetensors`, with order and roles in its metadata.
  case safetensors
}

extension Checkpoint {
  /// Writes the checkpoint in another layout, whole or not at all.
  ///
  /// Arrays are written as they are: nothing is transposed, and the digest stays the same.
  /// Architecture, training and parent are kept. State of optimizers is not.
  ///
  /// - Throws: `FileError` when the checkpoint cannot be read or written; when its kernels are of
  ///   Keras 1 and would be misread; in Anamorph's layout, which holds single precision, when a
  ///   value does not fit that.
  public func write(to path: String, as layout: WrittenLayout) throws(FileError) {
    if self.layout == .kerasLegacyModel || self.layout == .kerasLegacyWeights
      || self.layout == .kerasNumbered, let conversionNeeded
    {
      throw FileError(path: self.path, reason: conversionNeeded)
    }
    switch layout {
    case .anamorph: try writeAnamorph(to: path)
    case .safetensors: try writeSafeTensors(to: path)
    }
  }

  private func writeAnamorph(to path: String) throws(FileError) {
    var tensors: [NamedTensor] = []
    for parameter in parametersInDigestOrder {
      let values = try values(parameter)
      let singles = values.map { Float($0) }
      for (single, value) in zip(singles, values)
      where Double(single) != value && !(single.isNaN && value.isNaN) {
        throw FileError(
          path: self.path, object: parameter.path,
          reason: "holds \(value) as \(parameter.elementType), which float32 cannot; "
            + "write .safetensors, which keeps types")
      }
      tensors.append(
        NamedTensor(
          layer: parameter.innermostLayer, role: Role(exactly: parameter.roleName),
          tensor: Tensor(shape: parameter.shape, values: singles),
          isTrainable: parameter.isTrainable ?? !parameter.role.isStatistic))
    }
    var architecture: JSON?
    if let text = self.architecture {
      do throws(JSONError) { architecture = try JSON(parsing: text) } catch {
        throw FileError(path: self.path, object: "architecture", reason: error.description)
      }
    }
    try Self.write(
      to: path, architecture: architecture, parameters: tensors, training: training,
      parentDigest: parentDigest, orderIsRecorded: orderIsRecorded)
  }

  private func writeSafeTensors(to path: String) throws(FileError) {
    let parameters = parametersInDigestOrder
    // Names are the file's own where they are all that it records.
    let names = Self.names(of: parameters, keeping: !orderIsRecorded && self.layout != .anamorph)
    var header: [(String, String)] = [
      (
        "__metadata__",
        JSON.object([
          AnamorphMetadata.key: .string(
            AnamorphMetadata.text(parameters, names: names, of: self))
        ]).text()
      )
    ]
    var offset = 0
    for (parameter, name) in zip(parameters, names) {
      guard let dtype = Self.dtype(parameter.elementType) else {
        throw FileError(
          path: self.path, object: parameter.path,
          reason: "safetensors has no type for \(parameter.elementType)")
      }
      let end = offset + parameter.byteCount
      let entry: JSON = [
        "dtype": .string(dtype),
        "shape": .array(parameter.shape.map { .number(Double($0)) }),
        "data_offsets": [.number(Double(offset)), .number(Double(end))],
      ]
      header.append((name, entry.text()))
      offset = end
    }
    var text =
      "{" + header.map { JSON.string($0.0).text() + ":" + $0.1 }.joined(separator: ",") + "}"
    // Values begin at a multiple of 8, as the reference implementation has it.
    text += String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    guard text.utf8.count <= SafeTensorsHeader.longest else {
      throw FileError(
        path: path, reason: "names and architecture need more than safetensors allows")
    }
    let length = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Array($0) }
    do {
      try AtomicFile.replace(path) { temporary in
        let descriptor = created(temporary)
        guard descriptor >= 0 else { throw FileError.system(path) }
        defer { close(descriptor) }
        try append(length + Array(text.utf8), to: descriptor, path)
        for parameter in parameters {
          let numbers = StoredNumbers(elementType: parameter.elementType)
          try append(numbers.bytes(try values(parameter)), to: descriptor, path)
        }
      }
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(path: path, reason: "\(error)")
    }
  }

  /// `layer.role` for each parameter, or the names of the file, unlike each other.
  private static func names(of parameters: [Parameter], keeping: Bool) -> [String] {
    var taken: Set<String> = ["__metadata__"]
    // Where numbering goes on for a name that comes again.
    var numbers: [String: Int] = [:]
    return parameters.map { parameter in
      let layer = String(parameter.innermostLayer.map { $0 == "/" ? "." : $0 })
      let name = keeping ? parameter.name : "\(layer).\(parameter.roleName)"
      var candidate = name
      var number = numbers[name] ?? 1
      while !taken.insert(candidate).inserted {
        candidate = "\(name)_\(number)"
        number += 1
      }
      numbers[name] = number
      return candidate
    }
  }

  private static func dtype(_ type: ElementType) -> String? {
    switch type {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .boolean: "BOOL"
    case .integer(let bits, let isSigned): (isSigned ? "I" : "U") + String(bits)
    default: nil
    }
  }
}

/// A new file for writing, or −1.
private func created(_ path: String) -> Int32 {
  open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
}

/// Writes all of `bytes`.
private func append(
  _ bytes: [UInt8], to descriptor: Int32, _ path: String
) throws(FileError) {
  var offset = 0
  while offset < bytes.count {
    let written = bytes.withUnsafeBytes { buffer in
      #if canImport(Darwin)
        Darwin.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
      #else
        Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
      #endif
    }
    if written < 0, errno == EINTR { continue }
    guard written > 0 else { throw FileError.system(path) }
    offset += written
  }
}
