"""Files as strangers send them: links of every kind, arrays that are not read, PyTorch's own format.

    python make_fixtures_strangers.py links      # with h5py
    python make_fixtures_strangers.py pytorch    # with PyTorch
    python make_fixtures_strangers.py bfloat16   # with Keras 3

Each run writes its files and its versions to strangers_NAME.json.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
weights = np.arange(6, dtype="f4").reshape(2, 3)


def path(name):
    return os.path.join(here, name)


def record(name, **facts):
    with open(path(f"strangers_{name}.json"), "w") as f:
        json.dump(facts, f, indent=1, sort_keys=True)
        f.write("\n")


def links():
    import h5py

    outside = h5py.ExternalLink("elsewhere.h5", "/secret")

    def file(name):
        return h5py.File(path(name), "w")

    # State dictionaries.
    with file("links_external.h5") as f:
        f["fc.weight"], f["fc.bias"] = weights, outside
    with file("links_external_only.h5") as f:
        f["fc.weight"] = outside
    with file("links_external_model.h5") as f:
        f["model_weights"] = outside
    with file("links_tied.h5") as f:
        f["fc.weight"], f["head.weight"] = weights, h5py.SoftLink("/fc.weight")
    with file("links_dangling.h5") as f:
        f["fc.weight"], f["head.weight"] = weights, h5py.SoftLink("/body.weight")
    with file("links_circle.h5") as f:
        f["body/fc.weight"] = weights
        f["body/inner"] = f["body"]
    with file("links_soft_circle.h5") as f:
        f["body/fc.weight"], f["body/inner"] = weights, h5py.SoftLink("/body")
    with file("links_user_defined.h5") as f:
        f["fc.weight"], f["user_defined"] = weights, outside
    with open(path("links_user_defined.h5"), "rb") as f:
        content = bytearray(f.read())
    # The link's message ends in its type (64: external), set of characters, length and name.
    name = content.index(b"user_defined")
    kind = content.rindex(bytes([64]), name - 12, name)
    content[kind] = 65
    with open(path("links_user_defined.h5"), "wb") as f:
        f.write(content)
    # Two links in each of twenty groups to the next: a million ways to one array.
    with file("links_many_ways.h5") as f:
        for i in range(20):
            f[f"g{i}/a"] = f[f"g{i}/b"] = h5py.SoftLink(f"/g{i + 1}")
        f["g20/fc.weight"] = weights
    # Keras.
    with file("links_external.weights.h5") as f:
        f["layers/dense/vars/0"], f["layers/dense_1"] = weights, outside
    with file("links_external_variable.weights.h5") as f:
        f["layers/dense/vars/0"], f["layers/dense/vars/1"] = weights, outside
    with file("links_circle.weights.h5") as f:
        f["layers/dense/vars/0"] = weights
        f["layers/dense/x"] = f["layers"]
    with file("links_tied.weights.h5") as f:
        f["layers/dense/vars/0"], f["layers/dense_1"] = weights, h5py.SoftLink("/layers/dense")
    # Arrays that are not read beside one that is.
    for i in range(2):
        with file(f"unread_{i}.h5") as f:
            f["fc.weight"] = np.ones((4, 3), "f4")
            f["c.weight"] = np.array([[1 + 2j * i]])
            f["note"] = "a text is no parameter"
    np.savez(path("unread.npz"), **{"fc.weight": weights, "c.weight": np.array([1j]), "note": np.array("x")})
    with file("unread_beside.h5") as f:
        f["state_dict/fc.weight"] = weights
        f["optimizer/momentum"], f["epoch"] = weights, 3
        f["average/fc.weight"] = weights
    # An attribute of 2 GiB: the start of the file, whose rest is zeros.
    with h5py.File(path("long_attribute"), "w", libver="latest") as f:
        text = h5py.h5t.C_S1.copy()
        text.set_size(2**31 - 1)
        h5py.h5a.create(f.id, b"layer_names", text, h5py.h5s.create_simple((1,)))
    length = os.path.getsize(path("long_attribute"))
    with open(path("long_attribute"), "rb") as f:
        start = f.read(4096)
        rest = f.read(1 << 20)
    assert not any(rest)
    with open(path("long_attribute.h5.start"), "wb") as f:
        f.write(start)
    os.remove(path("long_attribute"))
    # Names that lead to the layers themselves.
    with file("unnamed_layer.h5") as f:
        f.attrs["layer_names"], f.attrs["weight_names"] = [b""], [b"kernel:0"]
        f.attrs["keras_version"] = "2.15.0"
        f["kernel:0"] = weights
    record("links", h5py=h5py.__version__, hdf5=h5py.version.hdf5_version, numpy=np.__version__,
           long_attribute_bytes=length)


def pytorch():
    import torch

    torch.manual_seed(3)
    torch.save(torch.nn.Linear(3, 2).state_dict(), path("pytorch.pt"))
    torch.save({"a": torch.ones(2)}, path("pytorch_old.pt"), _use_new_zipfile_serialization=False)
    record("pytorch", torch=torch.__version__)


def bfloat16():
    import h5py
    import keras

    keras.utils.set_random_seed(5)
    keras.config.set_dtype_policy("bfloat16")
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="h")], name="inner")
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4, name="a"), inner,
         keras.layers.Dense(2, name="b", dtype="float32")])
    model.save(path("keras3_bfloat16.h5"))
    model.save_weights(path("keras3_bfloat16.weights.h5"))
    record("bfloat16", keras=keras.__version__, backend=keras.backend.backend(),
           h5py=h5py.__version__,
           sums=[float(np.asarray(w.value.detach().float() if hasattr(w.value, "detach") else w,
                                  "f8").sum()) for w in model.weights])


if __name__ == "__main__":
    {"links": links, "pytorch": pytorch, "bfloat16": bfloat16}[sys.argv[1]]()
