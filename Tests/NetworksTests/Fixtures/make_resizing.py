#!/usr/bin/env python3
"""Writes resizing.json: an image resized by TensorFlow in every way that Keras's layers name.

    make_resizing.py

Each case has the method, the size, and the values of the result, channels last. Needs tensorflow.
"""

import json
import pathlib

import numpy as np
import tensorflow as tf

METHODS = ["nearest", "bilinear", "bicubic", "mitchellcubic", "gaussian", "lanczos3", "lanczos5"]
SIZES = [(10, 8), (15, 4), (7, 9), (3, 2), (1, 11)]

image = np.random.default_rng(1).standard_normal((5, 4, 2)).astype("f4")
cases = []
for method in METHODS:
    for size in SIZES:
        result = tf.image.resize(image, size, method=method).numpy()
        cases.append({"method": method, "size": size, "values": [float(v) for v in result.ravel()]})
text = json.dumps({"shape": image.shape, "image": [float(v) for v in image.ravel()], "cases": cases})
(pathlib.Path(__file__).parent / "resizing.json").write_text(text.replace("]},", "]},\n") + "\n")
