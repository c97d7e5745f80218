"""Makes weights by number, whose layers only the model's configuration tells apart.

    python make_orders.py     # Keras 2 (tensorflow 2.15): orders2*; Keras 3: orders3*

For each model a `.weights.h5`; orders2.json holds their configurations, inputs and results.
"""

import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np

from make_layers import HERE, VERSION, array, record

layers = keras.layers


def models():
    # Equal shapes in an order that the names do not have: names would fit, and be wrong.
    value = keras.Input((4,))
    first, second = layers.Dense(4, name="dense_1"), layers.Dense(4, name="dense")
    yield "swapped", keras.Model(
        value, layers.Dense(2, name="dense_2")(second(layers.ReLU()(first(value)))))
    value = keras.Input((4,))
    middle = layers.BatchNormalization(name="zeta")(layers.Dense(4, name="omega")(value))
    yield "custom", keras.Model(value, layers.Dense(4, name="alpha")(middle))
    stem = keras.Sequential(
        [keras.Input((6, 6, 3)), layers.Conv2D(3, 3, name="b"), layers.BatchNormalization(name="a"),
         layers.Conv2D(3, 1, name="c")], name="stem")
    value = keras.Input((6, 6, 3))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3, name="d")(stem(value)))
    yield "nested", keras.Model(value, layers.Dense(2, name="head")(pooled))
    value = keras.Input((5, 4))
    both = layers.Bidirectional(layers.LSTM(2, return_sequences=True, name="inner"), name="both")
    heads = layers.MultiHeadAttention(2, 3, name="heads")(value, value)
    joined = layers.Concatenate()([both(value), heads])
    yield "parts", keras.Model(value, layers.Dense(2, name="top")(layers.Flatten()(joined)))


def main():
    random = np.random.default_rng(VERSION)
    found = {}
    for name, model in models():
        for weight in model.weights:
            value = random.normal(size=tuple(weight.shape)) * 0.5
            label = weight.path if hasattr(weight, "path") else weight.name
            if str(weight.dtype).startswith(("float", "<dtype: 'float")):
                weight.assign(0.5 + np.abs(value) if "variance" in label else value)
        inputs = random.normal(size=(2,) + tuple(model.input_shape[1:])).astype(np.float32)
        model.save_weights(os.path.join(HERE, f"orders{VERSION}_{name}.weights.h5"))
        found[name] = {"model_config": json.loads(model.to_json()), "inputs": array(inputs),
                       "outputs": array(model.predict(inputs, verbose=0))}
    record("orders", models=found)


if __name__ == "__main__":
    main()
