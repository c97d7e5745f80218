"""Makes the checkpoints that CheckpointsTests and CommandTests read.

    python make_fixtures.py keras2     # with TensorFlow and Keras 2
    python make_fixtures.py keras3     # with Keras 3
    python make_fixtures.py by_hand    # with h5py: what old and odd writers leave

Each run records the versions it used, and the values the tests expect, in NAME.json.
"""

import hashlib
import json
import os
import sys

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def record(name, versions, **facts):
    with open(path(name + ".json"), "w") as f:
        json.dump({"versions": versions, **facts}, f, indent=1, sort_keys=True)
        f.write("\n")


def facts(model):
    """Shapes, sums and sums of squares of the parameters in the order that Keras saves them."""
    weights = []
    for layer in model.layers:
        for w in legacy_weights(layer):
            v = np.asarray(w, "f8")
            weights.append({"layer": layer.name, "shape": list(v.shape), "sum": float(v.sum()),
                            "squares": float((v ** 2).sum())})
    return weights


def digest(model):
    """SHA-256 over the shape and the float64 values of every parameter in that order."""
    h = hashlib.sha256()
    for layer in model.layers:
        for w in legacy_weights(layer):
            v = np.asarray(w, "<f8")
            h.update(np.array([v.ndim, *v.shape], "<u8").tobytes() + v.tobytes())
    return h.hexdigest()


def legacy_weights(layer):
    return layer.trainable_weights + layer.non_trainable_weights


