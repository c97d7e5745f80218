import Checkpoints

/// Convolutions and poolings of Keras.
extension KerasGraphBuilder {
  mutating func convolution(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let name = layer.name
    let axes = layer.axes
    let isFirst = try layer.isChannelsFirst()
    if shape(value).count > axes + 1 { return try convolutionOfEach(layer, value) }
    try requireAxes(layer, value)
    let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
    let hasBias = layer.bool("use_bias", "bias", otherwise: true)
    func result(_ node: Int) -> KerasValue { KerasValue(node: node, isTurned: isFirst) }
    if layer.className.hasSuffix("Transpose") {
      let groups = layer.setting("groups")?.int ?? 1
      guard groups == 1 else {
        throw layer.error("a transposed convolution in \(groups) groups is not supported")
      }
      let extra =
        try layer.setting("output_padding") == nil
        ? nil : layer.extents("output_padding", axes: axes)
      let operation = Operation.transposedConvolution(
        TransposedConvolution(
          try layer.gridWindow(axes), outputPadding: extra,
          filters: try layer.int("filters", "nb_filter"), hasBias: hasBias))
      return result(try add(name, operation, to: node, layer: name))
    }
    let groups = layer.setting("groups")?.int ?? 1
    guard axes < 3 else {
      let operation = Operation.volumeConvolution(
        VolumeConvolution(
          try layer.gridWindow(axes), filters: try layer.int("filters", "nb_filter"),
          groups: groups, hasBias: hasBias))
      return result(try add(name, operation, to: node, layer: name))
    }
    let window = try layer.window(axes)
    if layer.className.hasPrefix("Depthwise") {
      let filters = layer.setting("depth_multiplier")?.int ?? 1
      let operation = Convolution(window, filters: filters, isDepthwise: true, hasBias: hasBias)
      return result(try add(name, .convolution(operation), to: node, layer: name))
    }
    let filters = try layer.int("filters", "nb_filter")
    if layer.className.hasPrefix("Separable") {
      let depthwise = Convolution(
        window, filters: layer.setting("depth_multiplier")?.int ?? 1, isDepthwise: true,
        hasBias: false)
      let pointwise = Convolution(
        Window(Extent(1)), filters: filters, hasBias: hasBias, kernelRole: .pointwiseKernel)
      let inner = try add("\(name)/depthwise", .convolution(depthwise), to: node, layer: name)
      return result(try add(name, .convolution(pointwise), to: inner, layer: name))
    }
    let operation = Convolution(window, filters: filters, groups: groups, hasBias: hasBias)
    return result(try add(name, .convolution(operation), to: node, layer: name))
  }

  /// A plain convolution of a value with more axes than it works on: Keras takes those before its own
  /// as further examples.
  private mutating func convolutionOfEach(
    _ layer: KerasLayer, _ value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    let axes = layer.axes
    guard ["Conv1D", "Convolution1D", "Conv2D", "Convolution2D"].contains(layer.className),
      try !layer.isChannelsFirst(), layer.setting("padding")?.string != "causal"
    else {
      try requireAxes(layer, value)
      return value
    }
    let name = layer.name
    let node = try logical(value, for: name)
    let shape = graph.shape(of: node)
    let (leading, own) = (shape.dropLast(axes + 1), shape.suffix(axes + 1))
    let images = try add(
      "\(name)/images", .reshape([leading.reduce(1, *)] + own), to: node, layer: name)
    let convolved = try add(
      leading.count == 1 ? name : "\(name)/each", try layer.stepwiseConvolution(), to: images,
      layer: name)
    guard leading.count > 1 else { return KerasValue(node: convolved) }
    let result = leading + graph.shape(of: convolved).dropFirst()
    return KerasValue(
      node: try add(name, .reshape(Array(result)), to: convolved, layer: name))
  }

  /// Refuses a value that has not one axis more than the layer works on.
  private func requireAxes(_ layer: KerasLayer, _ value: KerasValue) throws(NetworkError) {
    let shape = shape(value)
    guard shape.count == layer.axes + 1 else {
      let axes = layer.axes == 1 ? "one axis" : "\(layer.axes) axes"
      throw layer.error(
        "it works on \(axes) and channels, and is applied to a value of the shape \(shape)")
    }
  }

