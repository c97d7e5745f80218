"""Makes a model with a branch for each layer that the families of keras.applications do without.

    python make_layers.py     # Keras 2 (tensorflow 2.15): layers2.h5, layers2.json; Keras 3: layers3.keras, layers3.json

The file holds the model with random parameters, the JSON beside it the inputs and what each branch
gives. A branch is called as its last layer.
"""

import json
import os
import platform

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = int(keras.__version__.split(".")[0])
layers = keras.layers


def array(value):
    value = np.asarray(value, np.float32)
    return {"shape": list(value.shape), "values": [float(str(v)) for v in value.ravel()]}


def record(stem, **content):
    """Writes the JSON beside a model, with the versions that it was made by."""
    versions = {"python": platform.python_version(), "numpy": np.__version__,
                "keras": keras.__version__}
    with open(os.path.join(HERE, f"{stem}{VERSION}.json"), "w") as file:
        json.dump({"versions": versions, **content}, file, separators=(",", ":"))
        file.write("\n")


def branches(steps, image, volume, tokens):
    """Each branch: its input and its layers."""
    row = {"return_sequences": True}
    yield steps, layers.GRU(3, reset_after=True, name="gru_reset_after")
    yield steps, layers.GRU(3, reset_after=False, name="gru_reset_before")
    yield steps, layers.GRU(
        3, reset_after=False, use_bias=False, activation="relu", recurrent_activation="hard_sigmoid",
        name="gru_plain")
    yield steps, layers.GRU(3, go_backwards=True, **row, name="gru_backwards")
    yield steps, layers.LSTM(3, name="lstm")
    yield steps, layers.LSTM(3, use_bias=False, recurrent_activation="hard_sigmoid", **row,
                             name="lstm_rows")
    yield steps, layers.SimpleRNN(3, name="simple")
    yield steps, layers.Bidirectional(layers.LSTM(3), name="both_lstm")
    yield steps, layers.Bidirectional(layers.GRU(3, **row), name="both_gru_rows")
    yield steps, layers.Bidirectional(
        layers.GRU(3, reset_after=False), merge_mode="sum", name="both_gru_sum")
    yield steps, layers.Bidirectional(
        layers.SimpleRNN(3, **row), merge_mode="ave", name="both_simple_average")
    yield steps, layers.Bidirectional(
        layers.LSTM(3), backward_layer=layers.LSTM(3, go_backwards=True, activation="relu"),
        merge_mode="mul", name="both_different")
    yield steps, layers.TimeDistributed(layers.Dense(3, activation="tanh"), name="stepwise")
    yield (steps, steps), layers.MultiHeadAttention(2, 3, name="heads")
    yield (steps, steps), layers.MultiHeadAttention(
        2, 3, value_dim=2, output_shape=5, use_bias=False, name="heads_other_widths")
    yield (steps, steps), layers.Attention(name="attention")
    yield (steps, steps), layers.Attention(use_scale=True, name="attention_scaled")
    yield (steps, steps), layers.AdditiveAttention(name="additive")
    yield (steps, steps), layers.AdditiveAttention(use_scale=False, name="additive_unscaled")
    yield steps, layers.Conv1D(3, 3, dilation_rate=2, padding="causal", name="causal")
    yield steps, layers.Conv1DTranspose(3, 3, strides=2, padding="same", name="transposed_steps")
    yield steps, layers.DepthwiseConv1D(3, depth_multiplier=2, name="depthwise_steps")
    yield steps, layers.SeparableConv1D(3, 2, padding="same", name="separable_steps")
    yield steps, layers.LayerNormalization(name="layer_normalization")
    yield image, layers.LayerNormalization(axis=[1, 2, 3], epsilon=0.01, name="whole_normalization")
    yield image, layers.GroupNormalization(2, name="group_normalization")
    yield image, layers.GroupNormalization(-1, scale=False, name="instance_normalization")
    yield image, layers.Conv2DTranspose(3, 3, strides=2, padding="same", name="transposed")
    yield image, layers.Conv2DTranspose(
        3, 4, strides=3, padding="valid", activation="relu", name="transposed_valid")
    yield image, layers.Conv2DTranspose(
        3, 3, strides=2, padding="same", output_padding=1, name="transposed_padded")
    yield image, layers.Conv2D(4, 3, groups=2, dilation_rate=2, padding="same", name="grouped")
    yield image, layers.Conv2D(4, 3, strides=2, padding="same", name="strided")
    yield image, layers.DepthwiseConv2D(3, strides=2, padding="same", name="depthwise")
    yield image, layers.Cropping2D(((1, 0), (0, 2)), name="cropped")
    yield image, layers.UpSampling2D((2, 3), name="enlarged")
    yield image, layers.UpSampling2D(2, interpolation="bilinear", name="enlarged_bilinear")
    yield image, layers.PReLU(shared_axes=[1, 2], name="prelu")
    yield image, layers.Normalization(name="standardized")
    yield image, layers.Flatten(name="flat")
    yield volume, layers.Conv3D(3, (2, 3, 2), strides=(1, 2, 1), padding="same", name="volumes")
    yield volume, layers.Conv3D(3, 2, dilation_rate=2, activation="elu", name="volume_dilated")
    yield volume, layers.Conv3DTranspose(2, 3, strides=2, padding="same", name="volume_transposed")
    yield volume, layers.MaxPooling3D(2, name="volume_maximum")
    yield volume, layers.AveragePooling3D(2, strides=1, padding="same", name="volume_average")
    yield volume, layers.GlobalAveragePooling3D(name="volume_mean")
    yield volume, layers.ZeroPadding3D(1, name="volume_padded")
    yield volume, layers.Cropping3D(((0, 1), (1, 1), (1, 0)), name="volume_cropped")
    yield tokens, layers.Embedding(7, 3, name="embedded")


def main():
    random = np.random.default_rng(VERSION)
    shapes = {"steps": (5, 4), "image": (5, 6, 4), "volume": (4, 5, 3, 2), "tokens": (6,)}
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    outputs = {}
    for given, layer in branches(**inputs):
        if layer.name.startswith(("attention", "additive")):
            given = list(given)
        outputs[layer.name] = layer(*given) if isinstance(given, tuple) else layer(given)
    # The penultimate tap: what the last dense layer reads.
    joined = layers.Concatenate(name="joined")(
        [outputs["both_lstm"], outputs["volume_mean"], outputs["gru_reset_after"]])
    outputs["classes"] = layers.Dense(3, name="classes")(joined)
    model = keras.Model(list(inputs.values()), list(outputs.values()), name="layers")
    for layer in model.layers:
        for weight in layer.weights:
            name = (weight.path if hasattr(weight, "path") else weight.name).split("/")[-1]
            value = random.normal(size=tuple(weight.shape)) * 0.4
            if name.split(":")[0] in ("gamma", "variance", "scale"):
                value = 0.5 + np.abs(value)
            if name.split(":")[0] == "count":
                value = np.zeros(tuple(weight.shape))
            weight.assign(value)
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    values = {name: random.normal(size=(2,) + shape).astype(np.float32)
              for name, shape in shapes.items()}
    values["tokens"] = random.integers(0, 7, (2,) + shapes["tokens"]).astype(np.float32)
    results = model.predict(list(values.values()), verbose=0)
    model.save(os.path.join(HERE, "layers2.h5" if VERSION == 2 else "layers3.keras"))
    record("layers", inputs={name: array(value) for name, value in values.items()},
           outputs={name: array(value) for name, value in zip(outputs, results)})


if __name__ == "__main__":
    main()
