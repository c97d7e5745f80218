"""Makes a model with a branch for layers, settings and operations between layers that are met rarely.

    python make_rare_layers.py     # Keras 2 (tensorflow 2.15): rare2.h5, rare2.json; Keras 3: rare3.keras, rare3.json

The file holds the model with random parameters, the JSON beside it the inputs and what each branch
gives, in the order of the model's outputs.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

from make_layers import HERE, VERSION, array, record

layers = keras.layers


def rare_layers(steps, image):
    row = {"return_sequences": True}
    yield "softmax_axes", layers.Softmax(axis=[1, 2])(image)
    yield "softmax_apart", layers.Softmax(axis=[1, 3])(image)
    yield "unit", layers.UnitNormalization()(image)
    yield "unit_axes", layers.UnitNormalization(axis=[1, 2])(image)
    yield "inverted", layers.Normalization(
        mean=[1.0, -2.0, 0.5, 0.0], variance=[1.0, 0.25, 4.0, 0.0], invert=True)(image)
    yield "einsum_heads", layers.EinsumDense(
        "abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")(steps)
    yield "einsum_joined", layers.EinsumDense(
        "abcd,cde->abe", output_shape=(None, 3), bias_axes="e", activation="relu")(image)
    yield "cell_lstm", layers.RNN(layers.LSTMCell(3))(steps)
    yield "cell_gru", layers.RNN(layers.GRUCell(3), go_backwards=True, **row)(steps)
    yield "cell_both", layers.Bidirectional(layers.RNN(layers.SimpleRNNCell(3)))(steps)
    forward, backward = layers.Bidirectional(layers.GRU(3, **row), merge_mode=None)(steps)
    yield "apart_forward", forward
    yield "apart_backward", backward
    rows, state, _ = layers.LSTM(3, return_state=True, **row)(steps)
    yield "state_rows", rows
    yield "state", layers.Dense(2)(state)
    yield "attention_concatenated", layers.Attention(
        score_mode="concat", use_scale=True)([steps, steps])
    yield "heads_of_image", layers.MultiHeadAttention(2, 3)(image, image)
    yield "heads_along_rows", layers.MultiHeadAttention(
        2, 3, attention_axes=(2,), value_dim=2)(image, image)
    yield "heads_along_columns", layers.MultiHeadAttention(2, 3, attention_axes=(1,))(image, image)
    yield "each_lstm", layers.TimeDistributed(layers.LSTM(3))(image)
    yield "each_depthwise", layers.TimeDistributed(layers.DepthwiseConv1D(2))(image)
    yield "each_separable", layers.TimeDistributed(
        layers.SeparableConv1D(3, 2, activation="tanh"))(image)
    yield "each_normalization", layers.TimeDistributed(layers.BatchNormalization())(steps)
    if VERSION == 2:
        # Keras 3 takes no more axes than a convolution works on, nor normalizes over axes
        # that are not the last ones when PyTorch computes it.
        yield "normalization_rows", layers.LayerNormalization(axis=[1, 2])(image)
        yield "normalization_apart", layers.LayerNormalization(axis=[1, 3])(image)
        yield "convolution_of_rows", layers.Conv1D(6, 3, groups=2, padding="same")(image)
        images = layers.Reshape((2, 5, 3, 4))(image)
        yield "convolution_of_images", layers.Conv2D(3, 2, activation="relu")(images)
        yield "convolution_of_more", layers.Conv1D(3, 2, strides=2)(images)


def tensorflow_operations(steps, image):
    import tensorflow as tf

    yield "leaky", tf.nn.leaky_relu(image)
    yield "leaky_more", tf.nn.leaky_relu(image, alpha=0.1)
    yield "transposed", tf.transpose(image, [0, 2, 3, 1])
    yield "mean_rows", tf.reduce_mean(image, 1)
    yield "mean_channels", tf.reduce_mean(image, -1, keepdims=True)
    yield "sum", tf.reduce_sum(image, [1, 3])
    yield "least", tf.reduce_min(image, axis=2)
    yield "most", tf.reduce_max(image, axis=[1, 2], keepdims=True)
    yield "roots", tf.sqrt(tf.abs(image))
    yield "inverse_roots", tf.math.rsqrt(tf.square(image) + 1.0)
    yield "cubes", image**3
    yield "negative", -image
    yield "reciprocal", 2.0 / (tf.abs(image) + 1.0)
    yield "logarithm", tf.math.log(tf.abs(image) + 1.0)
    yield "clipped", tf.clip_by_value(image, -0.5, 0.75)
    yield "at_most", tf.minimum(image, 0.25)
    yield "wider", tf.expand_dims(image, -1)
    yield "narrower", tf.squeeze(tf.expand_dims(image, 1), 1)
    yield "product", tf.matmul(steps, steps, transpose_b=True)
    yield "product_turned", tf.matmul(steps, steps, transpose_a=True)
    for number, part in enumerate(tf.split(image, 2, -1)):
        yield f"half{number}", part * 1.0
    yield "pieces", tf.split(image, [1, 5], 2)[1]
    yield "unstacked", tf.unstack(image, axis=1)[2]
    yield "stacked", tf.stack([steps, steps * 2.0], 2)
    yield "padded", tf.pad(image, [[0, 0], [1, 0], [0, 2], [0, 0]])
    yield "length", tf.math.l2_normalize(image, -1)
    yield "softmax_rows", tf.nn.softmax(image, axis=1)
    yield "resized", tf.image.resize(image, (3, 8))


def keras_operations(steps, image):
    from keras import ops

    yield "leaky", ops.leaky_relu(image)
    yield "leaky_more", ops.leaky_relu(image, negative_slope=0.1)
    yield "transposed", ops.transpose(image, (0, 2, 3, 1))
    yield "mean_rows", ops.mean(image, axis=1)
    yield "mean_all", ops.mean(image, axis=(1, 2), keepdims=True)
    yield "sum", ops.sum(image, axis=(1, 3))
    yield "least", ops.min(image, axis=2)
    yield "roots", ops.sqrt(ops.abs(image))
    yield "squares", ops.square(image)
    yield "cubes", image**3
    yield "negative", -image
    yield "reciprocal", 2.0 / (ops.abs(image) + 1.0)
    yield "clipped", ops.clip(image, -0.5, 0.75)
    yield "wider", ops.expand_dims(image, -1)
    yield "narrower", ops.squeeze(ops.expand_dims(image, 1), 1)
    yield "product", ops.matmul(steps, ops.transpose(steps, (0, 2, 1)))
    yield "half", ops.split(image, 2, -1)[1]
    yield "pieces", ops.split(image, [1, 3], 2)[1]
    yield "stacked", ops.stack([steps, steps * 2.0], 2)
    yield "padded", ops.pad(image, [[0, 0], [1, 0], [0, 2], [0, 0]])
    yield "length", ops.normalize(image, axis=-1)
    yield "approximate", ops.gelu(image, approximate=True)
    yield "reshaped", ops.reshape(image, (-1, 30, 4))


def slices(image):
    yield "part", image[:, 1:3]
    yield "first", image[:, 0]
    yield "last", image[:, -1, :, 1]
    yield "new_axis", image[:, :, None]
    yield "ellipsis", image[..., 1:]
    if VERSION == 2:
        # PyTorch, which computes Keras 3 here, has no such slices.
        yield "reversed", image[:, :, ::-1]


def main():
    random = np.random.default_rng(VERSION)
    shapes = {"steps": (5, 4), "image": (5, 6, 4)}
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    outputs = dict(rare_layers(**inputs))
    operations = tensorflow_operations if VERSION == 2 else keras_operations
    outputs.update(operations(**inputs))
    outputs.update(slices(inputs["image"]))
    model = keras.Model(list(inputs.values()), list(outputs.values()), name="rare")
    for layer in model.layers:
        for weight in layer.weights:
            name = (weight.path if hasattr(weight, "path") else weight.name).split("/")[-1]
            value = random.normal(size=tuple(weight.shape)) * 0.4
            if "variance" in name or name.split(":")[0] in ("gamma", "scale"):
                value = 0.5 + np.abs(value)
            if str(weight.dtype).startswith(("float", "<dtype: 'float")):
                weight.assign(value)
    values = {name: random.normal(size=(2,) + shape).astype(np.float32)
              for name, shape in shapes.items()}
    results = model.predict(list(values.values()), verbose=0)
    model.save(os.path.join(HERE, "rare2.h5" if VERSION == 2 else "rare3.keras"))
    record("rare", inputs={name: array(value) for name, value in values.items()},
           outputs=[{"name": name, **array(value)} for name, value in zip(outputs, results)])


if __name__ == "__main__":
    main()
