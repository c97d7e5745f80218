import Checkpoints
import Files
import Networks
import Testing

@Suite struct KerasConfigurationTests {
  private func graph(_ text: String, inputShape: [Int]? = nil) throws -> Graph {
    try KerasArchitecture.graph(JSON(parsing: text), inputShape: inputShape)
  }

  private func sequential(_ layers: String...) -> String {
    let input =
      #"{"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 4, 4, 2]}}"#
    return #"{"class_name": "Sequential", "config": {"layers": ["#
      + ([input] + layers).joined(separator: ",") + "]}}"
  }

  @Test func `configurations of Keras 1 are read`() throws {
    let graph = try graph(
      """
      {"class_name": "Sequential", "config": [
        {"class_name": "Convolution2D", "config": {"name": "c", "batch_input_shape": [null, 5, 5, 2],
          "nb_filter": 3, "nb_row": 3, "nb_col": 2, "subsample": [2, 1], "border_mode": "same",
          "dim_ordering": "tf", "bias": false, "activation": "relu"}},
        {"class_name": "MaxPooling2D", "config": {"name": "m", "pool_size": [2, 2],
          "strides": [1, 1], "border_mode": "valid", "dim_ordering": "tf"}},
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dropout", "config": {"name": "p", "p": 0.25}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 4, "bias": true,
          "activation": "softmax"}}]}
      """)
    #expect(graph.parameters.map(\.shape) == [[3, 2, 2, 3], [2 * 4 * 3, 4], [4]])
    #expect(graph.nodes[graph.logits].name == "d")
    #expect(graph.nodes.contains { $0.operation == .dropout(rate: 0.25) })
  }

