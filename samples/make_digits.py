#!/usr/bin/env python3
"""Writes digits.h5: the 8 x 8 handwritten digits that come with scikit-learn.

    python3 make_digits.py [OUTPUT]

/images is 1797 x 8 x 8 bytes from 0 to 16, /labels the digit each image shows.
Needs h5py, numpy and scikit-learn; nothing is downloaded.
"""
import pathlib
import sys

import h5py
import numpy as np
import sklearn
from sklearn.datasets import load_digits

output = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "digits.h5"
digits = load_digits()
with h5py.File(output, "w", libver=("earliest", "v108")) as file:
    file.create_dataset(
        "images", data=digits.images.astype(np.uint8), chunks=(1797, 8, 8),
        compression="gzip", compression_opts=9,
    )
    file.create_dataset(
        "labels", data=digits.target.astype(np.uint8), compression="gzip", compression_opts=9
    )
    file.attrs["source"] = (
        "Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, "
        "UCI Machine Learning Repository, doi:10.24432/C50P49; as shipped with scikit-learn"
    )
    file.attrs["licence"] = "CC BY 4.0"
    file.attrs["versions"] = (
        f"scikit-learn {sklearn.__version__}, h5py {h5py.__version__}, numpy {np.__version__}"
    )
