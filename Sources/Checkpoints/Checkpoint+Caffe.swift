import HDF5

extension Checkpoint {
  /// A Caffe model as `Net::ToHDF5` writes it, or `nil`: blobs `0`, `1`, … in `/data/<layer>`,
  /// where a layer's name may hold slashes and so be several groups.
  static func caffe(_ file: File, _ members: Members) throws(HDF5Error) -> Checkpoint? {
    let blobs = members.numbers.filter { $0.components.first == "data" }
    guard !blobs.isEmpty,
      blobs.allSatisfy({ blob in
        blob.components.count > 2 && Int(blob.components.last ?? "") != nil
      })
    else { return nil }
    var checkpoint = Checkpoint(
      file, layout: .caffe, evidence: "blobs by number in data/<layer>")
    checkpoint.orderIsRecorded = false
    for blob in blobs {
      try blob.dataset.requireReadable()
      let layer = blob.components.dropFirst().dropLast().joined(separator: "/")
      let number = blob.components.last ?? ""
      let parameter = Parameter(
        layer: layer, role: .other(number), name: number, path: blob.dataset.path,
        shape: blob.dataset.shape, elementType: blob.dataset.elementType)
      if checkpoint.layers.last?.name == layer {
        checkpoint.layers[checkpoint.layers.count - 1].parameters.append(parameter)
      } else {
        checkpoint.layers.append(Layer(name: layer, className: nil, parameters: [parameter]))
      }
    }
    for index in checkpoint.layers.indices { nameCaffeRoles(&checkpoint.layers[index]) }
    // Gradients, which Caffe keeps as the blobs.
    func isGradient(_ member: Members.Member) -> Bool { member.components.first == "diff" }
    checkpoint.leaveOut(members.others.filter { !isGradient($0) })
    checkpoint.leaveOut(
      members.numbers.filter { $0.components.first != "data" && !isGradient($0) },
      because: "is outside data")
    checkpoint.noteOmissions()
    checkpoint.noteOutputsFirst()
    return checkpoint
  }

  /// Caffe's batch normalisation keeps mean, variance and a factor that both are to be divided by.
  private static func nameCaffeRoles(_ layer: inout Layer) {
    let shapes = layer.parameters.map(\.shape)
    var roles: [Role] = []
    switch shapes.count {
    case 1 where shapes[0].count >= 2: roles = [.kernel]
    case 2 where shapes[0].count >= 2 && shapes[1].count == 1: roles = [.kernel, .bias]
    case 2 where shapes[0].count == 1 && shapes[0] == shapes[1]: roles = [.gamma, .beta]
    case 3 where shapes[0] == shapes[1] && shapes[2] == [1]:
      roles = [.movingMean, .movingVariance, .movingFactor]
    default: break
    }
    for (index, role) in roles.enumerated() {
      layer.parameters[index].role = role
      layer.parameters[index].isTrainable = role.isStatistic ? false : nil
      if role.isKernel { layer.parameters[index].kernelOrder = .outputsFirst }
    }
  }
}
