"""Compares `anamorph features` with Keras on the networks of keras.applications; see script/parity."""

import argparse
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import h5py
import keras
import numpy as np

FAMILIES = [
    "VGG16", "ResNet50", "ResNet50V2", "InceptionV3", "InceptionResNetV2", "Xception", "MobileNet",
    "MobileNetV2", "MobileNetV3Small", "DenseNet121", "NASNetMobile", "EfficientNetB0",
    "EfficientNetV2B0", "ConvNeXtTiny",
]
ALL = FAMILIES + [
    "VGG19", "ResNet101", "ResNet152", "ResNet101V2", "ResNet152V2", "MobileNetV3Large",
    "DenseNet169", "DenseNet201", "NASNetLarge", "EfficientNetB1", "EfficientNetB2",
    "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7",
    "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3", "EfficientNetV2S",
    "EfficientNetV2M", "EfficientNetV2L", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge",
    "ConvNeXtXLarge",
]
LIMIT = 1e-5
# Where a last digit of the image changes the features by more, a comparison says nothing.
CHAOS = 1e-3


def randomize(model, random):
    """Random parameters that keep values of a size through the network, with statistics of their own."""
    for weight in model.weights:
        name = weight.path if hasattr(weight, "path") else weight.name
        name = name.split("/")[-1].split(":")[0]
        shape = tuple(weight.shape)
        if len(shape) >= 2:
            fan_in = np.prod(shape[:2] if "depthwise" in name else shape[:-1])
            value = random.standard_normal(shape, np.float32) * np.sqrt(1.6 / fan_in)
        elif "variance" in name:
            value = random.uniform(0.7, 1.3, shape)
        elif name == "gamma":
            value = random.uniform(0.7, 1.3, shape)
        elif name == "count":
            value = np.zeros(shape)
        else:
            value = 0.1 * random.standard_normal(shape)
        weight.assign(np.asarray(value, np.float32).reshape(shape))
    calm(model)
    for layer in flat_layers(model):
        # A normalization computes with copies of its weights.
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def calm(model):
    """Makes the branches of residual blocks small beside what they are added to.

    Without that, a deep network at random multiplies rounding errors a thousandfold, Keras's too.
    """
    sums = [layer for layer in model.layers if type(layer).__name__ == "Add"]
    for layer in sums:
        ends = []
        for before in inputs_of(layer):
            while type(before).__name__ in ("Dropout", "StochasticDepth", "Activation", "LayerScale"):
                before = inputs_of(before)[0]
            if getattr(before, "gamma", None) is not None:
                ends.append(before)
        if ends:
            # A shortcut's normalization stands before that of the branch.
            last = max(ends, key=model.layers.index)
            last.gamma.assign(last.gamma * len(sums) ** -0.5)


def calm_head(layer, penultimate):
    """Scales the head so that the softmax behind it leaves something to every class.

    With sums of a hundred, as random kernels give them, it leaves all to one class, whatever came in,
    or, between two near each other, makes thirty times as much of each rounding error in the sums.
    """
    weights = layer.get_weights()
    kernel = max(range(len(weights)), key=lambda index: weights[index].ndim)
    classes = weights[kernel].shape[-1]
    largest = np.abs(flat(penultimate) @ weights[kernel].reshape(-1, classes)).max()
    weights[kernel] *= 4 / largest
    layer.set_weights(weights)


def inputs_of(layer):
    """The layers whose values a layer reads."""
    tensors = layer.input if isinstance(layer.input, list) else [layer.input]
    return [tensor._keras_history[0] for tensor in tensors]


def flat_layers(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from flat_layers(layer)
        else:
            yield layer


def head(model):
    """The last layer with weights, whose input is the penultimate tap."""
    return [layer for layer in model.layers if layer.weights][-1]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        # A command that a signal stopped has said nothing.
        said = result.stderr.strip() or f"ended with {result.returncode}"
        raise RuntimeError(said.splitlines()[-1])


def features(anamorph, checkpoint, inputs, folder, at=None):
    out = os.path.join(folder, "features.h5")
    command = [anamorph, "features", checkpoint, "--data", inputs, "-o", out, "--quiet",
               "--batch-size", "1", "--exact"]
    run(command + (["--at", at] if at else []))
    with h5py.File(out) as file:
        return file["features"][:]


def flat(values):
    """A row for each example: the means over positions."""
    return values.reshape(len(values), -1) if values.ndim == 2 else \
        values.mean(axis=tuple(range(1, values.ndim - 1)))


def error(actual, expected):
    expected = flat(expected)
    if actual.shape != expected.shape:
        return float("inf")
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def compare(name, anamorph, kinds, images):
    random = np.random.default_rng(sum(map(ord, name)))
    keras.backend.clear_session()
    build = getattr(keras.applications, name)
    model = build(weights=None)
    if None in model.input_shape[1:]:
        model = build(weights=None, input_shape=(224, 224, 3))
    randomize(model, random)
    shape = (images,) + tuple(model.input_shape[1:])
    scaled = any(layer.__class__.__name__ in ("Rescaling", "Normalization")
                 for layer in flat_layers(model))
    inputs = random.uniform(0, 255, shape) if scaled else random.standard_normal(shape)
    inputs = inputs.astype(np.float32)
    last = head(model)
    both = keras.Model(model.input, [last.input, model.output])
    calm_head(last, np.asarray(both.predict(inputs, verbose=0)[0]))
    penultimate, output = [np.asarray(value) for value in both.predict(inputs, verbose=0)]
    # How far Keras itself goes when the last digit of each number of the image is another.
    nearby = (inputs * (1 + 6e-8 * random.standard_normal(shape))).astype(np.float32)
    own = [error(flat(np.asarray(value)), reference) for value, reference in
           zip(both.predict(nearby, verbose=0), (penultimate, output))]
    failed = 0
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = os.path.join(folder, "model." + kind)
            model.save(checkpoint)
            data = os.path.join(folder, "inputs.npy")
            np.save(data, inputs)
            start = time.time()
            try:
                found = [error(features(anamorph, checkpoint, data, folder), penultimate),
                         error(features(anamorph, checkpoint, data, folder,
                                        at=model.layers[-1].name), output)]
                is_good = own[0] <= CHAOS and all(
                    value <= max(LIMIT, 2 * least) for value, least in zip(found, own))
                text = (f"{found[0]:.1e},{own[0]:.1e},{found[1]:.1e},{time.time() - start:.1f}"
                        + ("" if is_good else ",ABOVE THE BOUND"))
            except RuntimeError as problem:
                is_good, text = False, f",,,,{problem}"
            failed += not is_good
            print(f"{name},{kind},{model.count_params()},{text}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--anamorph", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--kinds", default="h5,keras")
    parser.add_argument("networks", nargs="*")
    given = parser.parse_args()
    names = given.networks or (ALL if given.all else FAMILIES)
    print(f"# Keras {keras.__version__}, NumPy {np.__version__}", file=sys.stderr)
    print("network,file,parameters,penultimate,Keras's own,output,seconds")
    failed = 0
    for name in names:
        if hasattr(keras.applications, name):
            failed += compare(name, given.anamorph, given.kinds.split(","), given.images)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
