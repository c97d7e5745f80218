#!/usr/bin/env python3
"""Writes checkpoints/ and digits-sets.h5: networks that Keras 2 trained on digits.h5.

    python3 make_checkpoints.py [FOLDER]

Pretrains on 1000 digits in eight styles (turned and mirrored), gives the network a new head, and
fine-tunes it on 300 other digits, upright only. Everything goes beside this script, or to FOLDER.
Needs tensorflow 2.15 (Keras 2), h5py and numpy; nothing is downloaded. Takes about two minutes.
"""
import importlib.metadata
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import numpy as np
import tensorflow as tf
from tensorflow import keras

here = pathlib.Path(__file__).resolve().parent
output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
(output / "checkpoints").mkdir(parents=True, exist_ok=True)

tf.keras.utils.set_random_seed(0)
tf.config.experimental.enable_op_determinism()

with h5py.File(here / "digits.h5") as file:
    images, labels = file["images"][:], file["labels"][:]
order = np.random.default_rng(0).permutation(len(images))
pretraining, training, testing = order[:1000], order[1000:1300], order[1300:]

STYLES = {
    "identity": lambda x: x,
    "rot90": lambda x: np.rot90(x, 1, axes=(1, 2)),
    "rot180": lambda x: np.rot90(x, 2, axes=(1, 2)),
    "rot270": lambda x: np.rot90(x, 3, axes=(1, 2)),
    "flip-left-right": lambda x: x[:, :, ::-1],
    "flip-up-down": lambda x: x[:, ::-1, :],
    "transpose": lambda x: x.transpose(0, 2, 1),
    "anti-transpose": lambda x: np.rot90(x, 2, axes=(1, 2)).transpose(0, 2, 1),
}


def styled(rows, names):
    """The images of rows in each style, every image's styles after one another, with labels."""
    stack = np.stack([STYLES[name](images[rows]) for name in names], axis=1)
    return stack.reshape(-1, 8, 8), np.repeat(labels[rows], len(names))


sets = {
    "id": styled(training, ["identity"]),
    "id-test": styled(testing, ["identity"]),
    "ood": styled(testing, [name for name in STYLES if name != "identity"]),
}
with h5py.File(output / "digits-sets.h5", "w", libver=("earliest", "v108")) as file:
    for name, (x, y) in sets.items():
        group = file.create_group(name)
        group.create_dataset("images", data=x, chunks=True, compression="gzip", compression_opts=9)
        group.create_dataset("labels", data=y, compression="gzip", compression_opts=9)
    file.attrs["source"] = "digits.h5 of this folder"
    file.attrs["licence"] = "CC BY 4.0"


def numbers(x):
    """Pixels from 0 to 1; division by a power of two leaves no rounding."""
    return x.astype(np.float32) / 16


def perceptron():
    return keras.Sequential(
        [
            keras.layers.Input((8, 8), name="pixels"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(48, activation="relu", name="hidden_1"),
            keras.layers.Dense(32, activation="relu", name="features"),
            keras.layers.Dense(10, activation="softmax", name="head"),
        ],
        name="digits_perceptron",
    )


def convolutional():
    return keras.Sequential(
        [
            keras.layers.Input((8, 8, 1), name="pixels"),
            keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="conv_1"),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_2"),
            keras.layers.MaxPooling2D(2, name="pool"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(32, activation="relu", name="features"),
            keras.layers.Dense(10, activation="softmax", name="head"),
        ],
        name="digits_convolutional",
    )


def train(model, optimizer, x, y, epochs, batch):
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    x = numbers(x).reshape((-1,) + model.input_shape[1:])
    model.fit(x, y, epochs=epochs, batch_size=batch, verbose=0)


def report(name, model):
    for part, (x, y) in sets.items():
        x = numbers(x).reshape((-1,) + model.input_shape[1:])
        print(f"{name}: accuracy on {part} {model.evaluate(x, y, verbose=0)[1]:.3f}")


def make(build, prefix, optimizers):
    model = build()
    x, y = styled(pretraining, list(STYLES))
    train(model, keras.optimizers.Adam(0.002), x, y, epochs=60, batch=128)
    # The released checkpoint carries no optimizer, as most do not.
    model.save(output / "checkpoints" / f"{prefix}pretrained.h5", include_optimizer=False)
    report(f"{prefix}pretrained", model)
    weights = model.get_weights()
    for name, optimizer in optimizers.items():
        keras.utils.set_random_seed(1)
        tuned = build()
        # A new head: fine-tuning starts from the pretrained features and a random classifier.
        tuned.set_weights(weights[:-2] + tuned.get_weights()[-2:])
        train(tuned, optimizer, *sets["id"], epochs=40, batch=32)
        tuned.save(output / "checkpoints" / f"{prefix}{name}.h5")
        report(f"{prefix}{name}", tuned)


make(
    perceptron, "",
    {
        "fine-tuned": keras.optimizers.SGD(0.01, momentum=0.9),
        "fine-tuned-adam": keras.optimizers.Adam(0.001),
    },
)
make(convolutional, "convolutional-", {"fine-tuned": keras.optimizers.SGD(0.01, momentum=0.9)})
print(
    f"tensorflow {tf.__version__}, keras {importlib.metadata.version('keras')}, "
    f"h5py {h5py.__version__}, numpy {np.__version__}"
)