def keras2():
    import h5py
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)

    conv = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(3, 3, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="relu"),
        layers.Flatten(name="flatten"),
        layers.Dense(4, activation="softmax", name="head"),
    ], name="small")
    conv.compile("adam", "sparse_categorical_crossentropy")
    x, y = rng.normal(size=(16, 8, 8, 1)), rng.integers(0, 4, 16)
    conv.fit(x, y, verbose=0)
    conv.save(path("keras2_conv_adam.h5"))
    conv.save_weights(path("keras2_conv_weights.h5"))
    first, first_digest = facts(conv), digest(conv)
    # Another head on the same backbone: only the head moves.
    for layer in conv.layers[:-1]:
        layer.trainable = False
    conv.compile(keras.optimizers.legacy.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    conv.fit(x, y, verbose=0)
    conv.save(path("keras2_conv_head.h5"))

    a = keras.Input((5,), name="in")
    block = keras.Sequential([keras.Input((6,)), layers.Dense(6, name="h1"),
                              layers.BatchNormalization(name="n1"), layers.Dense(2, name="h2")],
                             name="block")
    b = layers.Dense(6, name="scope/first")(a)
    nested = keras.Model(a, layers.Dense(3, name="out")(block(b)), name="nested")
    nested.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    nested.fit(rng.normal(size=(8, 5)), rng.normal(size=(8, 3)), verbose=0)
    nested.save(path("keras2_nested_sgd.h5"))

    separable = keras.Sequential([
        keras.Input((6, 6, 2)),
        layers.SeparableConv2D(3, 3, name="separable"),
        layers.DepthwiseConv2D(3, name="depthwise"),
        layers.Reshape((2, 6)), layers.LSTM(2, name="lstm")], name="roles")
    separable.save_weights(path("keras2_roles_weights.h5"))

    record("keras2", {"keras": keras.__version__, "tensorflow": tf.__version__,
                      "h5py": h5py.__version__},
           keras2_conv_adam=first, keras2_conv_adam_digest=first_digest, keras2_conv_head=facts(conv), keras2_nested_sgd=facts(nested))


def keras3():
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import h5py
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    block = keras.Sequential([keras.Input((6,)), layers.Dense(2, name="h1")], name="block")
    model = keras.Sequential([keras.Input((5,)), layers.Dense(6, name="dense"), block,
                              layers.Dense(3, name="head")], name="sequential")
    model.compile(keras.optimizers.AdamW(1e-3), "mse")
    model.fit(np.ones((4, 5)), np.ones((4, 3)), verbose=0)
    model.save(path("keras3_legacy.h5"))
    model.save_weights(path("keras3.weights.h5"))
    record("keras3", {"keras": keras.__version__, "backend": keras.backend.backend(),
                      "h5py": h5py.__version__}, keras3_legacy=facts(model))


def by_hand():
    import h5py

    def layer(group, name, weights):
        g = group.create_group(name)
        g.attrs["weight_names"] = [n.encode() for n, _ in weights]  # float64 (0,) when empty
        for n, v in weights:
            g[n] = v

    def names(group, key, values, parts):
        for i, part in enumerate(np.array_split(np.array(values, "S"), parts)):
            group.attrs[f"{key}{i}"] = part

    rng = np.random.default_rng(3)
    kernel = rng.normal(size=(3, 3, 2, 4)).astype("f4")

    # Long lists of names are split over numbered attributes, as Keras does above 64,512 bytes.
    with h5py.File(path("chunked_names.h5"), "w") as f:
        all_names = [f"dense_{i}" for i in range(12)]
        names(f, "layer_names", all_names, 3)
        for i, n in enumerate(all_names):
            layer(f, n, [(f"{n}/kernel:0", np.full((2, 1), i, "f4"))])

    # Keras 1, Theano order: outputs × inputs × height × width; no version, no configuration.
    with h5py.File(path("keras1_theano.h5"), "w") as f:
        f.attrs["layer_names"] = [b"input", b"fire/conv"]
        layer(f, "input", [])
        layer(f, "fire/conv", [("uniform1", kernel.transpose(3, 2, 0, 1)),
                               ("fire/conv_b", np.zeros(4, "f4"))])
    with h5py.File(path("keras1_tensorflow.h5"), "w") as f:
        f.attrs["layer_names"] = [b"input", b"fire/conv"]
        layer(f, "input", [])
        layer(f, "fire/conv", [("uniform1", kernel), ("fire/conv_b", np.zeros(4, "f4"))])

    with h5py.File(path("keras0.h5"), "w") as f:
        f.attrs["nb_layers"] = 2
        for i, params in enumerate([[np.ones((2, 3), "f4"), np.zeros(3, "f4")], []]):
            g = f.create_group(f"layer_{i}")
            g.attrs["nb_params"] = len(params)
            for j, p in enumerate(params):
                g[f"param_{j}"] = p

    def dense(name, a, layers_order, changes=None, scope=""):
        with h5py.File(path(name), "w") as f:
            f.attrs["layer_names"] = [n.encode() for n in layers_order]
            f.attrs["keras_version"] = "2.4.0"
            f.attrs["backend"] = "tensorflow"
            for n in layers_order:
                layer(f, n, [(f"{n}{scope}/{k}:0", v) for k, v in (changes or {}).get(n, a[n])])

    a = {n: [("kernel", rng.normal(size=s).astype("f4")), ("bias", rng.normal(size=s[1]).astype("f4"))]
         for n, s in (("first", (4, 5)), ("second", (5, 3)), ("head", (3, 2)))}
    a["norm"] = [(k, np.ones(3, "f4")) for k in ("gamma", "beta", "moving_mean", "moving_variance")]
    order = ["first", "second", "norm", "head"]
    dense("base.h5", a, order)
    dense("session.h5", a, order, scope="_1")
    statistics = [(k, v + (k.startswith("moving"))) for k, v in a["norm"]]
    dense("statistics.h5", a, order, {"norm": [(k, v.astype("f4")) for k, v in statistics]})
    replaced = [("kernel", rng.normal(size=(3, 7)).astype("f4")), ("bias", np.zeros(7, "f4"))]
    dense("replaced_head.h5", a, order, {"head": replaced})
    broken = [("kernel", np.where(np.arange(20).reshape(4, 5) == 7, np.nan, a["first"][0][1])),
              a["first"][1]]
    dense("nan.h5", a, order, {"first": [(k, v.astype("f4")) for k, v in broken]})
    dense("reordered.h5", a, ["head", "norm", "second", "first"])
    a["inserted"] = [("kernel", np.ones((5, 5), "f4")), ("bias", np.zeros(5, "f4"))]
    dense("inserted.h5", a, ["first", "inserted", "second", "norm", "head"])

    record("by_hand", {"h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version,
                       "numpy": np.__version__})


if __name__ == "__main__":
    {"keras2": keras2, "keras3": keras3, "by_hand": by_hand}[sys.argv[1]]()
