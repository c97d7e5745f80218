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
      "layer 'x': Keras layer class 'Lambda' is not supported: it holds code, which is never run"
    ),
    (
      #"{"class_name": "LSTM", "config": {"name": "x", "units": 3}}"#,
      "layer 'x': Keras layer class 'LSTM' is not supported (Activation, Add, AveragePooling2D, "
        + "BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Dropout, ELU, Flatten, "
        + "GlobalAveragePooling2D, GlobalMaxPooling2D, InputLayer, LeakyReLU, MaxPooling2D, ReLU, "
        + "Reshape, SeparableConv2D, Softmax, ZeroPadding2D are)"
    ),
    (
      #"{"class_name": "Flatten", "config": {"name": "x", "data_format": "channels_first"}}"#,
      "layer 'x': its data format is 'channels_first'; channels_last is supported"
    ),
    (
      #"{"class_name": "BatchNormalization", "config": {"name": "x", "axis": 1}}"#,
      "layer 'x': it normalizes over axis 1; the last axis is supported"
    ),
    (
      #"{"class_name": "Activation", "config": {"name": "x", "activation": "gelu"}}"#,
      "layer 'x': the activation 'gelu' is not supported "
        + "(linear, relu, relu6, leaky_relu, elu, tanh, sigmoid, softmax are)"
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
      #"{"class_name": "ReLU", "config": {"name": "x", "max_value": 3.0}}"#,
      "layer 'x': a ReLU limited to 3.0 is not supported; 6 is"
    ),
  ]

  @Test(arguments: refused)
  func `what is not supported is refused by name`(layer: String, message: String) throws {
    let error = try #require(throws: NetworkError.self) { try graph(sequential(layer)) }
    #expect(error.description == message)
    #expect(error.inFile("model.h5").description == "model.h5: " + message)
  }

  @Test func `a layer applied twice is refused`() throws {
    let error = try #require(throws: NetworkError.self) {
      try graph(
        """
        {"class_name": "Functional", "config": {"layers": [
          {"class_name": "InputLayer", "name": "i", "config": {"name": "i",
            "batch_input_shape": [null, 3]}, "inbound_nodes": []},
          {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 3},
            "inbound_nodes": [[["i", 0, 0, {}]], [["d", 0, 0, {}]]]}],
          "input_layers": [["i", 0, 0]], "output_layers": [["d", 1, 0]]}}
        """)
    }
    #expect(error.description == "layer 'd': it is applied 2 times; layers used once are supported")
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
    #expect(error.description == "layer 'b': it reads layers that are not in the model, or itself")
  }

  @Test func `an input of open size needs the caller's shape`() throws {
    let text = """
      {"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Conv2D", "config": {"name": "c", "batch_input_shape": [null, null, null, 3],
          "filters": 4, "kernel_size": [3, 3], "padding": "valid"}}]}}
      """
    let error = try #require(throws: NetworkError.self) { try graph(text) }
    #expect(error.layer == "c")
    #expect(error.reason.contains("give the shape of an example"))
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
