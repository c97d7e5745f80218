"""Makes files as Keras 1 left them, and records what Keras 2.15 makes of them.

    python make_fixtures_keras1.py      # with TensorFlow and Keras 2

Keras 1 no longer runs, so the files are laid out by hand after its published source: names such as
`lstm_1_W_i:0`, one array for each gate, kernels in the order of `dim_ordering`. What they mean is what
Keras 2's own loader turns them into. keras1.json holds the digest of that, and versions.
"""

import hashlib
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
from keras import layers as L
from keras.src.saving.legacy import hdf5_format

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(11)


def path(name):
    return os.path.join(here, name)


def random(*shape):
    return rng.normal(size=shape).astype("f4")


def digest(arrays):
    h = hashlib.sha256()
    for a in arrays:
        v = np.asarray(a, "<f8")
        h.update(np.array([v.ndim, *v.shape], "<u8").tobytes() + v.tobytes())
    return h.hexdigest()


def write(name, layers, config):
    with h5py.File(path(name), "w") as f:
        g = f
        if config is not None:
            f.attrs["keras_version"] = b"1.2.2"
            f.attrs["model_config"] = json.dumps({"class_name": "Sequential",
                                                  "config": config}).encode()
            g = f.create_group("model_weights")
        g.attrs["layer_names"] = [n.encode() for n, _ in layers]
        for layer, weights in layers:
            h = g.create_group(layer)
            h.attrs["weight_names"] = [n.encode() for n, _ in weights]
            for n, v in weights:
                h[n] = v


def loaded(name, model):
    with h5py.File(path(name)) as f:
        hdf5_format.load_weights_from_hdf5_group(f["model_weights"] if "model_weights" in f else f,
                                                 model)
    return [w.numpy() for layer in model.layers
            for w in layer.trainable_weights + layer.non_trainable_weights]


def gates(prefix, names, inputs, units):
    return [(f"{prefix}_{a}_{g}:0", random(*s)) for g in names
            for a, s in (("W", (inputs, units)), ("U", (units, units)), ("b", (units,)))]


def entry(kind, name, **settings):
    return {"class_name": kind, "config": {"name": name, **settings}}


expected = {}

# Convolutions with outputs first, computed by TensorFlow: transposed, not turned. 4 × 4 channels, so
# that only the configuration tells the order.
th = [("convolution2d_1", [("convolution2d_1_W:0", random(4, 4, 3, 2)),
                           ("convolution2d_1_b:0", random(4))]),
      ("deconvolution2d_1", [("deconvolution2d_1_W:0", random(3, 4, 2, 3)),
                             ("deconvolution2d_1_b:0", random(3))])]
# Keras 1 kept the kernels of transposed convolutions as (outputs, inputs, …) too.
write("keras1_th.h5", th, [entry("Convolution2D", "convolution2d_1", dim_ordering="th", nb_filter=4),
                           entry("Deconvolution2D", "deconvolution2d_1", dim_ordering="th")])
model = keras.Sequential([
    keras.Input((4, 8, 8)),
    L.Conv2D(4, (3, 2), data_format="channels_first", name="convolution2d_1"),
    L.Conv2DTranspose(3, (2, 3), data_format="channels_first", name="deconvolution2d_1")])
expected["keras1_th.h5"] = None
try:
    expected["keras1_th.h5"] = digest(loaded("keras1_th.h5", model))
except ValueError as error:
    print("keras1_th.h5:", error)

tf = [("convolution2d_1", [("convolution2d_1_W:0", random(3, 2, 4, 4)),
                           ("convolution2d_1_b:0", random(4))]),
      ("timedistributed_1", [("timedistributed_1_W:0", random(4, 2)),
                             ("timedistributed_1_b:0", random(2))])]
write("keras1_tf.h5", tf, [entry("Convolution2D", "convolution2d_1", dim_ordering="tf", nb_filter=4),
                           {"class_name": "TimeDistributed",
                            "config": {"name": "timedistributed_1",
                                       "layer": entry("Dense", "dense_1", output_dim=2)}}])
model = keras.Sequential([
    keras.Input((8, 8, 4)), L.Conv2D(4, (3, 2), name="convolution2d_1"),
    L.TimeDistributed(L.Dense(2), name="timedistributed_1")])
expected["keras1_tf.h5"] = digest(loaded("keras1_tf.h5", model))

recurrent = [("lstm_1", gates("lstm_1", "icfo", 3, 2)),
             ("gru_1", gates("gru_1", "zrh", 2, 2)),
             ("bidirectional_1", gates("forward_lstm_2", "icfo", 2, 2)
              + gates("backward_lstm_2", "icfo", 2, 2)),
             ("convolution1d_1", [("convolution1d_1_W:0", random(3, 1, 4, 5)),
                                  ("convolution1d_1_b:0", random(5))])]
model = keras.Sequential([
    keras.Input((9, 3)), L.LSTM(2, return_sequences=True, name="lstm_1"),
    L.GRU(2, return_sequences=True, reset_after=False, name="gru_1"),
    L.Bidirectional(L.LSTM(2, return_sequences=True), name="bidirectional_1"),
    L.Conv1D(5, 3, name="convolution1d_1")])
# Weights only: names tell the kinds.
write("keras1_recurrent.h5", recurrent, None)
expected["keras1_recurrent.h5"] = digest(loaded("keras1_recurrent.h5", model))

# Theano's own: turned, and rows of a dense kernel in the order of channels first. Keras 2 does neither
# unless asked (`convert_all_kernels_in_model`, `convert_dense_weights_data_format`).
kernel, bias, dense, offset = random(3, 2, 3, 3), random(3), random(12, 2), random(2)
write("keras1_flattened.h5",
      [("convolution2d_1", [("convolution2d_1_W", kernel), ("convolution2d_1_b", bias)]),
       ("flatten_1", []), ("dense_1", [("dense_1_W", dense), ("dense_1_b", offset)])],
      [entry("Convolution2D", "convolution2d_1", dim_ordering="th", nb_filter=3),
       entry("Activation", "activation_1"), entry("Flatten", "flatten_1"),
       entry("Dense", "dense_1", output_dim=2)])
straight = kernel.transpose(2, 3, 1, 0)[::-1, ::-1]
rows = dense.reshape(3, 2, 2, 2).transpose(1, 2, 0, 3).reshape(12, 2)
expected["keras1_flattened.h5"] = digest([straight, bias, rows, offset])
write("keras1_flattened_tf.h5",
      [("convolution2d_1", [("convolution2d_1_W:0", straight), ("convolution2d_1_b:0", bias)]),
       ("flatten_1", []), ("dense_1", [("dense_1_W:0", rows), ("dense_1_b:0", offset)])],
      [entry("Convolution2D", "convolution2d_1", dim_ordering="tf", nb_filter=3),
       entry("Flatten", "flatten_1"), entry("Dense", "dense_1", output_dim=2)])

with open(path("keras1.json"), "w") as f:
    json.dump({"versions": {"keras": keras.__version__, "h5py": h5py.__version__},
               "digests": expected}, f, indent=1, sort_keys=True)
    f.write("\n")