  mutating func pooling(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    try requireAxes(layer, value)
    let name = layer.name
    let axes = layer.axes
    let isFirst = try layer.isChannelsFirst()
    let isMaximum = layer.className.hasPrefix("Max")
    let node = try channelsLast(value, isChannelsFirst: isFirst, for: name)
    // Keras 1's poolings over one axis called the size `pool_length`, and their step `stride`.
    let size = try layer.extents(
      "pool_size", "pool_length", axes: axes, otherwise: [Int](repeating: 2, count: axes))
    let strides = try layer.extents("strides", "stride", axes: axes, otherwise: size)
    let operation: Operation
    if axes == 3 {
      let window = GridWindow(
        size, strides: strides, padding: try layer.isPaddedSame() ? .same : .valid)
      operation = isMaximum ? .maximumVolumePooling(window) : .averageVolumePooling(window)
    } else {
      let window = Window(
        Extent(axis: size), strides: Extent(axis: strides),
        padding: try layer.isPaddedSame() ? .same : .valid)
      operation =
        isMaximum ? .maximumPooling(window) : .averagePooling(window, countsPadding: false)
    }
    return KerasValue(node: try add(name, operation, to: node, layer: name), isTurned: isFirst)
  }

  mutating func globalPooling(
    _ layer: KerasLayer, to value: KerasValue
  ) throws(NetworkError) -> KerasValue {
    try requireAxes(layer, value)
    let isFirst = try layer.isChannelsFirst()
    let keeps = layer.bool("keepdims", otherwise: false)
    let node = try channelsLast(value, isChannelsFirst: isFirst, for: layer.name)
    let operation: Operation =
      layer.className.contains("Max")
      ? .globalMaximumPooling(keepsAxes: keeps) : .globalAveragePooling(keepsAxes: keeps)
    return KerasValue(
      node: try add(layer.name, operation, to: node, layer: layer.name), isTurned: isFirst && keeps)
  }
}

extension KerasLayer {
  /// Over how many axes the class works, as its name says.
  var axes: Int {
    className.contains("1D") ? 1 : className.contains("3D") ? 3 : 2
  }

  func isPaddedSame() throws(NetworkError) -> Bool {
    switch setting("padding", "border_mode")?.string ?? "valid" {
    case "valid": return false
    case "same": return true
    case let name: throw error("its padding is '\(name)'; 'valid' and 'same' are supported")
    }
  }

  /// Rows, columns and so on of a convolution's window.
  private func kernel(_ axes: Int) throws(NetworkError) -> [Int] {
    if setting("kernel_size", "filter_length") != nil {
      return try extents("kernel_size", "filter_length", axes: axes)
    }
    if setting("kernel_dim1") != nil {
      return [try int("kernel_dim1"), try int("kernel_dim2"), try int("kernel_dim3")]
    }
    if setting("nb_row") != nil { return [try int("nb_row"), try int("nb_col")] }
    return try extents("kernel_size", axes: axes)
  }

  private func strides(_ axes: Int) throws(NetworkError) -> [Int] {
    try extents(
      "strides", "subsample", "subsample_length", axes: axes,
      otherwise: [Int](repeating: 1, count: axes))
  }

  private func dilation(_ axes: Int) throws(NetworkError) -> [Int] {
    try extents(
      "dilation_rate", "atrous_rate", axes: axes, otherwise: [Int](repeating: 1, count: axes))
  }

  /// The window of a convolution over one or two axes; one axis is an image's height.
  func window(_ axes: Int) throws(NetworkError) -> Window {
    let (kernel, dilation) = (try kernel(axes), try dilation(axes))
    let padding: Padding
    if axes == 1, setting("padding", "border_mode")?.string == "causal" {
      guard 1...65536 ~= kernel[0], 1...65536 ~= dilation[0] else {
        throw error("a window of \(kernel[0]) with a dilation of \(dilation[0])")
      }
      padding = .explicit(top: (kernel[0] - 1) * dilation[0], bottom: 0, left: 0, right: 0)
    } else {
      padding = try isPaddedSame() ? .same : .valid
    }
    return Window(
      Extent(axis: kernel), strides: Extent(axis: try strides(axes)),
      dilation: Extent(axis: dilation), padding: padding)
  }

  /// The convolution over one axis more, along which the window is one step: the same convolution of
  /// each step by itself. Its kernel's shape has that axis too.
  func stepwiseConvolution() throws(NetworkError) -> Operation {
    let plain = try gridWindow(axes)
    let window = GridWindow(
      [1] + plain.kernel, strides: [1] + plain.strides, dilation: [1] + plain.dilation,
      padding: plain.padding)
    return .volumeConvolution(
      VolumeConvolution(
        window, filters: try int("filters", "nb_filter"), groups: setting("groups")?.int ?? 1,
        hasBias: bool("use_bias", "bias", otherwise: true)))
  }

  /// The window of a convolution over any number of axes.
  func gridWindow(_ axes: Int) throws(NetworkError) -> GridWindow {
    GridWindow(
      try kernel(axes), strides: try strides(axes), dilation: try dilation(axes),
      padding: try isPaddedSame() ? .same : .valid)
  }
}

extension Extent {
  /// Height and width, or the height of an image of one column.
  init(axis numbers: [Int]) { self.init(numbers[0], numbers.count > 1 ? numbers[1] : 1) }
}
