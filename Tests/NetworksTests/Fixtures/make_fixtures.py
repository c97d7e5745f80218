"""Makes the fixtures of NetworksTests with outside libraries.

    python make_fixtures.py keras2     # tensorflow 2.15, which holds Keras 2.15
    python make_fixtures.py keras3     # Keras 3
    python make_fixtures.py torch      # PyTorch

Each writes JSON files beside this script: an architecture, parameters by layer and role, inputs and
what the library made of them. Arrays are flat, channels last, kernels as Keras stores them.
"""

import json
import os
import platform
import sys

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = os.path.dirname(os.path.abspath(__file__))


def array(value):
    """Float32 numbers with the digits that read back to the same bits."""
    value = np.asarray(value, np.float32)
    return {"shape": list(value.shape), "values": [float(str(v)) for v in value.ravel()]}


def save(name, versions, content):
    versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
    with open(os.path.join(HERE, name), "w") as file:
        json.dump({"versions": versions, **content}, file, separators=(",", ":"))
        file.write("\n")


def keras_parameters(model):
    parameters = []
    for layer in model.layers:
        for weight in layer.weights:
            role = weight.name.split("/")[-1].split(":")[0]
            parameters.append({"layer": layer.name, "role": role, **array(weight.numpy())})
    return parameters


def randomize(model, random):
    """Gives every parameter a random value, so that none of them goes unnoticed."""
    for layer in model.layers:
        values = []
        for weight in layer.get_weights():
            values.append(random.normal(size=weight.shape) * 0.4)
        if layer.__class__.__name__ == "BatchNormalization":
            names = [w.name.split("/")[-1].split(":")[0] for w in layer.weights]
            for i, name in enumerate(names):
                if name in ("gamma", "moving_variance"):
                    values[i] = 0.5 + np.abs(values[i])
        layer.set_weights(values)


def keras_fixture(name, model, penultimate, random, versions, keras):
    randomize(model, random)
    inputs = random.normal(size=(3,) + tuple(model.input_shape[1:])).astype(np.float32)
    parameters = keras_parameters(model)
    features = keras.Model(model.inputs, model.get_layer(penultimate).output)
    content = {
        "model_config": {"class_name": model.__class__.__name__, "config": model.get_config()},
        "parameters": parameters,
        "inputs": array(inputs),
        "penultimate": penultimate,
        "features": array(features(inputs, training=False)),
        "outputs": array(model(inputs, training=False)),
    }
    # In train mode: the outputs, and the moving averages afterwards.
    if any(p["role"] == "moving_mean" for p in parameters):
        content["training_outputs"] = array(model(inputs, training=True))
        content["parameters_after"] = keras_parameters(model)
    save(name, versions, content)