  static let refused: [(layer: String, message: String)] = [
    (
      #"{"class_name": "Lambda", "config": {"name": "x", "function": ["4wEAAAA"]}}"#,
      "layer 'x': Keras layer class 'Lambda' is not supported: it holds code, which is never run; "
        + "replace it by a layer of Keras's own"
    ),
    (
      #"{"class_name": "Lambda", "config": {"name": "block8_x", "arguments": {"scale": 0.2}}}"#,
      "layer 'block8_x': Keras layer class 'Lambda' is not supported: it holds code, which is never "
        + "run; replace it by a layer of Keras's own"
    ),
    (
      #"{"class_name": "Masking", "config": {"name": "x"}}"#,
      "layer 'x': Keras layer class 'Masking' is not supported: steps cannot be left out"
    ),
    (
      #"{"class_name": "Activation", "config": {"name": "x", "activation": "my_function"}}"#,
      "layer 'x': the activation 'my_function' is not supported (linear, softmax, hard_sigmoid, "
        + "approximate_gelu, celu, elu, exponential, gelu, gelu_new, hard_shrink, hard_silu, "
        + "hard_swish, hard_tanh, leaky_relu, log_sigmoid, mish, relu, relu6, selu, sigmoid, silu, "
        + "soft_shrink, softplus, softsign, swish, tanh, tanh_shrink are)"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "x", "units": 2.5}}"#,
      "layer 'x': 'units' is missing or not a whole number"
    ),
    (
      #"{"class_name": "Conv2D", "config": {"name": "x", "filters": 2, "kernel_size": [9, 9]}}"#,
      "layer 'x': a window of 9×9 does not fit on an image of 4×4"
    ),
    (
      #"{"class_name": "Conv2D", "config": {"name": "x", "filters": 2, "kernel_size": [1]}}"#,
      "layer 'x': 'kernel_size' is [1], not two whole numbers"
    ),
    (
      #"{"class_name": "LSTM", "config": {"name": "x", "units": 3}}"#,
      "layer 'x': 3 units on a value of the shape [4, 4, 2], not steps × inputs"
    ),
    (
      #"{"class_name": "Embedding", "config": {"name": "x", "mask_zero": true}}"#,
      "layer 'x': it masks zeros, which is not supported: steps cannot be left out"
    ),
    (
      #"{"class_name": "Flatten", "config": {"name": "x", "data_format": "NDHWC"}}"#,
      "layer 'x': its data format is 'NDHWC'; channels_last and channels_first are known"
    ),
    (
      #"{"class_name": "TFOpLambda", "config": {"name": "x", "function": "linalg.inv"}}"#,
      "layer 'x': the operation 'inv' between layers is not supported"
    ),
    (
      #"{"class_name": "Conv3D", "config": {"name": "x", "filters": 2, "kernel_size": [1, 1, 1]}}"#,
      "layer 'x': it works on 3 axes and channels, and is applied to a value of the shape [4, 4, 2]"
    ),
    (
      #"{"class_name": "MaxPooling1D", "config": {"name": "x", "pool_size": [2]}}"#,
      "layer 'x': it works on one axis and channels, and is applied to a value of the shape "
        + "[4, 4, 2]"
    ),
    (
      #"{"class_name": "GlobalAveragePooling1D", "config": {"name": "x"}}"#,
      "layer 'x': it works on one axis and channels, and is applied to a value of the shape "
        + "[4, 4, 2]"
    ),
    (
      #"{"class_name": "SeparableConv1D", "config": {"name": "x", "filters": 2, "kernel_size": 1}}"#,
      "layer 'x': it works on one axis and channels, and is applied to a value of the shape "
        + "[4, 4, 2]"
    ),
    (
      #"{"class_name": "RNN", "config": {"name": "x", "cell": {"class_name": "MyCell"}}}"#,
      "layer 'x': an RNN of 'MyCell' is not supported; those of LSTMCell, GRUCell and "
        + "SimpleRNNCell are"
    ),
    (
      #"{"class_name": "ConvLSTM2D", "config": {"name": "x", "filters": 2}}"#,
      "layer 'x': Keras layer class 'ConvLSTM2D' is not supported (Dense, EinsumDense"
    ),
  ]

  @Test(arguments: refused)
  func `what is not supported is refused by name`(layer: String, message: String) throws {
    let error = try #require(throws: NetworkError.self) { try graph(sequential(layer)) }
    #expect(error.description.hasPrefix(message))
    #expect(error.inFile("model.h5").description.hasPrefix("model.h5: " + message))
  }

  @Test func `a network without its top has its result as features`() throws {
    let (convolution, normalization) = (
      #"{"class_name": "Conv2D", "config": {"name": "c", "filters": 3, "kernel_size": 1}}"#,
      #"{"class_name": "BatchNormalization", "config": {"name": "b"}}"#
    )
    let mean = #"{"class_name": "GlobalAveragePooling2D", "config": {"name": "m"}}"#
    let most = #"{"class_name": "MaxPooling2D", "config": {"name": "w"}}"#
    let relu = #"{"class_name": "ReLU", "config": {"name": "r"}}"#
    let dense = #"{"class_name": "Dense", "config": {"name": "d", "units": 3}}"#
    func features(_ layers: [String]) throws -> String? {
      let input =
        #"{"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 4, 4, 2]}}"#
      let graph = try graph(
        #"{"class_name": "Sequential", "config": {"layers": ["#
          + ([input] + layers).joined(separator: ",") + "]}}")
      return graph.features.map { graph.nodes[$0].name }
    }
    #expect(try features([convolution, normalization, relu, mean]) == "m")
    #expect(try features([convolution, normalization, relu]) == "r")
    #expect(try features([convolution, relu, most, mean]) == "m")
    #expect(try features([convolution, relu, most]) == "w")
    // A classifier that averages its positions, one without more, and one whose result nothing names.
    #expect(try features([convolution, mean]) == nil)
    #expect(try features([convolution, normalization, mean, dense]) == nil)
    #expect(try features([convolution]) == nil)
    #expect(
      try features([mean, dense, #"{"class_name": "BatchNormalization", "config": {"name": "b"}}"#])
        == nil)
  }

  @Test func `a softmax or normalization over steps is that of each step`() throws {
    // Axes inside the wrapper are counted without the steps: 1 is the last one there.
    let graph = try graph(
      """
      {"class_name": "Sequential", "config": {"layers": [
        {"class_name": "TimeDistributed", "config": {"name": "t", "batch_input_shape": [null, 3, 3],
          "layer": {"class_name": "BatchNormalization", "config": {"name": "b", "axis": [1]}}}}]}}
      """)
    #expect(graph.nodes.map(\.operation.kind) == ["input", "batch normalization"])
  }

  @Test func `the size of open images is filled in, their channels first or last`() throws {
    func model(_ shape: String, _ order: String) throws -> JSON {
      try JSON(
        parsing: """
          {"class_name": "Sequential", "config": {"layers": [
            {"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": 1,
              "data_format": "\(order)", "batch_input_shape": [null, \(shape)]}}]}}
          """)
    }
    let size = Extent(7, 5)
    func shape(_ model: JSON) -> [Int]? {
      KerasArchitecture.openInputShape(model, imageSize: size)
    }
    #expect(try shape(model("null, null, 3", "channels_last")) == [7, 5, 3])
    #expect(try shape(model("null, 5, null", "channels_last")) == [7, 5, 3])
    #expect(try shape(model("1, null, null", "channels_first")) == [1, 7, 5])
    #expect(try shape(model("null, 6, 3", "channels_last")) == nil)
    #expect(try shape(model("7, 5, 3", "channels_last")) == nil)
    #expect(try KerasArchitecture.readsChannelsFirst(model("1, null, null", "channels_first")))
    #expect(try !KerasArchitecture.readsChannelsFirst(model("null, null, 3", "channels_last")))
  }

  @Test func `a layer applied twice has its parameters once`() throws {
    let graph = try graph(
      """
      {"class_name": "Functional", "config": {"layers": [
        {"class_name": "InputLayer", "name": "i", "config": {"name": "i",
          "batch_input_shape": [null, 3]}, "inbound_nodes": []},
        {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 3},
          "inbound_nodes": [[["i", 0, 0, {}]], [["d", 0, 0, {}]]]}],
        "input_layers": [["i", 0, 0]], "output_layers": [["d", 1, 0]]}}
      """)
    #expect(graph.parameters.map(\.shape) == [[3, 3], [3]])
    #expect(graph.nodes.map(\.name) == ["i", "d", "d@2"])
    #expect(graph.nodes.map(\.inputs) == [[], [0], [1]])
    #expect(graph.nodes[2].parameters == graph.nodes[1].parameters)
    #expect(graph.output == 2)
    let tensors = [
      Tensor(shape: [3, 3], values: [0, 1, 0, 0, 0, 2, 3, 0, 0]),
      Tensor(shape: [3], values: [1, 0, 0]),
    ]
    let network = Network(graph, parameters: tensors)
    // (1, 1, 1) W + b = (4, 1, 2), and once more.
    #expect(try InferenceExecutor(network).run([1, 1, 1]) == [[7, 4, 2]])
    // Its gradients add up: (1, 1, 1) and (4, 1, 2) were multiplied by W, and what reaches the first
    // result is W times what reaches the second.
    let executor = try TrainingExecutor(network, capacity: 1)
    try [Float](repeating: 1, count: 3).withUnsafeBufferPointer {
      _ = try executor.forward($0, count: 1, mode: .train)
    }
    try [Float](arrayLiteral: 1, 0, 0).withUnsafeBufferPointer { try executor.backward($0) }
    #expect(executor.gradients[0].map(Array.init) == [4, 0, 3, 1, 0, 3, 2, 0, 3])
    #expect(executor.gradients[1].map(Array.init) == [1, 0, 3])
  }

  @Test func `two layers of one name are refused`() throws {
    let layer = #"{"class_name": "Flatten", "config": {"name": "x"}}"#
    let error = try #require(throws: NetworkError.self) { try graph(sequential(layer, layer)) }
    #expect(error.description == "layer 'x': there are two layers of this name")
  }

  @Test func `layers may stand in any order, but not in a circle`() throws {
    func model(_ first: String) -> String {
      """
      {"class_name": "Functional", "config": {"layers": [
        {"class_name": "Dense", "name": "b", "config": {"name": "b", "units": 2},
          "inbound_nodes": [[["a", 0, 0, {}]]]},
        {"class_name": "Dense", "name": "a", "config": {"name": "a", "units": 5},
          "inbound_nodes": [[["\(first)", 0, 0, {}]]]},
        {"class_name": "InputLayer", "name": "i", "config": {"name": "i",
          "batch_input_shape": [null, 3]}, "inbound_nodes": []}],
        "input_layers": [["i", 0, 0]], "output_layers": ["b", 0, 0]}}
      """
    }
    #expect(try graph(model("i")).weightLayers.map(\.name) == ["a", "b"])
    let error = try #require(throws: NetworkError.self) { try graph(model("b")) }
    #expect(
      error.description.hasPrefix(
        "layer 'b': it reads layers that are not in the model, or itself"))
  }

  @Test func `an input of open size needs the caller's shape`() throws {
    let text = """
      {"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Conv2D", "config": {"name": "c", "batch_input_shape": [null, null, null, 3],
          "filters": 4, "kernel_size": [3, 3], "padding": "valid"}}]}}
      """
    let error = try #require(throws: NetworkError.self) { try graph(text) }
    #expect(error.layer == "input")
    #expect(error.reason.contains("? × ? × 3 leaves an extent open; give the shape of an example"))
    let json = try JSON(parsing: text)
    #expect(KerasArchitecture.openInputShape(json, examples: [6, 7, 3]) == [6, 7, 3])
    #expect(KerasArchitecture.openInputShape(json, examples: [6, 7, 4]) == nil)
    #expect(try graph(text, inputShape: [6, 7, 3]).outputShape == [4, 5, 4])
  }

  @Test func `texts that are no model are refused`() throws {
    for text in ["{}", "[]", #"{"class_name": "Sequential", "config": []}"#, "null"] {
      #expect(throws: NetworkError.self) { try graph(text) }
    }
    let error = try #require(throws: NetworkError.self) {
      try graph(
        #"{"class_name": "MyModel", "config": {"layers": [{"config": {"batch_shape": [null, 3]}}]}}"#
      )
    }
    #expect(
      error.description
        == "Keras model class 'MyModel' is not supported (Sequential and Functional are)")
  }
}
