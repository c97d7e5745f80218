"""Makes the files that HDF5Tests reads, with h5py: types, spaces and storage that Swift never writes.

    python make_fixtures.py

`versions.json` records the libraries that made them.
"""

import json
import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(here, name)


values = np.array([[0.0, 1.0, -2.5], [3.25, 1024.0, -0.0009765625]])  # exact in float16

with h5py.File(path("types.h5"), "w") as f:
    for kind in ("f2", "f4", "f8"):
        for order, name in (("<", "little"), (">", "big")):
            f[f"floats/{kind}_{name}"] = values.astype(order + kind)
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
        for order, name in (("<", "little"), (">", "big")):
            limits = np.iinfo(kind)
            f[f"integers/{kind}_{name}"] = np.array([limits.min, 7, limits.max], order + kind)
    f["bool"] = np.array([True, False, True])
    f["complex"] = np.array([1 + 2j])
    f.create_dataset("array", (2,), np.dtype(("f4", (3,))))
    f["special"] = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 6e-8], "f4")
    # Keras 3 writes bfloat16 as two opaque bytes.
    bits = (np.array([1.0, -2.5, 3.0e38], "f4").view("u4") >> 16).astype("<u2")
    f.create_dataset("bfloat16", data=bits.view("V2"), dtype="V2").attrs["dtype"] = "bfloat16"
    f.create_dataset("opaque", data=bits.view("V2"), dtype="V2")

with h5py.File(path("strings.h5"), "w") as f:
    f["variable"] = ["kernel", "", "größe", "x" * 300]
    f["fixed"] = np.array([b"full", b"ab", b""], "S4")  # the first fills its room
    f["scalar"] = "one text"
    space = h5py.h5t.C_S1.copy()
    space.set_size(6)
    space.set_strpad(h5py.h5t.STR_SPACEPAD)
    d = h5py.h5d.create(f.id, b"space_padded", space, h5py.h5s.create_simple((2,)))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab    ", b"a b   "], "S6"), mtype=space)
    f.attrs["names_fixed"] = np.array([b"conv2d_1/kernel:0", b"conv2d_1/bias:0"], "S17")
    f.attrs["names_variable"] = ["a", "bc"]
    f.attrs["names_empty"] = np.array([], "f8")
    f.attrs["ascii"] = np.bytes_(b"tensorflow")
    f.attrs["text"] = "2.15.0"
    f.attrs["numbers"] = np.array([1, 2, 3], ">i4")
    f.attrs["number"] = 0.5
    f.attrs["huge"] = np.uint64(2**64 - 1)
    f.attrs["null"] = h5py.Empty("f4")
    f.attrs["compound"] = np.zeros(1, [("a", "i4")])

with h5py.File(path("spaces.h5"), "w") as f:
    f["scalar"] = np.float32(2.5)
    f["null"] = h5py.Empty("f4")
    f["empty"] = np.zeros((0, 3), "f4")
    f["rank4"] = np.arange(2 * 3 * 4 * 5, dtype="f4").reshape(2, 3, 4, 5)
    f["group/soft"] = h5py.SoftLink("/rank4")
    f["group/relative"] = h5py.SoftLink("soft")
    f["circle"] = h5py.SoftLink("/circle")
    f["dangling"] = h5py.SoftLink("/nowhere")
    f["outside"] = h5py.ExternalLink("other.h5", "/secret")
    f["through"] = h5py.SoftLink("/outside/deeper")

rows = np.arange(60 * 7, dtype="f4").reshape(60, 7)
with h5py.File(path("storage.h5"), "w") as f:
    f.create_dataset("contiguous", data=rows)
    f.create_dataset("gzip", data=rows, chunks=(8, 3), compression="gzip", shuffle=True)
    f.create_dataset("checked", data=rows, chunks=(60, 7), fletcher32=True)
    f.create_dataset("partly", (60, 7), "f4", chunks=(10, 7), fillvalue=-1)[10:20] = rows[10:20]
    f.create_dataset("lzf", data=rows, chunks=(8, 7), compression="lzf")
    f.create_dataset("bomb", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024), compression="gzip")
    f["bomb"][0, 0] = 1
    f.create_dataset("never_written", (1 << 40,), "u1")
    f.create_dataset("overflow", ((1 << 62), 16), "f8", chunks=(1, 1))
    f.create_dataset("external", (4,), "f4", external=[("passwords", 0, 16)])
    layout = h5py.VirtualLayout((60, 7), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (60, 7))
    f.create_virtual_dataset("virtual", layout)

with h5py.File(path("latest.h5"), "w", libver=("v110", "v110")) as f:
    f.create_dataset("gzip", data=rows, chunks=(8, 7), maxshape=(None, 7), compression="gzip")
    for i in range(20):
        f.attrs[f"a{i}"] = i  # dense attribute storage

# Compressions beside the library's own: h5py's lzf, which is read, and one that is not.
patterned = (np.arange(600 * 7) // 50 % 9).astype("f4").reshape(600, 7)
noise = np.random.default_rng(1).standard_normal((16, 7)).astype("f4")
with h5py.File(path("filters.h5"), "w") as f:
    lzf = {"compression": "lzf"}
    f.create_dataset("patterned", data=patterned, chunks=(128, 7), **lzf)
    f.create_dataset("shuffled", data=patterned, chunks=(100, 4), shuffle=True, **lzf)
    f.create_dataset("checked", data=patterned, chunks=(600, 7), fletcher32=True, **lzf)
    f.create_dataset("noise", data=noise, chunks=(8, 7), **lzf)  # left as it is
    f.create_dataset("many", data=patterned, chunks=(1, 1), **lzf)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((8, 7))
    plist.set_filter(307, h5py.h5z.FLAG_OPTIONAL, (9,))
    space = h5py.h5s.create_simple(noise.shape)
    h5py.h5d.create(f.id, b"bzip2", h5py.h5t.IEEE_F32LE, space, plist)

with open(path("storage.h5"), "rb") as f:
    whole = f.read()
with open(path("cut.h5"), "wb") as f:
    f.write(whole[: len(whole) // 2])

with open(path("versions.json"), "w") as f:
    json.dump({"versions": {"h5py": h5py.__version__, "hdf5": h5py.version.hdf5_version,
                            "numpy": np.__version__}}, f, indent=1)
