"""Writes MATLAB files of both kinds: version 5 by SciPy, 7.3 by h5py behind MATLAB's header.

Run beside the files it writes: python make_matlab_fixtures.py
Made with SciPy 1.17.1 and h5py 3.16.0.
"""

import pathlib

import h5py
import numpy
import scipy.io
import scipy.sparse

folder = pathlib.Path(__file__).parent
features = numpy.arange(12, dtype="f8").reshape(4, 3) / 8 - 0.5
labels = numpy.array([[1], [2], [2], [3]], dtype="u1")
for name, compressed in (("matlab5.mat", False), ("matlab5_compressed.mat", True)):
    scipy.io.savemat(
        folder / name,
        {
            "feas": features,
            "labels": labels,
            "counts": numpy.arange(8, dtype="i2").reshape(4, 2),
            "words": "not numbers",
            "waves": features + 1j,
            "cells": numpy.array([[1, "a"]], dtype=object),
            "sparse": scipy.sparse.eye(3),
        },
        do_compression=compressed,
    )

path = folder / "matlab73.mat"
with h5py.File(path, "w", userblock_size=512, libver="earliest") as file:
    for name, values in (("features", features), ("labels", labels.astype("f8"))):
        # MATLAB's first axis is HDF5's last.
        dataset = file.create_dataset(name, data=values.T)
        dataset.attrs["MATLAB_class"] = numpy.bytes_("double")
header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 ."
with open(path, "r+b") as file:
    file.write(header.ljust(124) + bytes([0, 2]) + b"IM")
