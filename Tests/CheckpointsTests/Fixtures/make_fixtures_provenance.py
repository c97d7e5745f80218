"""One network written by Keras 2, Keras 3, PyTorch with h5py, safetensors and NumPy.

    python make_fixtures_provenance.py keras2     # with TensorFlow and Keras 2
    python make_fixtures_provenance.py keras3     # with Keras 3
    python make_fixtures_provenance.py pytorch    # with PyTorch, h5py, safetensors

Each run writes provenance_*.{h5,keras,safetensors,npz} and its versions to provenance_NAME.json. Names
are in model order, since state dictionaries have no other; nothing is flattened, since PyTorch and
Keras disagree on the order of rows after that. Such a network is beside it: flat_*.

The same scripts write parts_*: layers made of several parts, whose order layouts disagree on.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(21)


def path(name):
    return os.path.join(here, "provenance_" + name)


def random(*shape):
    return rng.normal(size=shape).astype("f4")


# As Keras has them: height × width × inputs × outputs; gamma, beta, mean, variance.
weights = {
    "l1_conv": [random(3, 3, 2, 4), random(4)],
    "l2_norm": [random(4), random(4), random(4), np.abs(random(4))],
    "l3_depthwise": [random(3, 3, 4, 1), random(4)],
    "l4_conv": [random(1, 1, 4, 3)],
    "l5_dense": [random(3, 3), random(3)],
    "l10_dense": [random(3, 5), random(5)],
}


flat = [random(2, 2, 2, 3), random(3), random(3 * 4 * 3, 4), random(4)]  # 3 channels of 4 × 3 places


def parts(keras):
    L = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((7, 4), name="in")
    both = L.Bidirectional(L.LSTM(3, return_sequences=True), name="both")(inputs)
    attend = L.MultiHeadAttention(2, 3, name="attend")(both, both)
    pool = L.GlobalAveragePooling1D(name="pool")(attend)
    return keras.Model(inputs, L.Dense(2, name="head")(pool), name="parts")


def keras_model():
    import keras
    from keras import layers as L

    model = keras.Sequential([
        keras.Input((9, 9, 2)), L.Conv2D(4, 3, name="l1_conv"), L.BatchNormalization(name="l2_norm"),
        L.DepthwiseConv2D(3, name="l3_depthwise"), L.Conv2D(3, 1, use_bias=False, name="l4_conv"),
        L.GlobalAveragePooling2D(name="pool"), L.Dense(3, name="l5_dense"),
        L.Dense(5, name="l10_dense")], name="provenance")
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    return keras, model


def record(name, **versions):
    with open(path(name + ".json"), "w") as f:
        json.dump({"versions": versions}, f, indent=1, sort_keys=True)
        f.write("\n")


def keras2():
    import h5py
    keras, model = keras_model()
    model.save(path("keras2.h5"))
    model.save_weights(path("keras2_weights.h5"))
    model.save_weights(path("keras2.weights.h5"))
    model = parts(keras)
    model.save(os.path.join(here, "parts_keras2.h5"))
    model.save_weights(os.path.join(here, "parts_keras2.weights.h5"))
    L = keras.layers
    model = keras.Sequential([keras.Input((5, 4, 2)), L.Conv2D(3, 2, name="conv"), L.Flatten(),
                              L.Dense(4, name="dense")])
    model.set_weights(flat)
    model.save_weights(os.path.join(here, "flat_keras2.h5"))
    record("keras2", keras=keras.__version__, h5py=h5py.__version__)


def keras3():
    import h5py
    keras, model = keras_model()
    model.save(path("keras3.h5"))
    model.save(path("keras3.keras"))
    model.save_weights(path("keras3.weights.h5"))
    # Weights as .npz, which Keras can only write through an internal function, are pickles.
    from keras.src.saving import saving_lib
    small = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="dense")])
    with open(os.path.join(here, "pickled.keras"), "wb") as f:
        saving_lib._save_model_to_fileobj(small, f, "npz")
    model = parts(keras)
    model.save(os.path.join(here, "parts_keras3.keras"))
    model.save(os.path.join(here, "parts_keras3.h5"))
    model.save_weights(os.path.join(here, "parts_keras3.weights.h5"))
    record("keras3", keras=keras.__version__, h5py=h5py.__version__)


def pytorch():
    from collections import OrderedDict

    import h5py
    import safetensors
    import safetensors.torch
    import torch
    from torch import nn

    model = nn.Sequential(OrderedDict([
        ("l1_conv", nn.Conv2d(2, 4, 3)), ("l2_norm", nn.BatchNorm2d(4)),
        ("l3_depthwise", nn.Conv2d(4, 4, 3, groups=4)), ("l4_conv", nn.Conv2d(4, 3, 1, bias=False)),
        ("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten()), ("l5_dense", nn.Linear(3, 3)),
        ("l10_dense", nn.Linear(3, 5))]))
    state = {}
    for name, (first, *rest) in weights.items():
        if first.ndim == 4:
            order = (2, 3, 0, 1) if name.endswith("depthwise") else (3, 2, 0, 1)
            first = first.transpose(order)
        elif first.ndim == 2:
            first = first.T
        for key, value in zip(["weight", "bias", "running_mean", "running_var"], [first, *rest]):
            state[f"{name}.{key}"] = torch.from_numpy(np.ascontiguousarray(value))
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert set(missing) <= {"l2_norm.num_batches_tracked"}, missing
    state = model.state_dict()
    safetensors.torch.save_file(state, path("pytorch.safetensors"))
    with h5py.File(path("pytorch.h5"), "w") as f:
        for name, value in state.items():
            f[name] = value.numpy()
    np.savez_compressed(path("pytorch.npz"), **{n: v.numpy() for n, v in state.items()})
    kernel, bias, dense, offset = (torch.from_numpy(v) for v in flat)
    model = nn.Sequential(OrderedDict([("conv", nn.Conv2d(2, 3, 2)), ("flatten", nn.Flatten()),
                                       ("dense", nn.Linear(36, 4))]))
    rows = dense.reshape(4, 3, 3, 4).permute(2, 0, 1, 3).reshape(36, 4)
    model.load_state_dict({"conv.weight": kernel.permute(3, 2, 0, 1), "conv.bias": bias,
                           "dense.weight": rows.T, "dense.bias": offset})
    image = torch.from_numpy(random(1, 5, 4, 2))
    ours = torch.einsum("hwio,bihw->bo", kernel, image.permute(0, 3, 1, 2)[:, :, :2, :2]) + bias
    theirs = model.conv(image.permute(0, 3, 1, 2))[:, :, 0, 0]
    assert torch.allclose(ours, theirs, atol=1e-6)
    safetensors.torch.save_file({n: v.contiguous() for n, v in model.state_dict().items()},
                                os.path.join(here, "flat_pytorch.safetensors"))
    record("pytorch", torch=torch.__version__, h5py=h5py.__version__, numpy=np.__version__,
           safetensors=safetensors.__version__)


{"keras2": keras2, "keras3": keras3, "pytorch": pytorch}[sys.argv[1]]()
