"""Makes the checkpoints that CheckpointsTests and CommandTests read.

    python make_fixtures.py keras2     # with TensorFlow and Keras 2
    python make_fixtures.py keras3     # with Keras 3
    python make_fixtures.py by_hand    # with h5py: what old and odd writers leave
    python make_fixtures.py layouts2   # with TensorFlow and Keras 2: its newer layouts
    python make_fixtures.py layouts3   # with Keras 3: one network in three layouts, odd containers
    python make_fixtures.py quantized  # with Keras 3: one network in float32 and in int8
    python make_fixtures.py pytorch    # with PyTorch, h5py and safetensors
    python make_fixtures.py layouts    # with h5py: layouts whose writers are gone

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

    # Keras 1 on Theano: outputs × inputs × height × width, turned by 180 degrees as Theano
    # convolves; no version, no configuration. Beside it the same brought into TensorFlow's order.
    with h5py.File(path("keras1_theano.h5"), "w") as f:
        f.attrs["layer_names"] = [b"input", b"fire/conv"]
        layer(f, "input", [])
        layer(f, "fire/conv", [("uniform1",
                                kernel[::-1, ::-1].transpose(3, 2, 0, 1)),
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


def array_digest(arrays):
    """The digest of arrays in an order."""
    h = hashlib.sha256()
    for a in arrays:
        v = np.asarray(a, "<f8")
        h.update(np.array([v.ndim, *v.shape], "<u8").tobytes() + v.tobytes())
    return h.hexdigest()


def layer_arrays(model):
    """The weights of each layer, models inside the model layer by layer."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layer_arrays(layer)
        else:
            yield from (np.asarray(w, "f8") for w in legacy_weights(layer))


def three_ways(keras, layers):
    block = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="h1"),
                              layers.BatchNormalization(name="n1"), layers.Dense(2, name="h2")],
                             name="block")
    model = keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(5, 3, name="second_name"),
        layers.BatchNormalization(name="b"), layers.Conv2D(2, 3, name="a"),
        layers.Flatten(name="flat"), layers.Dropout(0.5, name="drop"),
        layers.Dense(3, name="z"), block, layers.Dense(4, name="head")], name="three_ways")
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.random.default_rng(5).normal(size=(8, 6, 6, 1)), np.ones((8, 4)), verbose=0)
    return model


def layouts2():
    import h5py
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(5)
    model = three_ways(keras, layers)
    model.save(path("keras2_three_ways.h5"))
    model.save(path("keras2_three_ways.keras"))
    model.save_weights(path("keras2_three_ways.weights.h5"))
    record("layouts2", {"keras": keras.__version__, "tensorflow": tf.__version__,
                        "h5py": h5py.__version__}, digest=array_digest(layer_arrays(model)))


def layouts3():
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import h5py
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(6)
    model = three_ways(keras, layers)
    model.save(path("keras3_three_ways.h5"))
    model.save(path("keras3_three_ways.keras"))
    model.save_weights(path("keras3_three_ways.weights.h5"))

    sharded = keras.Sequential([
        keras.Input((10,)), layers.Dense(8, name="z"), layers.BatchNormalization(name="b"),
        layers.Dense(8, name="a"), layers.Dense(3, name="head")])
    sharded.save_weights(path("keras3_sharded.weights.json"), max_shard_size=5e-7)

    # Eleven layers of a class: HDF5 lists dense_10 before dense_2. One layer has eleven variables.
    class Many(layers.Layer):
        def build(self, shape):
            self.numbered = [self.add_weight(shape=(1,), initializer=keras.initializers.Constant(i))
                             for i in range(11)]

        def call(self, x):
            return x * sum(self.numbered)

    class Odd(keras.Model):
        def __init__(self):
            super().__init__(name="odd")
            self.enc = [layers.Dense(2, name=f"enc{i}",
                                     kernel_initializer=keras.initializers.Constant(i))
                        for i in range(11)]
            self.pairs = {"left": [layers.Dense(3, name="l0")], "right": layers.Dense(3, name="r")}
            self.many = Many(name="many")
            self.head = layers.Dense(1, name="top")

        def call(self, x):
            for layer in self.enc:
                x = layer(x)
            return self.head(self.many(self.pairs["right"](x) + self.pairs["left"][0](x)))

    odd = Odd()
    odd(ops.ones((1, 2)))
    odd.save_weights(path("keras3_odd.weights.h5"))

    half = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="d", dtype="bfloat16"),
                             layers.Dense(2, name="e", dtype="float16")], name="half")
    half.save_weights(path("keras3_half.weights.h5"))
    recurrent = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2, name="l", dropout=0.1)])
    recurrent.save_weights(path("keras3_recurrent.weights.h5"))
    record("layouts3", {"keras": keras.__version__, "backend": keras.backend.backend(),
                        "h5py": h5py.__version__}, digest=array_digest(layer_arrays(model)),
           sharded=array_digest(layer_arrays(sharded)),
           half=[float(np.asarray(w, "f8").sum()) for w in half.weights],
           recurrent=[list(w.shape) for w in recurrent.layers[0].cell.trainable_weights])


