"""Writes layers.json: debiased CKA of every pair of layers, by NumPy, from Gram matrices of the examples.

The layers are closed forms, so the tests need no arrays from here. Nothing is added up: every value, and
every value without a block of examples, is computed from the definition (Song et al. 2012, equation 5).

Run beside the file it writes: python make_layer_fixtures.py
"""

import json
import pathlib

import numpy

EXAMPLES, BLOCKS = 60, 5


def layer(network, number):
    """The same closed form stands in LayerAlignmentTests.swift."""
    i, j = numpy.mgrid[:EXAMPLES, : 3 + 2 * number].astype(float)
    phase = (number + 1) * (0.3 * i + 0.7 * j) + 0.01 * i * j
    return numpy.sin(phase) + 0.2 * network * numpy.cos(0.9 * i + j) + 0.5


def hsic(a, b):
    n = len(a)
    k, l = (m @ m.T - numpy.diag((m * m).sum(1)) for m in (a, b))
    total = numpy.sum(k * l) + k.sum() * l.sum() / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * (k @ l).sum()) / (n * (n - 3))


def alignment(a, b, minibatches, left_out=None):
    """Sums of unbiased HSIC over minibatches, weighted by their numbers of examples."""
    sums = numpy.zeros(3)
    for rows in minibatches:
        kept = [row for row in rows if left_out is None or row % BLOCKS != left_out]
        x, y = a[kept], b[kept]
        sums += len(kept) * numpy.array([hsic(x, y), hsic(x, x), hsic(y, y)])
    return sums[0] / numpy.sqrt(sums[1] * sums[2])


def jackknife(value, left_out):
    """The delete-m jackknife with equal blocks on Fisher's z."""
    z, parts = numpy.arctanh(value), numpy.arctanh(left_out)
    return numpy.sqrt((BLOCKS - 1) / BLOCKS * numpy.sum((parts - parts.mean()) ** 2))


cases = {"versions": {"numpy": numpy.__version__}}
halves = [range(EXAMPLES // 2), range(EXAMPLES // 2, EXAMPLES)]
for name, minibatches in {"one": [range(EXAMPLES)], "two": halves}.items():
    rows = []
    for first in range(3):
        for second in range(2):
            a, b = layer(0, first), layer(1, second)
            value = alignment(a, b, minibatches)
            left_out = [alignment(a, b, minibatches, block) for block in range(BLOCKS)]
            rows.append([value, jackknife(value, numpy.array(left_out))])
    cases[name] = rows
path = pathlib.Path(__file__).with_name("layers.json")
path.write_text(json.dumps(cases, indent=1) + "\n")
