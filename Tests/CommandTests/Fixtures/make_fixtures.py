"""Makes the checkpoints with uncommon storage that CommandTests damage and read, with h5py.

    python make_fixtures.py

`versions.json` records the libraries that made them.
"""

import json
import os
import struct

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


def legacy(name, **datasets):
    """A Keras weights file with one layer, its arrays written by the functions given."""
    with h5py.File(path(name), "w") as f:
        f.attrs["keras_version"] = "2.15.0"
        f.attrs["layer_names"] = ["layer"]
        group = f.create_group("layer")
        group.attrs["weight_names"] = list(datasets)
        for key, write in datasets.items():
            write(group, key)


rng = np.random.default_rng(7)
kernel = (rng.standard_normal((24, 10)) * 0.1).astype("f4")


def stored(values, **how):
    return lambda group, key: group.create_dataset(key, data=values, **how)


def unwritten(group, key):
    d = group.create_dataset(key, (40, 6), "f4", chunks=(8, 6), fillvalue=0.5, compression="gzip")
    d[8:20] = kernel[:12, :6]


def raw_block(group, key):
    """A block that went through none of the filters."""
    d = group.create_dataset(key, (16, 4), "f4", chunks=(8, 4), compression="gzip", shuffle=True)
    d[8:] = kernel[:8, :4]
    d.id.write_direct_chunk((0, 0), kernel[:8, :4].tobytes(), 0b11)


def compact(group, key):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((5,))
    d = h5py.h5d.create(group.id, key.encode(), h5py.h5t.IEEE_F32LE, space, plist)
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, kernel[0, :5].copy())


legacy(
    "deflated.h5",
    deflated=stored(kernel, chunks=(7, 4), compression="gzip"),
    shuffled=stored(kernel, chunks=(7, 4), compression="gzip", shuffle=True),
    checked=stored(kernel, chunks=(8, 10), compression="gzip", shuffle=True, fletcher32=True),
    plain=stored(kernel, chunks=(8, 4)),
    double=stored(kernel.astype("f8"), chunks=(24, 10), compression="gzip", shuffle=True),
    half=stored(kernel.astype("f2"), chunks=(5, 10), compression="gzip", shuffle=True),
    odd=stored(np.arange(7, dtype="u1"), chunks=(7,), fletcher32=True),
    unwritten=unwritten,
    raw_block=raw_block,
)
legacy(
    "rare.h5",
    big=stored(kernel.astype(">f4")),
    scaled=stored(np.arange(100, dtype="i4"), chunks=(50,), scaleoffset=0),
    whole=stored(np.arange(12, dtype=">i2").reshape(3, 4)),
    truth=stored(np.array([True, False, True])),
    compact=compact,
    number=stored(np.float32(2.5)),
)

# Anamorph's own layout, as Documentation/layouts/anamorph.md describes it.
with h5py.File(path("own.h5"), "w") as f:
    f.attrs["anamorph_layout"] = 1
    f.attrs["training"] = json.dumps({"optimizer": {"name": "sgd"}})
    f["parameter_order"] = ["dense/kernel", "dense/bias"]
    for key, values in (("kernel", kernel), ("bias", kernel[0])):
        d = f.create_dataset("parameters/dense/" + key, data=values)
        d.attrs["layer"] = "dense"
        d.attrs["role"] = key

# Groups that hold themselves, groups with two names, and groups too deep to follow.
with h5py.File(path("circles.h5"), "w", libver="latest") as f:
    f["a/b/values"] = kernel[0]
    f["a/b/up"] = f["a"]
    f["a/other"] = f["a/b"]
    f["top"] = f["/"]
    f["shared"] = f["a/b/values"]
    f["/".join(["deep"] * 120)] = 1.0



# Checkpoints whose one parameter is not what it seems; each is refused by name.
def external_link(group, key):
    group[key] = h5py.ExternalLink("passwords.h5", "/secret")


def external_storage(group, key):
    group.create_dataset(key, (10,), "f4", external=[("passwords", 0, 40)])


def virtual(group, key):
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("passwords.h5", "secret", (10,))
    group.create_virtual_dataset(key, layout)


def plug_in(group, key):
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((10,))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    space = h5py.h5s.create_simple((10,))
    h5py.h5d.create(group.id, key.encode(), h5py.h5t.IEEE_F32LE, space, plist)


def shape_bomb(group, key):
    d = group.create_dataset(key, (1 << 21, 1 << 20), "f4", chunks=(64, 64), compression="gzip")
    d[0, 0] = 1


def long_strings(group, key):
    h5py.h5d.create(
        group.id, key.encode(), h5py.h5t.py_create(np.dtype("S2000000000")),
        h5py.h5s.create_simple((1 << 30,)))


def circle(group, key):
    group[key] = group.file["/"]


for hostile in (
    external_link, external_storage, virtual, plug_in, shape_bomb, long_strings, circle
):
    legacy(f"hostile_{hostile.__name__}.h5", kernel=hostile)

# A text whose stored length is not its own.
legacy("hostile_text.h5", kernel=stored(kernel[0]))
with h5py.File(path("hostile_text.h5"), "a") as f:
    f.attrs["model_config"] = "c" * 37
with open(path("hostile_text.h5"), "rb") as f:
    content = f.read()
heap = content.index(b"GCOL")
while (old := struct.pack("<IQ", 37, heap)) not in content:
    heap = content.index(b"GCOL", heap + 1)
with open(path("hostile_text.h5"), "wb") as f:
    f.write(content.replace(old, struct.pack("<IQ", 0xFFFFFFF0, heap)))

with open(path("versions.json"), "w") as f:
    versions = {"h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version}
    json.dump({"versions": {**versions, "numpy": np.__version__}}, f, indent=1, sort_keys=True)
    f.write("\n")
