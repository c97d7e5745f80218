#!/usr/bin/env python3
"""Writes the .npy fixtures with NumPy, and fixtures.json with what they hold and who wrote them.

Every array is 3 x 2 x 2 and holds the whole numbers 0 to 11 (bool: zero or not), unless named
otherwise; `styles.json` holds image styles as NumPy computes them on one 4 x 4 image.
"""
import json
import pathlib
import sys

import numpy as np
from numpy.lib import format as npy

folder = pathlib.Path(__file__).parent
numbers = np.arange(12).reshape(3, 2, 2)
arrays = {}

for code in ["|b1", "|i1", "|u1"] + [o + t for t in ("i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8") for o in "<>"]:
    name = f"{code[1:]}{'_big' if code[0] == '>' else ''}.npy"
    np.save(folder / name, numbers.astype(code))
    arrays[name] = code

np.save(folder / "fortran_f4.npy", np.asfortranarray(numbers.astype("<f4")))
np.save(folder / "fortran_i2_big.npy", np.asfortranarray(numbers.astype(">i2")))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(folder / f"version{version[0]}.npy", "wb") as file:
        npy.write_array(file, numbers.astype("<f4"), version=version)

np.save(folder / "negative_f2.npy", np.array([[-1.5, 0.0999755859375], [65504, 6e-8], [np.inf, -0.0]], "<f2"))
np.save(folder / "scalar.npy", np.float32(1))
np.save(folder / "vector.npy", np.arange(3, dtype="<i8"))
np.save(folder / "empty.npy", np.zeros((0, 4), "<f4"))
np.save(folder / "channels_first.npy", np.zeros((2, 3, 8, 8), "u1"))
np.save(folder / "text.npy", np.array(["a", "b"]))
np.save(folder / "complex.npy", np.zeros((2, 2), "<c8"))
np.save(folder / "records.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save(folder / "objects.npy", np.array([None, {}], dtype=object), allow_pickle=True)

rng = np.random.default_rng(0)
image = (rng.integers(0, 17, (1, 4, 4)) / 16).astype(np.float32)
padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
flipped = image[:, ::-1, ::-1]
styles = {
    "identity": image,
    "rot90": np.rot90(image, 1, axes=(1, 2)),
    "rot180": flipped,
    "rot270": np.rot90(image, 3, axes=(1, 2)),
    "flip-left-right": image[:, :, ::-1],
    "flip-up-down": image[:, ::-1],
    "transpose": np.swapaxes(image, 1, 2),
    "anti-transpose": np.swapaxes(flipped, 1, 2),
    "invert": 1 - image,
    "blur": 1.6 * sum(padded[:, i : i + 4, j : j + 4] for i in range(3) for j in range(3)) / 9,
    "edge": np.clip(np.abs(np.diff(image, axis=1, append=0)) + np.abs(np.diff(image, axis=2, append=0)), 0, 1),
    "low-contrast": 0.35 * image + 0.4,
}
(folder / "styles.json").write_text(
    json.dumps({k: v.astype(float).ravel().tolist() for k, v in styles.items()}, indent=1) + "\n"
)
(folder / "fixtures.json").write_text(
    json.dumps(
        {"versions": {"numpy": np.__version__, "python": sys.version.split()[0]}, "arrays": arrays}, indent=1
    ) + "\n"
)