def quantized():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import h5py
    import keras
    from keras import layers

    keras.utils.set_random_seed(9)
    model = keras.Sequential([
        keras.Input((3,), dtype="int32"), layers.Embedding(5, 4, name="words"),
        layers.Flatten(name="flat"), layers.Dense(6, use_bias=False, name="plain"),
        layers.Dense(2, bias_initializer="ones", name="head")])
    model.save(path("unquantized.keras"))
    model.quantize("int8")
    model.save(path("quantized.keras"))
    record("quantized", {"keras": keras.__version__, "h5py": h5py.__version__,
                         "backend": keras.backend.backend()})


def pytorch():
    import h5py
    import safetensors
    import safetensors.torch
    import torch
    from torch import nn

    torch.manual_seed(7)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 3, 3)
            self.bn1 = nn.BatchNorm2d(3)
            self.layers = nn.ModuleList([nn.Conv2d(3, 3, 1, bias=i < 2) for i in range(11)])
            self.embed = nn.Embedding(4, 3)
            self.fc = nn.Linear(3, 3)

    net = Net()
    net.bn1.running_mean += torch.randn(3)
    state = net.state_dict()
    arrays = {k: v.numpy() for k, v in state.items()}
    with h5py.File(path("torch_flat.h5"), "w") as f:
        for k, v in arrays.items():
            f[k] = v
    with h5py.File(path("torch_groups.h5"), "w") as f:
        for k, v in arrays.items():
            f[k.replace(".", "/")] = v
    with h5py.File(path("torch_prefixed.h5"), "w") as f:
        for k, v in arrays.items():
            f["state_dict/module." + k] = v
        f["optimizer/step"] = 3
        f["keys"] = list(arrays)
    safetensors.torch.save_file(state, path("torch.safetensors"), {"format": "pt"})
    np.savez(path("torch.npz"), **arrays)
    np.savez_compressed(path("torch_deflated.npz"), **arrays)
    names = sorted(state)
    shards = {"part-00001-of-00002.safetensors": names[:9],
              "part-00002-of-00002.safetensors": names[9:]}
    for shard, part in shards.items():
        safetensors.torch.save_file({k: state[k] for k in part}, path(shard))
    with open(path("torch.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": sum(v.nbytes for v in arrays.values())},
                   "weight_map": {k: s for s, part in shards.items() for k in part}}, f, indent=1)
    types = {"f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16, "i8": torch.int8,
             "i16": torch.int16, "i32": torch.int32, "i64": torch.int64, "u8": torch.uint8,
             "bool": torch.bool}
    values = [0.0, -1.5, 3.0, 1e-7, 65000.0]
    typed = {k + ".weight": torch.tensor([v if t.is_floating_point else v % 100 for v in values],
                                         dtype=torch.float64).to(t) for k, t in types.items()}
    safetensors.torch.save_file(typed, path("types.safetensors"))
    # The same network as Keras would hold it, layers in the order of the model.
    with h5py.File(path("torch_as_keras.h5"), "w") as f:
        def layer(name, **weights):
            g = f.create_group(name)
            g.attrs["weight_names"] = [f"{name}/{k}:0".encode() for k in weights]
            for k, v in weights.items():
                g[f"{name}/{k}:0"] = v

        order = ["conv1", "bn1"] + [f"layers_{i}" for i in range(11)] + ["embed", "fc"]
        f.attrs["layer_names"] = [n.encode() for n in order]
        f.attrs["keras_version"], f.attrs["backend"] = "2.15.0", "tensorflow"
        layer("conv1", kernel=arrays["conv1.weight"].transpose(2, 3, 1, 0), bias=arrays["conv1.bias"])
        layer("bn1", gamma=arrays["bn1.weight"], beta=arrays["bn1.bias"],
              moving_mean=arrays["bn1.running_mean"], moving_variance=arrays["bn1.running_var"])
        for i in range(11):
            bias = {"bias": arrays[f"layers.{i}.bias"]} if i < 2 else {}
            layer(f"layers_{i}", kernel=arrays[f"layers.{i}.weight"].transpose(2, 3, 1, 0), **bias)
        layer("embed", embeddings=arrays["embed.weight"])
        layer("fc", kernel=arrays["fc.weight"].T, bias=arrays["fc.bias"])
    record("pytorch", {"torch": torch.__version__, "safetensors": safetensors.__version__,
                       "h5py": h5py.__version__, "numpy": np.__version__},
           types={k: [float(x) for x in v.double()] for k, v in typed.items()},
           sums={k: float(v.double().sum()) for k, v in state.items()})