def keras_models(keras):
    layers = keras.layers
    sequential = keras.Sequential(
        [
            layers.InputLayer(input_shape=(9, 7, 2))
            if keras.__version__.startswith("2")
            else layers.Input((9, 7, 2)),
            layers.Conv2D(4, (3, 2), strides=2, padding="same", activation="relu", name="conv"),
            layers.ZeroPadding2D(((1, 0), (0, 2)), name="pad"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depthwise"),
            layers.LeakyReLU(name="leaky"),
            layers.MaxPooling2D(2, padding="same", name="maximum"),
            layers.AveragePooling2D(2, strides=1, padding="same", name="average"),
            layers.Conv2D(3, 2, dilation_rate=2, padding="same", activation="tanh", name="dilated"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(5, activation="sigmoid", use_bias=False, name="features"),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="small",
    )
    inputs = keras.Input((8, 8, 3), name="image")
    value = layers.Conv2D(4, 3, padding="same", use_bias=False, name="stem")(inputs)
    value = layers.BatchNormalization(name="stem_bn", epsilon=0.01, momentum=0.8)(value)
    value = first = layers.Activation("relu", name="stem_relu")(value)
    value = layers.SeparableConv2D(4, 3, padding="same", name="separable")(value)
    value = layers.BatchNormalization(name="block_bn", scale=False, momentum=0.9)(value)
    value = layers.Add(name="sum")([first, value])
    value = layers.ReLU(6.0, name="limited")(value)
    shortcut = layers.Conv2D(6, 1, strides=2, padding="same", name="shortcut")(value)
    value = layers.Conv2D(6, 3, strides=2, padding="same", groups=2, name="strided")(value)
    value = layers.Add(name="sum2")([value, shortcut])
    value = layers.GlobalAveragePooling2D(name="pool")(value)
    value = layers.Dense(4, name="logits")(value)
    outputs = layers.Activation("softmax", name="probabilities")(value)
    residual = keras.Model(inputs, outputs, name="residual")
    inner_input = keras.Input((6, 6, 2), name="inner_image")
    value = layers.Conv2D(3, 3, use_bias=False, name="conv")(inner_input)
    value = layers.BatchNormalization(name="norm")(value)
    value = layers.ReLU(name="relu")(value)
    value = layers.DepthwiseConv2D(2, name="depthwise")(value)
    value = layers.GlobalAveragePooling2D(name="pool")(value)
    backbone = keras.Model(inner_input, value, name="backbone")
    nested = keras.Sequential(
        [keras.Input((6, 6, 2)), backbone, layers.Dense(3, activation="softmax", name="head")],
        name="nested",
    )
    return sequential, residual, nested


def nested_fixture(name, model, random, versions):
    """A whole model in HDF5, with a model inside, and its outputs beside it."""
    randomize(model.layers[0], random)
    model.layers[1].set_weights(
        [random.normal(size=w.shape) for w in model.layers[1].get_weights()]
    )
    model.save(os.path.join(HERE, name + ".h5"))
    inputs = random.normal(size=(3, 6, 6, 2)).astype(np.float32)
    outputs = model(inputs, training=False)
    save(name + ".json", versions, {"inputs": array(inputs), "outputs": array(outputs)})


def keras2():
    import keras
    import tensorflow as tf

    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}
    sequential, residual, nested = keras_models(keras)
    random = np.random.default_rng(1)
    keras_fixture("keras2_sequential.json", sequential, "features", random, versions, keras)
    keras_fixture("keras2_residual.json", residual, "pool", random, versions, keras)
    nested_fixture("keras2_nested", nested, random, versions)


def keras3():
    import keras

    versions = {"keras": keras.__version__, "backend": keras.backend.backend()}
    sequential, residual, nested = keras_models(keras)
    random = np.random.default_rng(2)
    keras_fixture("keras3_sequential.json", sequential, "features", random, versions, keras)
    keras_fixture("keras3_residual.json", residual, "pool", random, versions, keras)
    nested_fixture("keras3_nested", nested, random, versions)


def torch_gradients():
    import torch

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = torch.nn.Conv2d(2, 4, 3, padding=1)
            self.norm = torch.nn.BatchNorm2d(4, eps=0.001, momentum=0.1)
            self.conv2 = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
            self.dense = torch.nn.Linear(6 * 2 * 2, 3)

        def forward(self, x):
            x = torch.relu(self.norm(self.conv1(x)))
            x = torch.nn.functional.max_pool2d(x, 2)
            x = torch.tanh(self.conv2(x))
            return self.dense(x.permute(0, 2, 3, 1).flatten(1))

    torch.manual_seed(3)
    torch.set_num_threads(1)
    model = Network().train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4)
        model.norm.weight.copy_(0.5 + torch.rand(4))
    inputs = torch.randn(5, 2, 8, 8)
    labels = torch.tensor([0, 2, 1, 1, 0])

    def channels_last(value):
        """(out, in, h, w) to (h, w, in, out), (out, in) to (in, out)."""
        value = value.detach()
        if value.ndim == 4:
            return value.permute(2, 3, 1, 0)
        return value.T if value.ndim == 2 else value

    names = [
        ("conv1", "kernel", model.conv1.weight),
        ("conv1", "bias", model.conv1.bias),
        ("norm", "gamma", model.norm.weight),
        ("norm", "beta", model.norm.bias),
        ("norm", "moving_mean", model.norm.running_mean),
        ("norm", "moving_variance", model.norm.running_var),
        ("conv2", "kernel", model.conv2.weight),
        ("dense", "kernel", model.dense.weight),
        ("dense", "bias", model.dense.bias),
    ]
    parameters = [
        {"layer": layer, "role": role, **array(channels_last(value).contiguous())}
        for layer, role, value in names
    ]
    logits = model(inputs)
    logits.retain_grad()
    torch.nn.functional.cross_entropy(logits, labels).backward()
    save(
        "torch_gradients.json",
        {"torch": torch.__version__},
        {
            "parameters": parameters,
            "inputs": array(inputs.permute(0, 2, 3, 1).contiguous()),
            "outputs": array(logits.detach()),
            "output_gradient": array(logits.grad),
            "gradients": [
                {"layer": layer, "role": role, **array(channels_last(value.grad).contiguous())}
                for layer, role, value in names
                if value.grad is not None
            ],
            "moving_mean_after": array(model.norm.running_mean),
            "moving_variance_after": array(model.norm.running_var),
        },
    )


if __name__ == "__main__":
    {"keras2": keras2, "keras3": keras3, "torch": torch_gradients}[sys.argv[1]]()