def layouts():
    import h5py

    rng = np.random.default_rng(8)
    with h5py.File(path("caffe.caffemodel.h5"), "w") as f:
        f["data/conv1/0"] = rng.normal(size=(4, 2, 3, 3)).astype("f4")
        f["data/conv1/1"] = np.zeros(4, "f4")
        f["data/inception_3a/1x1/0"] = rng.normal(size=(2, 4, 1, 1)).astype("f4")
        f["data/inception_3a/1x1/1"] = np.ones(2, "f4")
        f["data/bn1/0"], f["data/bn1/1"], f["data/bn1/2"] = np.ones(4, "f4"), np.ones(4, "f4"), [1.0]
        f["data/scale1/0"], f["data/scale1/1"] = np.ones(4, "f4"), np.zeros(4, "f4")
    # TensorFlow 2.12 and 2.13.
    with h5py.File(path("tensorflow213.weights.h5"), "w") as f:
        for name, shapes in (("dense", [(3, 2), (2,)]), ("dense_1", [(2, 4), (4,)]), ("flatten", [])):
            g = f.create_group(f"_layer_checkpoint_dependencies/{name}/vars")
            for i, shape in enumerate(shapes):
                g[str(i)] = rng.normal(size=shape).astype("f4")
        f.create_group("vars")
        f["optimizer/vars/0"] = 7
    with h5py.File(path("tf_model.h5"), "w") as f:
        names = [f"tf_bert_model/bert/encoder/layer_._{i}/attention/self/{p}/{w}:0"
                 for i in range(2) for p in ("query", "key") for w in ("kernel", "bias")]
        f.attrs["layer_names"] = [b"bert"]
        f.attrs["keras_version"], f.attrs["backend"] = "2.4.0", "tensorflow"
        g = f.create_group("bert")
        g.attrs["weight_names"] = [n.encode() for n in names]
        for n in names:
            g[n] = rng.normal(size=(4, 4) if "kernel" in n else (4,)).astype("f4")
    record("layouts", {"h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version,
                       "numpy": np.__version__})


if __name__ == "__main__":
    {"keras2": keras2, "keras3": keras3, "by_hand": by_hand, "layouts2": layouts2,
     "layouts3": layouts3, "quantized": quantized, "pytorch": pytorch, "layouts": layouts}[sys.argv[1]]()
